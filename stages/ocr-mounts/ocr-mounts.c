/*
 * ocr-mounts: the file system the container will see.
 *
 * Takes: plan, tree.root and tree.N (from ocr-binds, if it ran). In the
 * container's mount namespace it stops propagation to the host, mounts the root
 * file system, makes every entry of /mounts in it, /dev, and the masked and
 * read-only paths. Gives: rootfs, for ocr-pivot. Until then paths of the host
 * still resolve: whatever is taken from the host is taken here.
 * Fails at: destinations that leave the root or lie in /proc, options that a
 * file system does not know, sources that don't exist, what a user namespace
 * may not mount. See mount_namespaces(7), fsopen(2), open_tree(2),
 * mount_setattr(2), move_mount(2).
 *
 * A mount is made detached, with all its options, and moved to its place when it is
 * finished: nothing in the container is ever there half made.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "baton.h"
#include "bind.h"
#include "error.h"
#include "fd.h"
#include "mounts.h"
#include "path.h"
#include "sys.h"
#include "usage.h"

static const char usage[] = "usage: ocr-mounts NEXT [ARG]...\n"
                            "\n"
                            "Makes the container's file system, in a mount namespace that is the container's.\n";

static char **parse(int argc, char **argv)
{
    static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option = getopt_long(argc, argv, "+h", longs, NULL);
    if (option != -1 || optind == argc)
        usage_exit(usage, option == 'h');
    return argv + optind;
}

/* The mount that the folder `path` is in becomes private. */
static void make_parent_private(const char *path)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct statx st;
    for (int depth = 0; fd >= 0 && sys_statx(fd, "", AT_EMPTY_PATH, STATX_INO, &st) == 0; depth++) {
        if (depth == PATH_MAX / 2) /* in a chroot(2) to no mount, / is its own parent */
            refuse(STATUS_FAILED, "the mount that holds %s is outside of this process's root", path);
        if (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) {
            if (set_attributes(fd, 0, 0, 0, MS_PRIVATE) < 0)
                break;
            close(fd);
            return;
        }
        int up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        close(fd);
        fd = up;
    }
    die("mount_setattr", path, "make the mount that holds %s private", path);
}

/* From now on nothing that is mounted here appears on the host. Slaves still see what the host mounts later. With a
 * shared root, engines want peers ("rshared" volumes); then only the mount that we mount on must not be one. */
static void stop_propagation(const struct plan *plan)
{
    struct mount_attr slave = {.propagation = MS_SLAVE};
    at("/linux/rootfsPropagation");
    if (plan->linux->rootfs_propagation & MS_SHARED)
        make_parent_private(plan->rootfs);
    else if (sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &slave) < 0)
        die("mount_setattr", "/", "make all mounts slaves");
    at("");
}

/* Root needs a mount of its own (pivot_root(2)), over its own folder, where a shell between the stages finds it. A
 * user namespace may not be able to reach that folder: any other place will do then, and / is always there. */
static int mount_root(const struct plan *plan)
{
    at("/root/path");
    int tree = baton_out("tree.root");
    bool from_binds = tree >= 0;
    if (!from_binds)
        tree = root_tree(plan, false);
    unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS;
    int result = sys_move_mount(tree, "", AT_FDCWD, plan->rootfs, flags);
    if (result < 0 && from_binds && errno == EACCES)
        result = sys_move_mount(tree, "", AT_FDCWD, "/", flags);
    if (result < 0)
        die("move_mount", plan->rootfs, "mount the root file system %s", plan->rootfs);
    at("");
    return tree;
}

static void make_mounts(const struct plan *plan, int root)
{
    char name[32];
    for (uint32_t i = 0; i < plan->mounts_len; i++) {
        at("/mounts/%u", i);
        snprintf(name, sizeof name, "tree.%u", i);
        make_mount(plan, root, &plan->mounts[i], baton_out(name));
    }
    at("");
}

/* Engines rely on it that process.cwd is made where the image has no such folder. While the root can be written to; a
 * cwd that can't be made or entered is the failure of ocr-process. */
static void make_working_directory(const struct plan *plan, int root)
{
    const char *cwd = plan->process && plan->process->cwd ? plan->process->cwd : "/";
    int fd = cwd[1] ? make_in_root(root, cwd, true) : -1;
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    stage_is("ocr-mounts");
    char **next = parse(argc, argv);
    baton_take();
    const struct plan *plan = plan_map(baton_need("plan"));
    mode_t mask = umask(0); /* modes are meant as written */
    int null = open_null();
    stop_propagation(plan);
    int root = mount_root(plan);
    make_mounts(plan, root);
    make_devices(plan, root);
    make_working_directory(plan, root);
    mask_paths(plan, root, null);
    protect_paths(plan, root);
    umask(mask);
    baton_put("rootfs", root);
    baton_pass(next);
}
