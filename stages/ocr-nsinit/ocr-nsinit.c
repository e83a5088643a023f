/*
 * ocr-nsinit: namespaces; from here on we are two processes.
 *
 * Takes: plan, state, cgroup2, cgroup1.*. Joins and makes the container's
 * namespaces, and puts its first process into them and into its cgroup. Gives,
 * on the container side: start, started, programs, sync, and no longer state
 * or any cgroup. Fails at: namespace paths, mappings, sysctl, limits of the
 * machine. See clone(2) (clone3), namespaces(7), user_namespaces(7), setns(2).
 *
 * This is the one stage that forks, because it must: a process cannot enter a
 * new pid namespace, it can only have a child in it (pid_namespaces(7)); and
 * somebody who is not the container has to write the mappings of its user
 * namespace, to hear of its failures when no path of the host resolves there
 * any more, and to be there for the engine to wait for. So the child walks on
 * as the container's process and the parent stays behind as the host side.
 *
 * The child has every fd of ours, close-on-exec, until its next execve, and it
 * dies when we die (PR_SET_PDEATHSIG) until it is created. Before it does
 * anything else the journal has its pid: killed at any instant, we leave
 * nothing that ocr-delete would not find.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "baton.h"
#include "error.h"
#include "nsinit.h"
#include "state.h"
#include "sys.h"
#include "usage.h"

static const char usage[] = "usage: ocr-nsinit [--pid-file FILE] [--foreground] [--keep] NEXT [ARG]...\n"
                            "\n"
                            "Makes the container's namespaces and its first process, which becomes NEXT.\n"
                            "\n"
                            "      --pid-file FILE  write the process's pid there\n"
                            "      --foreground     stay as ocr-monitor until the container ends, then remove it\n"
                            "      --keep           with --foreground: do not remove it\n";

static struct nsinit parse(int argc, char **argv)
{
    enum { PID_FILE = 256, FOREGROUND, KEEP };
    static const struct option longs[] = {{"pid-file", required_argument, NULL, PID_FILE},
                                          {"foreground", no_argument, NULL, FOREGROUND},
                                          {"keep", no_argument, NULL, KEEP},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct nsinit n = {.user = -1, .mount = -1, .time = -1, .own_time = -1};
    for (int option; (option = getopt_long(argc, argv, "+h", longs, NULL)) != -1;) {
        switch (option) {
        case PID_FILE: n.pid_file = optarg; break;
        case FOREGROUND: n.foreground = true; break;
        case KEEP: n.keep = true; break;
        default: usage_exit(usage, option == 'h');
        }
    }
    n.next = argv + optind;
    if (!*n.next)
        usage_exit(usage, false);
    return n;
}

/* A child in another user namespace may be unable to reach what it has to bind: ocr-binds opens that now, and comes
 * back here. */
static void detour_by_binds(const struct nsinit *n, char **argv, int argc)
{
    if (!plan_namespace(n->plan, CLONE_NEWUSER) || baton_fd("tree.root") >= 0)
        return;
    char **detour = calloc((size_t)argc + 2, sizeof *detour);
    if (!detour)
        die("malloc", NULL, "execute ocr-binds");
    detour[0] = "ocr-binds";
    memcpy(detour + 1, argv, (size_t)argc * sizeof *argv);
    detour[1] = "ocr-nsinit";
    baton_pass(detour);
}

/* The two fifos between ocr-wait-fifo and ocr-start. Opened for both reading and writing, neither open blocks. */
static void make_fifo(int state, const char *name)
{
    if (mkfifoat(state, name, 0600) < 0)
        die("mkfifo", name, "make the state's fifo %s", name);
    int fd = openat(state, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        die("open", name, "open the state's fifo %s", name);
    baton_put(name, fd);
}

/*
 * The programs that the container side will become: our own folder, as a mount
 * of its own that nothing can be written through. /proc/PID/exe of a stage
 * leads to this mount, and the mount is in no namespace where somebody could
 * make it writable again (CVE-2019-5736).
 */
static void put_programs(void)
{
    char folder[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
    if (length <= 0)
        die("readlink", "/proc/self/exe", "find the own folder");
    folder[length] = '\0';
    *strrchr(folder, '/') = '\0';
    int fd = sys_open_tree(AT_FDCWD, folder, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (fd < 0)
        die("open_tree", folder, "make a mount of %s", folder);
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV};
    if (sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr) < 0)
        die("mount_setattr", folder, "make the mount of %s read-only", folder);
    baton_put("programs", fd);
}

/* Only the initial user namespace's CAP_SYS_RESOURCE raises a hard limit, and the child of a new one has none. A
 * higher hard limit alone changes nothing for the stages in between; ocr-process sets both. */
static void raise_hard_limits(const struct plan *plan)
{
    for (uint32_t i = 0; plan->process && i < plan->process->rlimits_len; i++) {
        const struct plan_rlimit *wanted = &plan->process->rlimits[i];
        struct rlimit now;
        at("/process/rlimits/%u", i);
        if (getrlimit((int)wanted->type, &now) < 0)
            die("getrlimit", NULL, "read the limit");
        if (now.rlim_max >= wanted->hard)
            continue;
        now.rlim_max = wanted->hard;
        if (setrlimit((int)wanted->type, &now) < 0)
            die("setrlimit", NULL, "raise the hard limit to %llu", (unsigned long long)wanted->hard);
    }
    at("");
}

/* A signal that would end us has to undo the container first: see host.c. The child gets the old mask back. */
static void hold_signals(sigset_t *old)
{
    sigset_t held;
    sigemptyset(&held);
    for (int i = 0; i < 4; i++)
        sigaddset(&held, (int[]){SIGHUP, SIGINT, SIGQUIT, SIGTERM}[i]);
    sigprocmask(SIG_BLOCK, &held, old);
    signal(SIGCHLD, SIG_DFL); /* a caller that ignores it would have our child reaped unseen */
}

/* The child, straight into its cgroup where there is version 2; with version 1 it moves itself, in child.c. */
static pid_t make_child(struct nsinit *n, int *pidfd)
{
    int cgroup = baton_fd("cgroup2");
    struct clone_args args = {
        .flags = n->new | CLONE_PIDFD,
        .exit_signal = SIGCHLD,
        .pidfd = (uint64_t)(uintptr_t)pidfd,
    };
    if (cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup;
    }
    pid_t pid = sys_clone3(&args);
    if (pid < 0)
        die("clone3", NULL, "make the container's process and its namespaces");
    return pid;
}

int main(int argc, char **argv)
{
    stage_is("ocr-nsinit");
    struct nsinit n = parse(argc, argv);
    baton_take();
    n.plan = plan_map(baton_need("plan"));
    n.state = baton_need("state");
    detour_by_binds(&n, argv, argc);
    join_namespaces(&n);
    make_fifo(n.state, "start");
    make_fifo(n.state, "started");
    put_programs();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, n.sync) < 0)
        die("socketpair", NULL, "make the socket between the two sides");
    if (n.new &CLONE_NEWUSER)
        raise_hard_limits(n.plan);
    hold_signals(&n.mask);
    int pidfd = -1;
    pid_t pid = make_child(&n, &pidfd);
    if (pid == 0)
        container_side(&n);
    host_side(&n, pid, pidfd);
}
