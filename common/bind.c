#include "bind.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "error.h"
#include "sys.h"

bool is_bind(const struct plan_mount *mount)
{
    return mount->options.bind || (mount->type && strcmp(mount->type, "bind") == 0);
}

int set_attributes(int fd, unsigned flags, uint64_t set, uint64_t clear, uint32_t propagation)
{
    struct mount_attr attr = {.attr_set = set, .attr_clr = clear, .propagation = propagation & ~(uint32_t)MS_REC};
    if (!set && !clear && !attr.propagation)
        return 0;
    return sys_mount_setattr(fd, "", flags | AT_EMPTY_PATH, &attr);
}

/* What makes no sense for a bind mount: the file system is mounted already, with the options it has. */
static void check_options(const struct plan_mount *mount)
{
    const struct mount_options *o = &mount->options;
    if (o->data_len)
        refuse(STATUS_CONFIG, "bind %s: \"%s\" is an option of a file system, not of a bind mount", mount->destination,
               o->data[0]);
    if (o->superblock_set & ~(uint32_t)(MS_RDONLY | MS_SILENT))
        refuse(STATUS_CONFIG,
               "bind %s: \"sync\", \"dirsync\", \"mand\", \"lazytime\" and \"iversion\" are options of "
               "a file system, not of a bind mount",
               mount->destination);
    if (o->tmpcopyup)
        refuse(STATUS_CONFIG, "bind %s: \"tmpcopyup\" is for tmpfs", mount->destination);
    if (!mount->source || !mount->source[0])
        refuse(STATUS_CONFIG, "bind %s: a bind mount needs a source", mount->destination);
}

/* config.md "Mounts": "a relative path is relative to the bundle". */
static const char *source_path(const struct plan *plan, const char *source)
{
    static char path[PATH_MAX];
    if (source[0] == '/')
        return source;
    if (snprintf(path, sizeof path, "%s/%s", plan->bundle, source) >= (int)sizeof path)
        fail(STATUS_CONFIG, ENAMETOOLONG, "open_tree", source, "bind %s", source);
    return path;
}

static bool root_is_shared(const struct plan *plan)
{
    return plan->linux && plan->linux->rootfs_propagation & MS_SHARED;
}

/* The whole tree first, so that an option of the mount alone ("rw") can make an exception from it ("rro"). */
static void apply(int tree, const struct mount_options *o, const char *source)
{
    uint32_t all = o->propagation & MS_REC ? o->propagation : 0;
    if (set_attributes(tree, AT_RECURSIVE, o->recursive_set, o->recursive_clear, all) < 0 ||
        set_attributes(tree, 0, o->attr_set, o->attr_clear, all ? 0 : o->propagation) < 0)
        die("mount_setattr", source, "bind %s: set its options", source);
}

int bind_tree(const struct plan *plan, const struct plan_mount *mount, bool on_host)
{
    const struct mount_options *o = &mount->options;
    check_options(mount);
    const char *source = source_path(plan, mount->source);
    unsigned recursive = o->bind_recursive ? AT_RECURSIVE : 0;
    int tree = sys_open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive);
    if (tree < 0)
        die("open_tree", source, "bind %s", source);
    /* The copy of a shared mount is its peer: what the container mounts in it would appear on the host. Only a config
     * that says "shared" of the root and of this mount wants that (as engines do for "rshared" volumes); with any
     * other, ocr-mounts has made every mount a slave, but on the host nobody has. */
    bool may_be_peer = on_host || root_is_shared(plan);
    if (may_be_peer && !(root_is_shared(plan) && o->propagation) &&
        set_attributes(tree, AT_RECURSIVE, 0, 0, MS_SLAVE) < 0)
        die("mount_setattr", source, "bind %s: make it a slave", source);
    apply(tree, o, source);
    return tree;
}

int root_tree(const struct plan *plan, bool on_host)
{
    const char *rootfs = plan->rootfs;
    int tree = sys_open_tree(AT_FDCWD, rootfs, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (tree < 0)
        die("open_tree", rootfs, "open the root file system %s", rootfs);
    /* What is mounted beneath the root keeps following the host; the root itself is on its own. */
    if ((on_host || root_is_shared(plan)) && set_attributes(tree, AT_RECURSIVE, 0, 0, MS_SLAVE) < 0)
        die("mount_setattr", rootfs, "make %s a slave", rootfs);
    if (set_attributes(tree, 0, 0, 0, MS_PRIVATE) < 0)
        die("mount_setattr", rootfs, "make %s private", rootfs);
    return tree;
}
