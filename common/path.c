#include "path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sys.h"

enum { LINKS_MAX = 16 };

int open_in_root(int root, const char *path, int flags)
{
    struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    /* EAGAIN: somebody renamed or mounted in the root meanwhile; a race that an attacker could keep up for ever. */
    for (int tries = 0; tries < 128; tries++) {
        int fd = sys_openat2(root, path, &how);
        if (fd >= 0 || errno != EAGAIN)
            return fd;
    }
    return -1;
}

/* Makes one entry `name` in the folder that `parent` is, and opens it. Loses a race gladly: what is there is opened. */
static int make_entry(int root, int parent, const char *path, const char *name, bool folder)
{
    if (folder) {
        if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
            return -1;
    } else {
        int fd = openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd < 0 && errno != EEXIST)
            return -1;
        if (fd >= 0)
            close(fd);
    }
    /* Through the root again, in case a link was put there. */
    return open_in_root(root, path, O_PATH);
}

static int make_path(int root, const char *path, bool folder, int links);

/* `path` up to `end` is a link to nothing yet, as /etc/resolv.conf is in many images: makes what it leads to, and what
 * follows after it. */
static int make_behind_link(int root, int parent, const char *path, const char *end, bool folder, int links)
{
    char link[PATH_MAX], whole[PATH_MAX];
    const char *name = end;
    while (name > path && name[-1] != '/')
        name--;
    snprintf(whole, sizeof whole, "%.*s", (int)(end - name), name);
    ssize_t length = readlinkat(parent, whole, link, sizeof link - 1);
    if (length <= 0)
        return -1;
    link[length] = '\0';
    int prefix = link[0] == '/' ? 0 : (int)(name - path);
    if (links == LINKS_MAX || snprintf(whole, sizeof whole, "%.*s%s%s", prefix, path, link, end) >= (int)sizeof whole) {
        errno = ELOOP;
        return -1;
    }
    return make_path(root, whole, folder, links + 1);
}

/* Opens or makes the entry that `path` up to `end` names, in the folder that `parent` is. */
static int make_part(int root, int parent, const char *path, const char *end, bool folder)
{
    char part[PATH_MAX];
    memcpy(part, path, (size_t)(end - path));
    part[end - path] = '\0';
    int fd = open_in_root(root, part, O_PATH);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    const char *slash = strrchr(part, '/');
    return make_entry(root, parent, part, slash ? slash + 1 : part, folder);
}

/* Where to begin: nearly always only the last part is missing, and its folder is there. `next` is what is left. */
static int open_known(int root, const char *path, const char **next)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (slash && slash != path && slash[1]) {
        memcpy(folder, path, (size_t)(slash - path));
        folder[slash - path] = '\0';
        int fd = open_in_root(root, folder, O_PATH);
        if (fd >= 0) {
            *next = slash + 1;
            return fd;
        }
    }
    *next = path + strspn(path, "/");
    return open_in_root(root, "/", O_PATH);
}

static int make_path(int root, const char *path, bool folder, int links)
{
    int fd = open_in_root(root, path, O_PATH);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    if (strlen(path) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    const char *p;
    int parent = open_known(root, path, &p);
    while (parent >= 0 && *p) {
        const char *end = p + strcspn(p, "/"), *next = end + strspn(end, "/");
        fd = make_part(root, parent, path, end, folder || *next);
        bool dangling = fd < 0 && errno == ENOENT;
        if (dangling)
            fd = make_behind_link(root, parent, path, end, folder, links);
        int error = errno;
        close(parent);
        errno = error;
        if (dangling)
            return fd;
        parent = fd;
        p = next;
    }
    return parent;
}

int make_in_root(int root, const char *path, bool folder)
{
    return make_path(root, path, folder, 0);
}

const char *fd_path(int fd)
{
    static char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}
