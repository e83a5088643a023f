/*
 * ocr-pivot: the container's file system becomes /.
 *
 * Takes: plan, rootfs (from ocr-mounts). Makes the root file system this mount
 * namespace's root and takes the host's away, so that no path of the host
 * resolves any more; then makes the root read-only and sets its propagation as
 * the config says. Gives: nothing new, rootfs is used up.
 * Fails at: a root that is no mount, or an initramfs (see --no-pivot).
 * See pivot_root(2), mount_setattr(2).
 *
 * Nothing else is in the container's mount namespace yet. After this stage the
 * way to the host's files is gone for good: with the old root detached there is
 * no fd, no working directory and no mount of it left here.
 */
#include <errno.h>
#include <getopt.h>
#include <sys/mount.h>

#include "baton.h"
#include "bind.h"
#include "error.h"
#include "fd.h"
#include "plan.h"
#include "sys.h"
#include "usage.h"

static const char usage[] = "usage: ocr-pivot [--no-pivot] NEXT [ARG]...\n"
                            "\n"
                            "Makes the container's file system the root.\n"
                            "\n"
                            "      --no-pivot  move the mount over / and chroot: for a host on an initramfs\n";

static bool parse(int argc, char **argv)
{
    static const struct option longs[] = {
        {"no-pivot", no_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool no_pivot = false;
    for (int option; (option = getopt_long(argc, argv, "+h", longs, NULL)) != -1;) {
        if (option != 'n')
            usage_exit(usage, option == 'h');
        no_pivot = true;
    }
    if (optind == argc)
        usage_exit(usage, false);
    return no_pivot;
}

/* With a shared root ocr-mounts left the host's mounts as peers, and taking them away here would do so there, too. */
static bool host_is_peer(const struct plan *plan)
{
    return plan->linux->rootfs_propagation & MS_SHARED;
}

/* The mount that the stages are executed from is in no namespace (ocr-nsinit). The last close of such a mount waits for
 * an RCU grace period, 0.1 to 0.8 ms in which the payload would not run yet. Hung into the old root it goes away with
 * it, in the one wait that the umount of the old root has anyway; its fd goes on being good. Where that can't be done
 * nothing is lost but the time. */
static void hang_up_programs(const struct plan *plan)
{
    int programs = baton_fd("programs");
    if (programs >= 0 && !host_is_peer(plan) &&
        sys_move_mount(programs, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        debug("the mount of the stages stays by itself");
}

/* pivot_root(2), "pivot_root(".", ".")": the old root lies on top of the new one and is taken away from there. */
static void pivot(const struct plan *plan, int root)
{
    hang_up_programs(plan);
    OWNED_FD old = host_is_peer(plan) ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fchdir(root) < 0 || sys_pivot_root(".", ".") < 0)
        die("pivot_root", plan->rootfs, "make %s the root%s", plan->rootfs,
            errno == EINVAL ? " (on an initramfs --no-pivot is needed)" : "");
    /* By now nothing of the container's is in it: all of it may become a slave. */
    if (host_is_peer(plan) && (old < 0 || set_attributes(old, AT_RECURSIVE, 0, 0, MS_SLAVE) < 0))
        die("mount_setattr", "/", "make the old root a slave");
    if (umount2(".", MNT_DETACH) < 0)
        die("umount2", "/", "take the old root away");
}

/* A /proc or /sys of the host that is fully visible would let the container's root mount others without masks, in a
 * user namespace of its own (user_namespaces(7)). One that can't be taken away, since it is locked, is hidden. What is
 * mounted below it goes with it, so all of it is made a slave before: a peer would go on the host, too. */
static void take_away(const char *path)
{
    struct mount_attr slave = {.propagation = MS_SLAVE};
    if (sys_mount_setattr(AT_FDCWD, path, AT_RECURSIVE, &slave) < 0 && errno != ENOENT && errno != EINVAL)
        die("mount_setattr", path, "make the mounts at %s slaves", path); /* EINVAL: nothing is mounted there */
    if (umount2(path, MNT_DETACH) == 0 || errno == ENOENT)
        return;
    if (mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k") < 0)
        die("umount2", path, "take away or hide the host's %s", path);
}

/* An initramfs is no mount that pivot_root(2) could move: the new root is moved over it, and chroot(2) keeps us there.
 */
static void move_over(const struct plan *plan, int root)
{
    struct mount_attr slave = {.propagation = MS_SLAVE};
    if (host_is_peer(plan) && sys_mount_setattr(AT_FDCWD, "/", 0, &slave) < 0)
        die("mount_setattr", "/", "make the old root a slave");
    take_away("/sys");
    take_away("/proc");
    /* ELOOP: it lies over the root already, where ocr-mounts put it for a user namespace. */
    if (sys_move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 && errno != ELOOP)
        die("move_mount", plan->rootfs, "move %s over the root", plan->rootfs);
    if (fchdir(root) < 0 || chroot(".") < 0)
        die("chroot", plan->rootfs, "make %s the root", plan->rootfs);
}

/* The root mount alone: what is mounted in it has options of its own. */
static void finish_root(const struct plan *plan, int root)
{
    uint32_t propagation = plan->linux->rootfs_propagation;
    at("/root/readonly");
    if (plan->root->readonly && set_attributes(root, 0, MOUNT_ATTR_RDONLY, 0, 0) < 0)
        die("mount_setattr", "/", "make the root read-only");
    at("/linux/rootfsPropagation");
    if (set_attributes(root, propagation & MS_REC ? AT_RECURSIVE : 0, 0, 0, propagation) < 0)
        die("mount_setattr", "/", "set the root's propagation");
    at("");
}

int main(int argc, char **argv)
{
    stage_is("ocr-pivot");
    bool no_pivot = parse(argc, argv);
    baton_take();
    const struct plan *plan = plan_map(baton_need("plan"));
    int root = baton_need("rootfs");
    at("/root/path");
    if (no_pivot)
        move_over(plan, root);
    else
        pivot(plan, root);
    finish_root(plan, root);
    if (chdir("/") < 0)
        die("chdir", "/", "enter the root");
    close(baton_out("rootfs"));
    baton_pass(argv + optind);
}
