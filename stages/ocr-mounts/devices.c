/*
 * /dev: the devices that every container has (spec: config-linux.md "Default
 * Devices"), those of /linux/devices, and the usual links.
 *
 * The folder is resolved inside the root to an fd and all work is done by that
 * fd and a last name that is never followed: a /dev of the image that is a link
 * leads nowhere (CVE-2026-47766), and what has the name already is looked at,
 * not trusted. See mknod(2).
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "bind.h"
#include "error.h"
#include "fd.h"
#include "mounts.h"
#include "path.h"
#include "sys.h"

/* A folder inside the root and a name in it. */
struct place {
    int folder;
    const char *name, *path; /* path: for messages, and where the host has the same device */
};

static int open_entry(const struct place *p)
{
    return openat(p->folder, p->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

static bool is_device(int fd, uint32_t type, dev_t number)
{
    struct stat st;
    return fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && (type == S_IFIFO || st.st_rdev == number);
}

/* There is something of that name: good if it is that device (a bind mount of it, too), else refused. */
static void accept_existing(const struct place *p, uint32_t type, dev_t number)
{
    OWNED_FD fd = open_entry(p);
    if (!is_device(fd, type, number))
        refuse(STATUS_CONFIG, "make the device %s: there is something else in its place", p->path);
}

/* A user namespace may not make device nodes, but bind the host's, with the owner and mode they have there. */
static void bind_device(const struct place *p, uint32_t type, dev_t number)
{
    char doing[PATH_MAX + 32];
    snprintf(doing, sizeof doing, "bind the host's device %s", p->path);
    OWNED_FD tree = sys_open_tree(AT_FDCWD, p->path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0)
        die("open_tree", p->path, "%s", doing);
    if (!is_device(tree, type, number))
        refuse(STATUS_FAILED, "%s: it is not the device %u:%u", doing, major(number), minor(number));
    OWNED_FD file = openat(p->folder, p->name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
    OWNED_FD target = open_entry(p);
    if (target < 0)
        die("open", p->path, "%s: make the file", doing);
    attach(tree, target, doing);
}

/* Makes the node. With umask 0 it has the mode at once, and the owner root, which is nearly always the one asked for.
 */
static void make_device(const struct place *p, const struct plan_device *d)
{
    uint32_t type = d->type & S_IFMT, mode = d->file_mode ? *d->file_mode & 07777 : 0666;
    dev_t number = makedev((unsigned)d->major, (unsigned)d->minor);
    if (mknodat(p->folder, p->name, type | mode, type == S_IFIFO ? 0 : number) < 0) {
        if (errno == EEXIST)
            accept_existing(p, type, number);
        else if (errno == EPERM)
            bind_device(p, type, number);
        else
            die("mknod", p->path, "make the device %s", p->path);
        return;
    }
    if (!d->uid && !d->gid)
        return;
    OWNED_FD fd = open_entry(p);
    if (!is_device(fd, type, number))
        refuse(STATUS_FAILED, "make the device %s: it was replaced meanwhile", p->path);
    if (fchownat(fd, "", d->uid, d->gid, AT_EMPTY_PATH) < 0)
        die("fchownat", p->path, "give the device %s to %u:%u", p->path, d->uid, d->gid);
}

static bool has_dot_dot(const char *path)
{
    for (const char *p = path; *p; p += strcspn(p, "/"), p += strspn(p, "/"))
        if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || !p[2]))
            return true;
    return false;
}

/* One of /linux/devices. */
static void make_listed(int root, const struct plan_device *d)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(d->path, '/');
    if (has_dot_dot(d->path))
        refuse(STATUS_CONFIG, "make the device %s: the path of a device must not hold \"..\"", d->path);
    if (!slash[1] || (size_t)(slash - d->path) >= sizeof folder - 1)
        refuse(STATUS_CONFIG, "make the device %.100s: this is no path of a device", d->path);
    snprintf(folder, sizeof folder, "/%.*s", (int)(slash - d->path), d->path);
    OWNED_FD fd = make_in_root(root, folder, true);
    if (fd < 0)
        die("openat2", folder, "make the device %s: open its folder", d->path);
    make_device(&(struct place){fd, slash + 1, d->path}, d);
}

static void make_defaults(int dev)
{
    static const struct {
        const char *path;
        unsigned major, minor;
    } devices[] = {{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
                   {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0}};
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        struct plan_device d = {.type = S_IFCHR, .major = devices[i].major, .minor = devices[i].minor};
        make_device(&(struct place){dev, devices[i].path + 5, devices[i].path}, &d);
    }
}

/* What the image has in the place of a link stays: it is the container's own. ptmx alone must lead to the container's
 * devpts; a node 5:2 finds the one beside it, in pts/ (devpts(7)... Linux 4.7). */
static void make_links(int dev)
{
    static const struct {
        const char *name, *to;
    } links[] = {{"fd", "/proc/self/fd"},
                 {"stdin", "/proc/self/fd/0"},
                 {"stdout", "/proc/self/fd/1"},
                 {"stderr", "/proc/self/fd/2"},
                 {"core", "/proc/kcore"}};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (symlinkat(links[i].to, dev, links[i].name) < 0 && errno != EEXIST)
            die("symlink", links[i].name, "make the link /dev/%s", links[i].name);
    if (symlinkat("pts/ptmx", dev, "ptmx") == 0)
        return;
    struct place ptmx = {dev, "ptmx", "/dev/ptmx"};
    OWNED_FD fd = errno == EEXIST ? open_entry(&ptmx) : -1;
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        die("symlink", ptmx.path, "make the link %s", ptmx.path);
    if (!S_ISLNK(st.st_mode) && !is_device(fd, S_IFCHR, makedev(5, 2)))
        refuse(STATUS_CONFIG, "make the link %s: there is something else in its place", ptmx.path);
}

/* A bind mount on /dev is somebody else's, with the devices it has: nothing is made there, as with both peers. */
static bool dev_is_bound(const struct plan *plan)
{
    for (uint32_t i = plan->mounts_len; i-- > 0;) {
        const char *d = plan->mounts[i].destination;
        d += strspn(d, "/");
        if (strncmp(d, "dev", 3) == 0 && !d[3 + strspn(d + 3, "/")])
            return is_bind(&plan->mounts[i]);
    }
    return false;
}

void make_devices(const struct plan *plan, int root)
{
    if (dev_is_bound(plan))
        return;
    for (uint32_t i = 0; i < plan->linux->devices_len; i++) {
        at("/linux/devices/%u", i);
        make_listed(root, &plan->linux->devices[i]);
    }
    at("");
    OWNED_FD dev = make_in_root(root, "/dev", true);
    if (dev < 0)
        die("openat2", "/dev", "open /dev in the root file system");
    make_defaults(dev);
    make_links(dev);
}
