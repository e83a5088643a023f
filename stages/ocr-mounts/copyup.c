/* "tmpcopyup": a tmpfs begins with what the folder beneath it holds. The image is hostile: no link is followed, no
 * fifo or device opened, and the tmpfs's size bounds what is read. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "error.h"
#include "fd.h"
#include "mounts.h"
#include "sys.h"

enum { DEPTH_MAX = 128 };

struct entry {
    int from, to; /* the folders */
    const char *name;
    struct stat st;
};

static void copy_file(const struct entry *e, const char *doing)
{
    OWNED_FD from = openat(e->from, e->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    OWNED_FD to = openat(e->to, e->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, e->st.st_mode & 07777);
    ssize_t n = from < 0 || to < 0 ? -1 : 1;
    while (n > 0)
        n = sendfile(to, from, NULL, 1 << 20);
    /* The owner, before the mode: chown(2) takes set-user-ID away. */
    if (n < 0 || fchown(to, e->st.st_uid, e->st.st_gid) < 0 || fchmod(to, e->st.st_mode & 07777) < 0)
        die("sendfile", e->name, "%s: copy the file %s", doing, e->name);
}

static void copy_link(const struct entry *e, const char *doing)
{
    char target[4096];
    ssize_t length = readlinkat(e->from, e->name, target, sizeof target - 1);
    if (length > 0)
        target[length] = '\0';
    if (length <= 0 || symlinkat(target, e->to, e->name) < 0 ||
        fchownat(e->to, e->name, e->st.st_uid, e->st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        die("symlink", e->name, "%s: copy the link %s", doing, e->name);
}

static void copy_node(const struct entry *e, const char *doing)
{
    if (mknodat(e->to, e->name, e->st.st_mode, e->st.st_rdev) < 0 ||
        fchownat(e->to, e->name, e->st.st_uid, e->st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        die("mknod", e->name, "%s: copy %s", doing, e->name);
}

static void copy_folder(int from, int to, const char *doing, unsigned depth);

static void copy_entry(struct entry *e, const char *doing, unsigned depth)
{
    if (fstatat(e->from, e->name, &e->st, AT_SYMLINK_NOFOLLOW) < 0)
        die("fstatat", e->name, "%s: look at %s", doing, e->name);
    if (S_ISREG(e->st.st_mode)) {
        copy_file(e, doing);
    } else if (S_ISLNK(e->st.st_mode)) {
        copy_link(e, doing);
    } else if (!S_ISDIR(e->st.st_mode)) {
        copy_node(e, doing);
    } else {
        OWNED_FD from = openat(e->from, e->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        OWNED_FD to = mkdirat(e->to, e->name, 0700) < 0
                          ? -1
                          : openat(e->to, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (from < 0 || to < 0)
            die("mkdir", e->name, "%s: copy the folder %s", doing, e->name);
        copy_folder(from, to, doing, depth + 1);
        if (fchown(to, e->st.st_uid, e->st.st_gid) < 0 || fchmod(to, e->st.st_mode & 07777) < 0)
            die("fchmod", e->name, "%s: copy the folder %s", doing, e->name);
    }
}

static void copy_folder(int from, int to, const char *doing, unsigned depth)
{
    int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder)
        die("opendir", NULL, "%s: read the folder beneath", doing);
    if (depth > DEPTH_MAX)
        refuse(STATUS_FAILED, "%s: tmpcopyup: folders deeper than %d", doing, DEPTH_MAX);
    for (struct dirent *d; (errno = 0, d = readdir(folder));) {
        struct entry e = {.from = from, .to = to, .name = d->d_name};
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
            copy_entry(&e, doing, depth);
    }
    if (errno)
        die("readdir", NULL, "%s: read the folder beneath", doing);
    closedir(folder);
}

void copy_up(int from, int to, const char *doing)
{
    copy_folder(from, to, doing, 0);
}
