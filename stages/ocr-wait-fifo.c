/*
 * ocr-wait-fifo: hold still until `ocr start`.
 *
 * Takes: plan, start, started, sync. Looks whether the program to run is there,
 * so that `create` fails when it is not; says "created" to the host side, which
 * is then gone; and waits for a byte in the fifo `start`. Gives: sync, which is
 * now the fifo `started`, where `ocr start` hears what fails from here on. Fails
 * at: process.cwd, and a program that can't be found or executed. See fifo(7).
 *
 * While it waits, the container's namespaces may have other members, and it is
 * still root with every capability. So it can't be looked into (it is not
 * dumpable, ptrace(2)), and it holds nothing worth having: two fifos and sealed
 * memfds, no path of the host, no socket to it.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sys/prctl.h>

#include "baton.h"
#include "error.h"
#include "executable.h"
#include "plan.h"
#include "sys.h"
#include "usage.h"

static const char usage[] = "usage: ocr-wait-fifo NEXT [ARG]...\n"
                            "\n"
                            "Waits for `ocr start`, then becomes NEXT.\n";

static char **parse(int argc, char **argv)
{
    static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "+h", longs, NULL)) != -1;)
        usage_exit(usage, option == 'h');
    if (optind == argc)
        usage_exit(usage, false);
    return argv + optind;
}

/* What is wrong with these now is the failure of `create`. Only ocr-process knows what the container's user may do:
 * a folder that root of a user namespace may not enter is left to it. */
static void look_for_program(const struct plan *plan)
{
    const struct plan_process *process = plan->process;
    at("/process");
    if (!process)
        refuse(STATUS_CONFIG, "is needed to start a container");
    at("/process/args");
    if (!process->args_len)
        refuse(STATUS_CONFIG, "is needed to start a container");
    at("/process/cwd");
    if (chdir(process->cwd) < 0 && errno != EACCES)
        die("chdir", process->cwd, "change to %s", process->cwd);
    at("/process/args/0");
    executable_find(process->args[0], process->env);
    at("");
}

static void end(int signal)
{
    _exit(128 + signal);
}

/* The first process of a pid namespace gets no signal that it has no handler for, but SIGKILL from outside
 * (pid_namespaces(7)). A created container ends by what would end any process, whatever its caller had blocked. */
static void end_by_signals(void)
{
    static const int others[] = {SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD, SIGCONT, SIGURG, SIGWINCH};
    struct sigaction action = {.sa_handler = end};
    sigset_t none;
    for (int signal = 1; signal <= SIGRTMAX; signal++) {
        bool ends = true;
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            ends &= signal != others[i];
        if (ends)
            sigaction(signal, &action, NULL); /* fails for those that the libc keeps for itself */
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The host side hears that the container is made, and has nothing more to do with it. */
static void say_created(void)
{
    int sync = baton_out("sync");
    setsid(); /* an interrupt typed at the terminal of `ocr create` is not for the container */
    prctl(PR_SET_PDEATHSIG, 0);
    tell('c');
    if (sync >= 0)
        close(sync);
}

/* The fd is open for writing too: so the fifo has no end, and read(2) waits however often somebody opens and closes
 * the other side. */
static void wait_for_start(int start)
{
    char byte;
    while (read(start, &byte, 1) != 1)
        if (errno != EINTR)
            die("read", "start", "wait for ocr start");
    close(start);
}

int main(int argc, char **argv)
{
    stage_is("ocr-wait-fifo");
    char **next = parse(argc, argv);
    prctl(PR_SET_DUMPABLE, 0);
    baton_take();
    baton_need("start");
    int started = baton_need("started");
    look_for_program(plan_map(baton_need("plan")));
    plan_unmap();
    end_by_signals();
    say_created();
    fail_to(started);
    wait_for_start(baton_out("start"));
    baton_put("sync", baton_out("started"));
    baton_pass(next);
}
