/*
 * ocr-kill: sends a signal to a container.
 *
 * Takes an id and a signal. The container's process is opened as a pidfd and
 * its start time compared, so a pid that now is another's never gets it. With
 * --all, every process in the container's cgroup. Fails at: a container that is
 * not running, a signal nobody knows. See pidfd_send_signal(2), signal(7),
 * cgroups(7).
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "error.h"
#include "fd.h"
#include "journal.h"
#include "state.h"
#include "sys.h"
#include "usage.h"

static const char usage[] = "usage: ocr-kill [--root DIR] [--all] ID [SIGNAL]\n"
                            "\n"
                            "Sends SIGNAL, a name or a number (TERM), to the process of the container ID.\n"
                            "\n"
                            "      --root DIR  the folder of all containers' states (/run/ocr)\n"
                            "  -a, --all       to all processes of the container, also when its first one has ended\n";

struct options {
    const char *root, *id, *signal;
    bool all;
};

/* The kernel's real-time signals. The C libraries keep the first ones for themselves, each another number of them,
 * and call the next one SIGRTMIN; kill(1) of every distribution says 34. */
enum { RTMIN = 34, RTMAX = 64 };

static const struct {
    const char *name;
    int number;
} signals[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},       {"QUIT", SIGQUIT},     {"ILL", SIGILL},   {"TRAP", SIGTRAP},
    {"ABRT", SIGABRT}, {"IOT", SIGABRT},      {"BUS", SIGBUS},       {"FPE", SIGFPE},   {"KILL", SIGKILL},
    {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},     {"USR2", SIGUSR2},     {"PIPE", SIGPIPE}, {"ALRM", SIGALRM},
    {"TERM", SIGTERM}, {"STKFLT", SIGSTKFLT}, {"CHLD", SIGCHLD},     {"CLD", SIGCHLD},  {"CONT", SIGCONT},
    {"STOP", SIGSTOP}, {"TSTP", SIGTSTP},     {"TTIN", SIGTTIN},     {"TTOU", SIGTTOU}, {"URG", SIGURG},
    {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ},     {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF}, {"WINCH", SIGWINCH},
    {"IO", SIGIO},     {"POLL", SIGIO},       {"PWR", SIGPWR},       {"SYS", SIGSYS},   {"RTMIN", RTMIN},
    {"RTMAX", RTMAX},
};

static struct options parse(int argc, char **argv)
{
    static const struct option longs[] = {{"root", required_argument, NULL, 'r'},
                                          {"all", no_argument, NULL, 'a'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct options o = {.signal = "TERM"};
    for (int option; (option = getopt_long(argc, argv, "ah", longs, NULL)) != -1;) {
        switch (option) {
        case 'r': o.root = optarg; break;
        case 'a': o.all = true; break;
        default: usage_exit(usage, option == 'h');
        }
    }
    if (argc - optind < 1 || argc - optind > 2)
        usage_exit(usage, false);
    o.id = argv[optind];
    if (argc - optind == 2)
        o.signal = argv[optind + 1];
    return o;
}

/* A decimal number of one or two digits; -1: it is none. */
static int small_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits >= 1 && digits <= 2 && !text[digits] ? atoi(text) : -1;
}

/* RTMIN+n or RTMAX-n; -1: it is none. */
static int real_time_number(const char *name)
{
    int n = strncmp(name, "RTMIN+", 6) == 0 || strncmp(name, "RTMAX-", 6) == 0 ? small_number(name + 6) : -1;
    if (n < 0 || n > RTMAX - RTMIN)
        return -1;
    return name[5] == '+' ? RTMIN + n : RTMAX - n;
}

static int signal_number(const char *text)
{
    char name[16];
    int number = small_number(text);
    for (size_t i = 0; i < sizeof name; i++)
        if (!(name[i] = (char)toupper((unsigned char)text[i])))
            break;
    name[sizeof name - 1] = '\0';
    const char *rest = strncmp(name, "SIG", 3) == 0 ? name + 3 : name;
    for (size_t i = 0; number < 0 && i < sizeof signals / sizeof *signals; i++)
        if (strcmp(rest, signals[i].name) == 0)
            number = signals[i].number;
    if (number < 0)
        number = real_time_number(rest);
    if (number < 0 || number > RTMAX || strlen(text) >= sizeof name)
        refuse(STATUS_USAGE, "unknown signal \"%.100s\"", text);
    return number;
}

/* One of the container's cgroups that is still there; -1: there is none. In each of them are the same processes, and
 * each is to get the signal once. */
static int open_cgroup(int state, const char *id)
{
    journal_read(state, id);
    for (unsigned i = 0; i < journal_lines(); i++) {
        const char *dir = journal_entry(i, "cgroup");
        int cgroup = dir ? cgroup_open(dir) : -1;
        if (cgroup >= 0)
            return cgroup;
    }
    return -1;
}

static void signal_all(int state, const struct options *o, int signal)
{
    OWNED_FD cgroup = open_cgroup(state, o->id);
    if (cgroup < 0)
        refuse(STATUS_FAILED, "container \"%s\" has no cgroup by which all its processes could be found", o->id);
    cgroup_kill(cgroup, signal);
}

static void signal_one(int state, const struct options *o, int signal)
{
    struct process process;
    if (!state_process(state, &process))
        refuse(STATUS_STATE, "cannot kill container \"%s\": container not running: it is being created", o->id);
    OWNED_FD pidfd = process_open(&process);
    if (pidfd < 0 && errno != ESRCH)
        die("pidfd_open", NULL, "open process %d of container \"%s\"", process.pid, o->id);
    if (pidfd < 0 || (sys_pidfd_send_signal(pidfd, signal, NULL, 0) < 0 && errno == ESRCH))
        refuse(STATUS_STATE, "cannot kill container \"%s\": container not running", o->id);
}

int main(int argc, char **argv)
{
    stage_is("ocr-kill");
    struct options o = parse(argc, argv);
    int signal = signal_number(o.signal);
    int state = state_open(o.root, o.id);
    if (o.all)
        signal_all(state, &o, signal);
    else
        signal_one(state, &o, signal);
    return 0;
}
