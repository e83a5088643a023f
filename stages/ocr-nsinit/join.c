/*
 * The namespaces that the container's process joins, and the time namespace.
 *
 * They are joined by the host side, before the clone, and the child inherits
 * them: then the capabilities of the one who called ocr count, not those that
 * the child has in its own new user namespace, and a joined pid namespace
 * needs no second fork, since setns(2) sets it for children anyway. To be in
 * the container's network, ipc, uts or cgroup namespace changes nothing for
 * what the host side still does: it works with fds and paths.
 *
 * Three are not for the host side: in another mount namespace its paths would
 * lead elsewhere, in another user namespace it would lose its power, in another
 * time namespace it would read other start times of processes (proc(5)). Those
 * the child joins by itself.
 */
#include <errno.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include "error.h"
#include "fd.h"
#include "nsinit.h"
#include "sys.h"

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif

/* Never blocks (the path may be a fifo's), and gives nothing but a namespace of the wanted type. */
static int open_namespace(const struct plan_namespace *namespace)
{
    const char *path = namespace->path;
    struct statfs fs;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        die("open", path, "open the namespace %s", path);
    if (fstatfs(fd, &fs) < 0)
        die("fstatfs", path, "open the namespace %s", path);
    if (fs.f_type != NSFS_MAGIC)
        fail(STATUS_CONFIG, 0, "fstatfs", path, "open the namespace %s: it is no namespace", path);
    int type = ioctl(fd, NS_GET_NSTYPE);
    if (type < 0)
        die("ioctl", path, "ask for the type of the namespace %s", path);
    if ((uint32_t)type != namespace->type)
        fail(STATUS_CONFIG, 0, "ioctl", path, "open the namespace %s: it is one of another type", path);
    return fd;
}

static void join(const struct plan_namespace *namespace, int fd)
{
    if (setns(fd, (int)namespace->type) < 0)
        die("setns", namespace->path, "join the namespace %s", namespace->path);
    close(fd);
}

/* The clock offsets can be written only while nobody is in the namespace (time_namespaces(7)). unshare(2) puts only
 * children into it, and, since Linux 6.3, us at our next execve(2): host_side() goes back to our own before that. */
static void make_time_namespace(struct nsinit *n)
{
    const struct plan_linux *linux = n->plan->linux;
    n->own_time = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
    if (n->own_time < 0 || unshare(CLONE_NEWTIME) < 0)
        die("unshare", NULL, "make a time namespace");
    for (uint32_t i = 0; i < linux->time_offsets_len; i++) {
        const char *clock = linux->time_offsets[i].key, *path = "/proc/self/timens_offsets";
        const struct plan_time_offset *offset = &linux->time_offsets[i].value;
        at("/linux/timeOffsets/%s", pointer_token(clock));
        OWNED_FD fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || dprintf(fd, "%s %lld %u\n", clock, (long long)offset->secs, offset->nanosecs) < 0)
            die("write", path, "set the offset of the clock");
    }
    at("");
}

void join_namespaces(struct nsinit *n)
{
    const struct plan_linux *linux = n->plan->linux;
    for (uint32_t i = 0; i < linux->namespaces_len; i++) {
        const struct plan_namespace *namespace = &linux->namespaces[i];
        at("/linux/namespaces/%u", i);
        if (!namespace->path || !namespace->path[0]) {
            n->new |= namespace->type;
            continue;
        }
        int fd = open_namespace(namespace);
        if (namespace->type == CLONE_NEWUSER)
            n->user = fd;
        else if (namespace->type == CLONE_NEWNS)
            n->mount = fd;
        else if (namespace->type == CLONE_NEWTIME)
            n->time = fd;
        else
            join(namespace, fd);
    }
    at("");
    if (n->new &CLONE_NEWTIME)
        make_time_namespace(n);
    n->new &= ~(uint64_t)CLONE_NEWTIME;
    /* A cgroup namespace's root is the cgroup that its maker is in, and every namespace belongs to the user namespace
     * that its maker is in: those the child makes when it is there. */
    n->after = n->user >= 0 ? n->new : n->new &CLONE_NEWCGROUP;
    n->new &= ~n->after;
}

bool host_goes_first(const struct nsinit *n)
{
    return n->new &CLONE_NEWUSER || n->own_time >= 0 || n->time >= 0;
}
