/*
 * The container side of ocr-nsinit: the new process finishes its namespaces,
 * and becomes NEXT.
 *
 * The order: first the cgroups, so that everything after counts there and the
 * cgroup namespace has the right root; then a joined user namespace, so that
 * what is made after it belongs to it; then root of the user namespace, to
 * whom the kernel lets sysctls, host name and devices of the other namespaces.
 */
#include <errno.h>
#include <grp.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>

#include "baton.h"
#include "error.h"
#include "fd.h"
#include "nsinit.h"
#include "state.h"
#include "sys.h"

/* Who kills the host side before the container is created wants no container. If it is gone already nobody will tell:
 * then its end of the socket is closed. */
static void die_with_host(int sync)
{
    char byte;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        die("prctl", NULL, "ask to die with the parent");
    if (recv(sync, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0)
        _exit(STATUS_FAILED);
}

/* A container's process that does anything is known to the journal. Then the byte from the host side, if it has to do
 * something first: waiting for it is two context switches, which is why that is the exception. */
static void become_known(const struct nsinit *n)
{
    struct process self;
    char byte;
    if (host_goes_first(n)) {
        if (recv(n->sync[1], &byte, 1, 0) != 1)
            _exit(STATUS_FAILED);
        return;
    }
    if (!process_look(0, &self))
        refuse(STATUS_FAILED, "find the own start time in /proc/self/stat");
    journal_add(n->state, "process %d %llu", self.pid, (unsigned long long)self.start);
    set_oom_score(n->plan, 0);
}

/* What the caller ignores would be ignored by the payload, too (signal(7)). Not sigaction(3), since a libc keeps some
 * signals for itself. */
static void reset_signals(void)
{
    char initial[64] = {0}; /* SIG_DFL, no flags, no mask: of whatever layout the kernel's struct is */
    for (int signal = 1; signal <= 64; signal++)
        if (signal != SIGKILL && signal != SIGSTOP)
            syscall(SYS_rt_sigaction, signal, initial, NULL, 8);
}

/* cgroups(7): "0" is who writes: this process, which has only one thread. The fds were opened before, so it needs no
 * rights of its own. */
static void enter_cgroups(void)
{
    char name[32];
    int fd;
    for (unsigned i = 0; baton_name(i, &fd);) {
        snprintf(name, sizeof name, "%s", baton_name(i, &fd));
        if (strncmp(name, "cgroup1.", 8) != 0) {
            i++;
            continue;
        }
        if (write(fd, "0", 1) != 1)
            die("write", name + 8, "enter the cgroup of the hierarchy %s", name + 8);
        close(baton_out(name)); /* another fd takes its place in the baton: look at i again */
    }
    if ((fd = baton_out("cgroup2")) >= 0)
        close(fd);
}

/* A new pid namespace that belongs to a joined user namespace: one more fork, since only a child is in it. The host
 * side is the parent of both (CLONE_PARENT). */
static void fork_again(struct nsinit *n)
{
    struct clone_args args = {.flags = CLONE_PARENT | CLONE_NEWPID};
    pid_t pid = sys_clone3(&args);
    if (pid < 0)
        die("clone3", NULL, "make the process of the new pid namespace");
    if (pid > 0) {
        struct record record = {.kind = 'p', .error = pid};
        if (send(n->sync[1], &record, sizeof record, MSG_NOSIGNAL) < 0)
            die("send", NULL, "tell the host side the new pid");
        _exit(0);
    }
    die_with_host(n->sync[1]);
    become_known(n);
}

/* Namespaces that the clone could not make. */
static void enter_namespaces(struct nsinit *n)
{
    if (n->user >= 0 && setns(n->user, CLONE_NEWUSER) < 0)
        die("setns", NULL, "join the user namespace");
    if (n->after & CLONE_NEWPID)
        fork_again(n);
    uint64_t rest = n->after & ~(uint64_t)CLONE_NEWPID;
    if (rest && unshare((int)rest) < 0)
        die("unshare", NULL, "make the namespaces that come after the cgroup and the user namespace");
    if (n->mount >= 0 && setns(n->mount, CLONE_NEWNS) < 0)
        die("setns", NULL, "join the mount namespace");
    if (n->time >= 0 && setns(n->time, CLONE_NEWTIME) < 0)
        die("setns", NULL, "join the time namespace");
}

/* uid and gid 0 of our own user namespace, whatever we were outside. */
static void become_root(void)
{
    if (setgroups(0, NULL) < 0 && errno != EPERM) /* "deny" in /proc/PID/setgroups: then there is nothing to drop */
        die("setgroups", NULL, "drop the additional groups");
    if (setresgid(0, 0, 0) < 0)
        die("setresgid", NULL, "become group 0 of the user namespace");
    if (setresuid(0, 0, 0) < 0)
        die("setresuid", NULL, "become user 0 of the user namespace");
}

static void name_host(const struct plan *plan)
{
    if (plan->hostname && plan->hostname[0]) {
        at("/hostname");
        if (sethostname(plan->hostname, strlen(plan->hostname)) < 0)
            die("sethostname", NULL, "set the host name %s", plan->hostname);
    }
    if (plan->domainname && plan->domainname[0]) {
        at("/domainname");
        if (setdomainname(plan->domainname, strlen(plan->domainname)) < 0)
            die("setdomainname", NULL, "set the domain name %s", plan->domainname);
    }
    at("");
}

/* A new network namespace has its own loopback device, which is down (network_namespaces(7)). */
static void loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    OWNED_FD fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        die("ioctl", NULL, "set the loopback device up");
}

/* sysctl(8): the first of . and / separates; the other one is part of a name, as in net/ipv4/conf/eth0.1. */
static void sysctl_path(char *path, size_t size, const char *key)
{
    snprintf(path, size, "%s", key);
    size_t first = strcspn(path, "./");
    if (path[first] == '.')
        for (char *p = path; *p; p++)
            *p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
}

/* Through the host's /proc, which resolves sysctls of namespaces for the process that opens them: us. */
static void set_sysctls(const struct plan *plan)
{
    if (!plan->linux->sysctl_len)
        return;
    struct statfs fs;
    OWNED_FD folder = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || fstatfs(folder, &fs) < 0)
        die("open", "/proc/sys", "open /proc/sys");
    if (fs.f_type != PROC_SUPER_MAGIC)
        refuse(STATUS_FAILED, "open /proc/sys: it is no procfs");
    struct open_how how = {.flags = O_WRONLY | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS};
    for (uint32_t i = 0; i < plan->linux->sysctl_len; i++) {
        const char *key = plan->linux->sysctl[i].key, *value = plan->linux->sysctl[i].value;
        char path[256];
        at("/linux/sysctl/%s", pointer_token(key));
        sysctl_path(path, sizeof path, key);
        OWNED_FD fd = sys_openat2(folder, path, &how);
        if (fd < 0)
            die("openat2", path, "open /proc/sys/%s", path);
        if (value && write(fd, value, strlen(value)) != (ssize_t)strlen(value))
            die("write", path, "write %s to /proc/sys/%s", value, path);
    }
    at("");
}

void container_side(struct nsinit *n)
{
    bool new_user = n->new &CLONE_NEWUSER;
    fail_with(NULL); /* the host side undoes; what this side must do is say why */
    fail_to(n->sync[1]);
    close(n->sync[0]);
    reset_signals();
    die_with_host(n->sync[1]);
    become_known(n);
    enter_cgroups();
    enter_namespaces(n);
    if (new_user || n->user >= 0) {
        become_root();
        die_with_host(n->sync[1]); /* the kernel forgets PR_SET_PDEATHSIG when credentials change (prctl(2)) */
    }
    name_host(n->plan);
    if ((n->new | n->after) & CLONE_NEWNET)
        loopback_up();
    set_sysctls(n->plan);
    sigprocmask(SIG_SETMASK, &n->mask, NULL);
    close(baton_out("state")); /* a folder of the host has no business inside */
    baton_put("sync", n->sync[1]);
    baton_pass(n->next);
}
