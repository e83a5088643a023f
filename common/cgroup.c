#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "fd.h"
#include "sys.h"

enum {
    BATCH = 256,     /* processes looked at together */
    DEPTH_MAX = 200, /* of cgroups below the container's; two fds each */
    TRIES_MAX = 300, /* together some seconds */
};

static bool is_cgroup(const struct statfs *fs)
{
    return fs->f_type == CGROUP_SUPER_MAGIC || fs->f_type == CGROUP2_SUPER_MAGIC;
}

int cgroup_open(const char *dir)
{
    struct statfs fs;
    struct stat here, above;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int error = fstatfs(fd, &fs) < 0 || fstat(fd, &here) < 0 || fstatat(fd, "..", &above, 0) < 0 ? errno
                : !is_cgroup(&fs)                                                                ? EXDEV
                : here.st_dev != above.st_dev                                                    ? EPERM
                                                                                                 : 0;
    if (!error)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

/* A millisecond at first, then more and more: what dies usually does so at once. */
static void wait_a_little(int tries)
{
    nanosleep(&(struct timespec){0, (tries < 20 ? 1 : 10) * 1000000L}, NULL);
}

static bool write_file(int dir, const char *file, const char *text)
{
    OWNED_FD fd = openat(dir, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* The list of a cgroup's processes, one pid a line; NULL when it can't be read, as in a threaded cgroup. */
static FILE *open_members(int dir)
{
    int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    FILE *members = fd < 0 ? NULL : fdopen(fd, "r");
    if (!members && fd >= 0)
        close(fd);
    return members;
}

/* The next pid of the list; 0 at its end. A process of another pid namespace is shown as 0 and can't be signalled. */
static pid_t next_member(FILE *members)
{
    char line[32];
    while (fgets(line, sizeof line, members)) {
        long pid = strtol(line, NULL, 10);
        if (pid > 0)
            return (pid_t)pid;
    }
    return 0;
}

/* Signals those of `pids` that are members still, now that we hold their pidfds: a pid that meanwhile became that of
 * a process elsewhere is not in the list any more. */
static void signal_batch(int dir, const pid_t *pids, unsigned count, int signal)
{
    int fds[BATCH];
    for (unsigned i = 0; i < count; i++)
        fds[i] = sys_pidfd_open(pids[i], 0);
    FILE *members = open_members(dir);
    for (pid_t pid; members && (pid = next_member(members));)
        for (unsigned i = 0; i < count; i++)
            if (pids[i] == pid && fds[i] >= 0)
                sys_pidfd_send_signal(fds[i], signal, NULL, 0);
    if (members)
        fclose(members);
    for (unsigned i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* How many processes of this one cgroup were signalled. */
static unsigned signal_members(int dir, int signal)
{
    pid_t pids[BATCH];
    unsigned all = 0, count = 0;
    FILE *members = open_members(dir);
    if (!members)
        return 0;
    for (pid_t pid; (pid = next_member(members));) {
        pids[count++] = pid;
        all++;
        if (count == BATCH) {
            signal_batch(dir, pids, count, signal);
            count = 0;
        }
    }
    fclose(members);
    if (count)
        signal_batch(dir, pids, count, signal);
    /* On v1, what the freezer holds does not even die of SIGKILL before it is let go. */
    if (all && signal == SIGKILL)
        write_file(dir, "freezer.state", "THAWED");
    return all;
}

/* The next cgroup below, from a stream of `dir`; NULL: there are no more. */
static const char *next_child(DIR *stream)
{
    for (struct dirent *entry; (entry = readdir(stream));)
        if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return entry->d_name;
    return NULL;
}

static DIR *open_children(int dir)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (!stream && fd >= 0)
        close(fd);
    return stream;
}

static unsigned signal_tree(int dir, int signal, int depth)
{
    unsigned all = signal_members(dir, signal);
    DIR *children = depth < DEPTH_MAX ? open_children(dir) : NULL;
    for (const char *name; children && (name = next_child(children));) {
        OWNED_FD child = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child >= 0)
            all += signal_tree(child, signal, depth + 1);
    }
    if (children)
        closedir(children);
    return all;
}

void cgroup_kill(int dir, int signal)
{
    /* cgroup.kill: v2 since Linux 5.14, the whole tree, and no fork escapes. */
    if (signal == SIGKILL && write_file(dir, "cgroup.kill", "1"))
        return;
    for (int tries = 0; signal_tree(dir, signal, 0) && signal == SIGKILL && tries < TRIES_MAX; tries++)
        wait_a_little(tries);
}

/* Tries to remove one cgroup below `dir`. 0: did it; 1: there was none; -1 and its name: it is in use. */
static int remove_child(int dir, char name[NAME_MAX + 1])
{
    DIR *children = open_children(dir);
    const char *child = children ? next_child(children) : NULL;
    int result = child ? unlinkat(dir, child, AT_REMOVEDIR) : 1;
    if (child)
        snprintf(name, NAME_MAX + 1, "%s", child);
    if (children)
        closedir(children);
    return result;
}

/* Removes all cgroups below `dir`, which it closes; with one fd, however deep they are nested. */
static void remove_below(int dir, int *tries)
{
    char name[NAME_MAX + 1];
    bool progress = true;
    for (int depth = 0, next; *tries < TRIES_MAX; dir = next) {
        int removed;
        while ((removed = remove_child(dir, name)) == 0)
            progress = true;
        if (removed == 1 && depth == 0)
            break;
        if (removed == 1 && !progress) /* that one is in use, but has no children: it has dying processes */
            wait_a_little((*tries)++);
        next = openat(dir, removed == 1 ? ".." : name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        depth += removed == 1 ? -1 : 1;
        progress = removed == 1;
        if (next < 0) /* somebody else removes it too: the caller looks again */
            break;
        close(dir);
    }
    close(dir);
}

bool cgroup_remove_empty(const char *dir)
{
    struct statfs fs;
    if (statfs(dir, &fs) < 0)
        return errno == ENOENT;
    if (!is_cgroup(&fs)) {
        errno = EXDEV;
        return false;
    }
    return rmdir(dir) == 0 || errno == ENOENT;
}

bool cgroup_remove(const char *dir)
{
    for (int tries = 0; tries < TRIES_MAX; wait_a_little(tries++)) {
        if (cgroup_remove_empty(dir))
            return true;
        int top = errno == EBUSY ? cgroup_open(dir) : -1;
        if (top < 0)
            return errno == ENOENT;
        remove_below(top, &tries);
    }
    errno = EBUSY;
    return false;
}
