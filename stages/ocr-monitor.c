/*
 * ocr-monitor: stays with a container in the foreground.
 *
 * Takes: state, pidfd. ocr-nsinit's host side becomes it under `ocr run`, so
 * the container's process is its child. Passes signals on to it, reaps what is
 * left to it as a subreaper, and when the container has ended becomes
 * ocr-delete, which removes it and exits with the container's exit status, or
 * 128 and the number of the signal that ended it. With the word keep it exits
 * so itself. See PR_SET_CHILD_SUBREAPER in prctl(2), signalfd(2),
 * pidfd_send_signal(2).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "baton.h"
#include "error.h"
#include "sys.h"
#include "usage.h"

static const char usage[] = "usage: ocr-monitor PID\n"
                            "\n"
                            "Waits for the container's process PID, its child, and passes signals on to it.\n"
                            "ocr-nsinit becomes it under `ocr run`.\n";

/* Reaps every child that has ended; the exit status once the container's process is among them, else -1. */
static int reap(pid_t container)
{
    siginfo_t info = {0};
    int status = -1;
    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_pid) {
        if (info.si_pid == container)
            status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
        info.si_pid = 0;
    }
    return status;
}

/* Signals that tell something about this process and not about the container. */
static bool is_ours(int signal)
{
    return signal == SIGCHLD || signal == SIGPIPE || signal == SIGURG || signal == SIGTTIN || signal == SIGTTOU ||
           signal == SIGTSTP;
}

/* Waits for signals, each of which is blocked, until the container's process has ended. */
static int watch(pid_t container, int pidfd)
{
    sigset_t all;
    sigfillset(&all);
    for (;;) {
        int status = reap(container);
        if (status >= 0)
            return status;
        int signal = sigwaitinfo(&all, NULL);
        if (signal < 0 && errno != EINTR)
            die("sigwaitinfo", NULL, "wait for the container");
        if (signal > 0 && !is_ours(signal) && sys_pidfd_send_signal(pidfd, signal, NULL, 0) < 0 && errno != ESRCH)
            die("pidfd_send_signal", NULL, "pass signal %d on", signal);
    }
}

int main(int argc, char **argv)
{
    stage_is("ocr-monitor");
    if (argc != 2 || argv[1][0] == '-')
        usage_exit(usage, argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0));
    pid_t container = (pid_t)number_argument("PID", argv[1], 1, 1 << 30);
    sigset_t all;
    sigfillset(&all);
    /* Blocked before anything is looked at, so that none is lost between a look and the wait. ocr-nsinit has held those
     * that came earlier. */
    sigprocmask(SIG_BLOCK, &all, NULL);
    baton_take();
    int pidfd = baton_out("pidfd");
    if (pidfd < 0)
        refuse(STATUS_USAGE, "the baton carries no pidfd: ocr-nsinit --foreground comes before this");
    /* A daemon of a container without a pid namespace falls to us and not to init, and ocr-delete ends it. */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        die("prctl", NULL, "become the subreaper");
    int ended_with = watch(container, pidfd);
    if (baton_word("keep"))
        return ended_with;
    char status[8];
    snprintf(status, sizeof status, "%d", ended_with);
    close(pidfd);
    baton_pass((char *[]){"ocr-delete", "--undo", status, NULL});
}
