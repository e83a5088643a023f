/*
 * /linux/maskedPaths and /linux/readonlyPaths, over what is mounted by now.
 *
 * A mask of a file is the host's /dev/null, taken before anything of the
 * container's exists and known to be character device 1:3; the image's could be
 * anything, and a mask that is not one is a hole (CVE-2025-31133,
 * CVE-2025-62161). A mask of a folder is an empty, read-only tmpfs, one for all.
 * A path that does not exist needs no mask; every other failure ends the stage.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "bind.h"
#include "error.h"
#include "fd.h"
#include "mounts.h"
#include "path.h"
#include "sys.h"

int open_null(void)
{
    struct stat st;
    int fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* A copy of a mount, or of a file or folder in one, by fd. */
static int copy_tree(int fd, const char *path, unsigned flags)
{
    int tree = sys_open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | flags);
    if (tree < 0)
        die("open_tree", path, "copy the mount for %s", path);
    return tree;
}

static void put(int tree, int target, const char *path)
{
    if (sys_move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        die("move_mount", path, "mount over %s", path);
}

static int make_empty_folder(void)
{
    int fs = sys_fsopen("tmpfs", FSOPEN_CLOEXEC);
    unsigned attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    int fd = -1;
    if (fs >= 0 && sys_fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) == 0 &&
        sys_fsconfig(fs, FSCONFIG_SET_STRING, "mode", "755", 0) == 0 &&
        sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
        fd = sys_fsmount(fs, FSMOUNT_CLOEXEC, attributes);
    if (fd < 0)
        die("fsmount", NULL, "make the tmpfs that masks folders");
    close(fs);
    return fd;
}

/* The first folder gets the tmpfs itself, the others copies of it: only a mount that is in its place can be copied
 * (before 6.15), and taking a mount apart is slower than moving it. */
static void mask_folder(int target, const char *path)
{
    static int empty = -1;
    if (empty < 0) {
        empty = make_empty_folder();
        put(empty, target, path);
        return;
    }
    OWNED_FD copy = copy_tree(empty, path, 0);
    put(copy, target, path);
}

static void mask_file(int null, int target, const char *path)
{
    if (null < 0)
        refuse(STATUS_FAILED, "mask %s: the host's /dev/null is not the null device", path);
    OWNED_FD copy = copy_tree(null, path, 0);
    put(copy, target, path);
}

/* -1: there is no such path. */
static int open_path(int root, const char *path)
{
    int fd = open_in_root(root, path, O_PATH);
    if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
        die("openat2", path, "find %s in the root file system", path);
    return fd;
}

void mask_paths(const struct plan *plan, int root, int null)
{
    for (uint32_t i = 0; i < plan->linux->masked_paths_len; i++) {
        const char *path = plan->linux->masked_paths[i];
        struct stat st;
        at("/linux/maskedPaths/%u", i);
        OWNED_FD target = open_path(root, path);
        if (target < 0)
            continue;
        if (fstat(target, &st) < 0)
            die("fstat", path, "look at %s", path);
        if (S_ISDIR(st.st_mode))
            mask_folder(target, path);
        else
            mask_file(null, target, path);
    }
    at("");
}

void protect_paths(const struct plan *plan, int root)
{
    for (uint32_t i = 0; i < plan->linux->readonly_paths_len; i++) {
        const char *path = plan->linux->readonly_paths[i];
        at("/linux/readonlyPaths/%u", i);
        OWNED_FD target = open_path(root, path);
        if (target < 0)
            continue;
        OWNED_FD copy = copy_tree(target, path, AT_RECURSIVE);
        if (set_attributes(copy, AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0, 0) < 0)
            die("mount_setattr", path, "make %s read-only", path);
        put(copy, target, path);
    }
    at("");
}
