#include "path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sys.h"

int open_in_root(int root, const char *path, int flags)
{
    struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC,
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
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

int make_in_root(int root, const char *path, bool folder)
{
    char part[PATH_MAX];
    int fd = open_in_root(root, path, O_PATH);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    if (strlen(path) >= sizeof part) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int parent = open_in_root(root, "/", O_PATH);
    for (const char *p = path + strspn(path, "/"); parent >= 0 && *p;) {
        size_t length = strcspn(p, "/");
        const char *next = p + length + strspn(p + length, "/");
        char name[NAME_MAX + 1];
        if (length > NAME_MAX) {
            close(parent);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(name, p, length);
        name[length] = '\0';
        memcpy(part, path, (size_t)(p + length - path));
        part[p + length - path] = '\0';
        fd = open_in_root(root, part, O_PATH);
        if (fd < 0 && errno == ENOENT)
            fd = make_entry(root, parent, part, name, folder || *next);
        int error = errno;
        close(parent);
        errno = error;
        parent = fd;
        p = next;
    }
    return parent;
}

const char *fd_path(int fd)
{
    static char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}
