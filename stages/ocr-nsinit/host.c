/*
 * The host side of ocr-nsinit: writes the child's mappings if it has any, and
 * hears what becomes of it.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "baton.h"
#include "error.h"
#include "fd.h"
#include "nsinit.h"
#include "state.h"
#include "sys.h"

/* One write(2) for the whole map: the kernel takes no second one (user_namespaces(7)). */
static void write_map(pid_t pid, const char *file, const struct plan_id_mapping *maps, uint32_t count)
{
    char path[64], text[16384];
    size_t length = 0;
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    for (uint32_t i = 0; i < count && length < sizeof text; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%u %u %u\n", maps[i].container_id,
                                   maps[i].host_id, maps[i].size);
    if (length >= sizeof text)
        refuse(STATUS_CONFIG, "%u mappings are more than the kernel takes", count);
    OWNED_FD fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, length) != (ssize_t)length)
        die("write", path, "write %s", path);
}

static void write_mappings(const struct plan *plan, pid_t pid)
{
    at("/linux/uidMappings");
    write_map(pid, "uid_map", plan->linux->uid_mappings, plan->linux->uid_mappings_len);
    at("/linux/gidMappings");
    write_map(pid, "gid_map", plan->linux->gid_mappings, plan->linux->gid_mappings_len);
    at("");
}

/* Before the child is in another user namespace, since a lower value takes CAP_SYS_RESOURCE in the initial one. */
void set_oom_score(const struct plan *plan, pid_t pid)
{
    char path[64];
    if (!plan->process || !plan->process->oom_score_adj)
        return;
    at("/process/oomScoreAdj");
    if (pid)
        snprintf(path, sizeof path, "/proc/%d/oom_score_adj", pid);
    else
        snprintf(path, sizeof path, "/proc/self/oom_score_adj");
    OWNED_FD fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || dprintf(fd, "%d", *plan->process->oom_score_adj) < 0)
        die("write", path, "write %d to %s", *plan->process->oom_score_adj, path);
    at("");
}

static int child_pidfd = -1;

/* Ends the child before a failure is undone, so that nothing of it happens after. */
static siginfo_t end_child(void)
{
    siginfo_t info = {0};
    if (child_pidfd < 0)
        return info;
    sys_pidfd_send_signal(child_pidfd, SIGKILL, NULL, 0);
    waitid(P_PIDFD, (id_t)child_pidfd, &info, WEXITED);
    child_pidfd = -1;
    return info;
}

static void end_child_and_undo(enum status status)
{
    end_child();
    baton_own_failures();
    end_with(status);
}

static volatile sig_atomic_t caught;
static void catch (int signal)
{
    caught = signal;
}

/* The next record from the container side; false at the end of the socket. A signal that would have ended us while
 * the container is half made undoes it. */
static bool next_record(const struct nsinit *n, struct record *record)
{
    struct pollfd poll_sync = {.fd = n->sync[0], .events = POLLIN};
    while (ppoll(&poll_sync, 1, NULL, &n->mask) < 0)
        if (errno != EINTR)
            die("ppoll", NULL, "wait for the container side");
        else if (caught)
            refuse(STATUS_FAILED, "interrupted by signal %d", (int)caught);
    ssize_t length = recv(n->sync[0], record, sizeof *record, 0);
    if (length < 0 && errno != ECONNRESET)
        die("recv", NULL, "hear from the container side");
    if (length > 0 && length != sizeof *record)
        refuse(STATUS_FAILED, "hear from the container side: %zd bytes are no record", length);
    return length > 0;
}

/* The container side went silent without saying why. A zombie still has the name of the program that it was: the
 * stage. (Each stage could tell when it begins, but every word wakes this process up, and costs the container time.) */
_Noreturn static void report_silence(pid_t pid)
{
    char path[32], last[32] = "?";
    sys_pidfd_send_signal(child_pidfd, SIGKILL, NULL, 0);
    waitid(P_PIDFD, (id_t)child_pidfd, &(siginfo_t){0}, WEXITED | WNOWAIT);
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    OWNED_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, last, sizeof last - 1);
    if (length > 0)
        last[length - 1] = '\0'; /* it ends with a newline */
    siginfo_t info = end_child();
    refuse(STATUS_FAILED, "the container's process ended without a word, while it was %s (%s %d)", last,
           info.si_code == CLD_EXITED ? "exit status" : "signal", info.si_status);
}

/* What the child waits for, if it does. */
static struct process let_go(const struct nsinit *n, pid_t pid)
{
    struct process child;
    if (!process_condition(pid, &child)) /* it may have ended by now, but only we can reap it */
        refuse(STATUS_FAILED, "find the start time of the container's process %d in /proc", pid);
    if (!host_goes_first(n))
        return child;
    journal_add(n->state, "process %d %llu", child.pid, (unsigned long long)child.start);
    if (n->new &CLONE_NEWUSER)
        write_mappings(n->plan, pid);
    set_oom_score(n->plan, pid);
    if (send(n->sync[0], "", 1, MSG_NOSIGNAL) != 1)
        die("send", NULL, "let the container's process go");
    return child;
}

/* The child has forked again and ended: its own child is the container's process now. */
static struct process follow(const struct nsinit *n, pid_t pid)
{
    int pidfd = sys_pidfd_open(pid, 0);
    if (pidfd < 0)
        die("pidfd_open", NULL, "follow the container's process");
    end_child();
    child_pidfd = pidfd;
    return let_go(n, pid);
}

/* Hears the container side out until the container is created (true) or its program runs (false). */
static bool wait_until_made(const struct nsinit *n, struct process *child)
{
    struct record record;
    bool executing = false;
    while (next_record(n, &record)) {
        switch (record.kind) {
        case 'x': executing = true; break;
        case 'c': return true;
        case 'p': *child = follow(n, record.error); break;
        case 'e': print_record(&record); end_with(record.status);
        default: print_record(&record); break;
        }
    }
    if (!executing)
        report_silence(child->pid);
    return false;
}

/* As a whole or not at all, since engines read it as soon as it is there. */
static void write_pid_file(const char *path, pid_t pid)
{
    char temporary[4096];
    if (!path)
        return;
    if (snprintf(temporary, sizeof temporary, "%s.%d", path, pid) >= (int)sizeof temporary)
        refuse(STATUS_USAGE, "--pid-file %.100s...: the path is too long", path);
    OWNED_FD fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0 || dprintf(fd, "%d", pid) < 0 || rename(temporary, path) < 0)
        die("write", path, "write the pid file %s", path);
}

/* The host side of a container in the foreground goes on as ocr-monitor, with a baton of its own. */
_Noreturn static void go_on_as_monitor(const struct nsinit *n, pid_t pid)
{
    char number[16];
    snprintf(number, sizeof number, "%d", pid);
    baton_put("pidfd", child_pidfd);
    if (n->keep)
        baton_set_word("keep", "1");
    baton_pass((char *[]){"ocr-monitor", number, NULL});
}

void host_side(struct nsinit *n, pid_t pid, int pidfd)
{
    char text[64];
    child_pidfd = pidfd;
    fail_with(end_child_and_undo);
    baton_renew();
    if (n->own_time >= 0 && setns(n->own_time, CLONE_NEWTIME) < 0)
        die("setns", NULL, "go back to the own time namespace");
    close(n->sync[1]);
    close(baton_out("programs")); /* the container side's: here the stages are found by their path */
    for (int i = 0; i < 4; i++)
        sigaction((int[]){SIGHUP, SIGINT, SIGQUIT, SIGTERM}[i], &(struct sigaction){.sa_handler = catch}, NULL);
    struct process child = let_go(n, pid);
    if (!wait_until_made(n, &child)) {
        unlinkat(n->state, "start", 0); /* nobody waits there: the container runs already */
        unlinkat(n->state, "started", 0);
    }
    snprintf(text, sizeof text, "%d %llu", child.pid, (unsigned long long)child.start);
    state_write(n->state, "pid", text);
    write_pid_file(n->pid_file, child.pid);
    if (n->foreground)
        go_on_as_monitor(n, child.pid);
    _exit(0);
}
