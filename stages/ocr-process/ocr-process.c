/*
 * ocr-process: user, capabilities, seccomp, exec.
 *
 * Takes: plan, bpf, sync, the word id. The last stage: this process gets the
 * session, limits, user and rights that the config asks for, and becomes the
 * payload. Fails at: what the kernel does not grant, a program that can't be
 * executed. See credentials(7), capabilities(7), seccomp(2), execve(2).
 *
 * The order, and why:
 *
 *  1. What needs root of the container, or nothing: session, signals, keyring,
 *     AppArmor profile, HOME, umask, scheduling, the bounding set (it takes CAP_SETPCAP).
 *     The folder is entered first as root, who can enter more of them than the
 *     user, and again as the user where root can't (NFS, user namespaces).
 *  2. Limits, after all that opens files or needs memory, which a low limit
 *     would hit, and before the user, who can't raise them.
 *  3. The user: groups, gid, uid. From here on nothing of root is left but the
 *     permitted capabilities.
 *  4. The folder is checked: it has to be inside the root, whatever way
 *     process.cwd went there (CVE-2024-21626: through /proc/self/fd).
 *  5. Capabilities, then no_new_privs, then the program is looked for: as the
 *     user will find it.
 *  6. All fds end with the execve but 0 to 2 and the preserved ones.
 *  7. The host side hears that we execute, since afterwards the filter may not
 *     let us say anything.
 *  8. The filter, last: nothing of ours but what follows has to be allowed in
 *     it. Without no_new_privs loading it takes CAP_SYS_ADMIN (seccomp(2)),
 *     which is then kept until here and given up by one capset(2) after it.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "baton.h"
#include "error.h"
#include "executable.h"
#include "process.h"
#include "sys.h"
#include "usage.h"

static const char usage[] = "usage: ocr-process [--preserve-fds N] [--no-new-keyring]\n"
                            "\n"
                            "Becomes the container's program, with its user, limits and capabilities.\n"
                            "\n"
                            "      --preserve-fds N  fds 3 to 3+N-1 are the program's, too (0)\n"
                            "      --no-new-keyring  keep the session keyring of the caller\n";

struct options {
    unsigned preserve_fds;
    bool keep_keyring;
};

static struct options parse(int argc, char **argv)
{
    static const struct option longs[] = {{"preserve-fds", required_argument, NULL, 'p'},
                                          {"no-new-keyring", no_argument, NULL, 'k'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct options o = {0};
    for (int option; (option = getopt_long(argc, argv, "+h", longs, NULL)) != -1;) {
        switch (option) {
        case 'p': o.preserve_fds = (unsigned)number_argument("--preserve-fds", optarg, 0, 1 << 16); break;
        case 'k': o.keep_keyring = true; break;
        default: usage_exit(usage, option == 'h');
        }
    }
    if (optind < argc)
        usage_exit(usage, false);
    return o;
}

static const struct plan_process *process_of(const struct plan *plan)
{
    at("/process");
    if (!plan->process)
        refuse(STATUS_CONFIG, "is needed to start a container");
    at("/process/args");
    if (!plan->process->args_len)
        refuse(STATUS_CONFIG, "is needed to start a container");
    at("");
    return plan->process;
}

/* The terminal of the caller, if stdio is one, must not be ours to type into (TIOCSTI, ioctl_tty(2)). */
static void own_session(void)
{
    if (setsid() < 0 && getsid(0) != getpid()) /* EPERM: leader of a process group, or of a session already */
        die("setsid", NULL, "make a session");
}

/* What the caller blocks is inherited across execve(2). So is what it ignores, but ocr-nsinit has set that back. The
 * system call, since a libc keeps some signals for itself. */
static void unblock_signals(void)
{
    uint64_t none = 0;
    if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none) < 0)
        die("sigprocmask", NULL, "unblock the signals");
}

static void check_folder(const char *cwd)
{
    char path[4096];
    /* getcwd(2): a path outside the root, or in a mount that was taken off, begins with "(unreachable)". */
    if (syscall(SYS_getcwd, path, sizeof path) < 0)
        die("getcwd", cwd, "check that %s is inside the root", cwd);
    if (path[0] != '/')
        refuse(STATUS_FAILED, "%s is outside the root of the container", cwd);
}

static void set_umask(const struct plan_user *user)
{
    umask(user && user->umask ? (mode_t)*user->umask : 022);
}

/* Nothing of the walk but `sync` is used from here on, and none of it outlives the execve. */
static void close_at_exec(unsigned preserved)
{
    if (sys_close_range(3 + preserved, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        die("close_range", NULL, "make the fds from %u up close-on-exec", 3 + preserved);
}

_Noreturn static void execute(const struct plan_process *process, const char *program, const char **env)
{
    execve(program, (char *const *)process->args, (char *const *)env);
    at("/process/args/0");
    int status = errno == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
    fail(status, errno, "execve", program, "exec %s%s", program,
         errno == ENOENT ? " (or the interpreter that it names)" : "");
}

int main(int argc, char **argv)
{
    stage_is("ocr-process");
    struct options o = parse(argc, argv);
    prctl(PR_SET_DUMPABLE, 0); /* nobody in a shared namespace looks into us; execve(2) undoes it */
    baton_take();
    const struct plan *plan = plan_map(baton_need("plan"));
    const struct plan_process *process = process_of(plan);
    struct sock_fprog *filter = map_filter(plan, baton_fd("bpf"));

    own_session();
    unblock_signals();
    if (!o.keep_keyring)
        join_keyring(baton_word("id"));
    set_apparmor_profile(process);
    const char **env = environment(process);
    bool entered = chdir(process->cwd) == 0;
    set_umask(process->user);
    set_scheduling(plan);
    struct capabilities capabilities = limit_capabilities(process);
    set_rlimits(process);
    become_user(plan);

    at("/process/cwd");
    if (!entered && chdir(process->cwd) < 0)
        die("chdir", process->cwd, "change to %s", process->cwd);
    check_folder(process->cwd);
    at("");

    bool privileged = filter && !process->no_new_privileges;
    set_capabilities(&capabilities, privileged ? UINT64_C(1) << CAP_SYS_ADMIN : 0);
    set_ambient(&capabilities);
    if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        die("prctl", NULL, "set no_new_privs");
    at("/process/args/0");
    const char *program = executable_find(process->args[0], process->env);
    at("");
    close_at_exec(o.preserve_fds);
    prctl(PR_SET_PDEATHSIG, 0);
    tell('x');
    if (filter)
        load_filter(plan, filter);
    if (privileged)
        set_capabilities(&capabilities, 0);
    execute(process, program, env);
}
