/* One entry of /mounts: made where nobody sees it, and put in its place when it is finished. */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "bind.h"
#include "error.h"
#include "fd.h"
#include "mounts.h"
#include "path.h"
#include "sys.h"

enum { PROC_ROOT_INODE = 1, FSCONFIG_VALUE_MAX = 256 };

/* What a bind mount's target has to be; and whether it is the root of a procfs, which alone may go over /proc: with
 * --pid=host engines bind the host's. */
static enum mount_kind kind_of_tree(int tree, const struct plan_mount *mount)
{
    struct stat st;
    struct statfs fs;
    if (fstat(tree, &st) < 0 || fstatfs(tree, &fs) < 0)
        die("fstat", mount->source, "look at %s", mount->source);
    if (fs.f_type == PROC_SUPER_MAGIC && st.st_ino == PROC_ROOT_INODE)
        return KIND_BIND_PROC;
    return S_ISDIR(st.st_mode) ? KIND_BIND_FOLDER : KIND_BIND_FILE;
}

static void bind_mount(const struct plan *plan, int root, const struct plan_mount *mount, int tree)
{
    char doing[512];
    snprintf(doing, sizeof doing, "bind %s on %s", mount->source, mount->destination);
    if (tree < 0)
        tree = bind_tree(plan, mount, false);
    struct target target = open_target(root, mount, kind_of_tree(tree, mount));
    attach(tree, target.fd, doing);
    close(target.fd);
    close(tree);
}

static bool has_option(const struct plan_mount *mount, const char *key)
{
    for (uint32_t i = 0; i < mount->options.data_len; i++)
        if (strncmp(mount->options.data[i], key, strlen(key)) == 0)
            return true;
    return false;
}

/* fsconfig(2) takes values of 255 bytes. Overlay's lowerdir is easily longer. */
static bool is_too_long(const struct plan_mount *mount)
{
    for (uint32_t i = 0; i < mount->options.data_len; i++)
        if (strlen(mount->options.data[i]) >= FSCONFIG_VALUE_MAX)
            return true;
    return false;
}

/* ... and then mount(2) remains, whose options may be a page long together. Through the /proc outside, by fd. */
static void mount_old_way(const struct plan_mount *m, int root, int target, const char *doing)
{
    static const struct {
        uint64_t attribute;
        unsigned long flag;
    } flags[] = {{MOUNT_ATTR_RDONLY, MS_RDONLY},
                 {MOUNT_ATTR_NOSUID, MS_NOSUID},
                 {MOUNT_ATTR_NODEV, MS_NODEV},
                 {MOUNT_ATTR_NOEXEC, MS_NOEXEC}};
    const struct mount_options *o = &m->options;
    char data[4096] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < o->data_len && used < sizeof data; i++)
        used += (size_t)snprintf(data + used, sizeof data - used, "%s%s", i ? "," : "", o->data[i]);
    if (used >= sizeof data)
        refuse(STATUS_CONFIG, "%s: the options are longer than a page", doing);
    unsigned long bits = o->superblock_set & ~(uint32_t)MS_SILENT;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (o->attr_set & flags[i].attribute)
            bits |= flags[i].flag;
    if (mount(m->source ? m->source : m->type, fd_path(target), m->type, bits, data) < 0)
        die("mount", m->destination, "%s", doing);
    OWNED_FD fd = open_in_root(root, m->destination, O_PATH);
    if (fd < 0 ||
        set_attributes(fd, 0, o->attr_set | o->recursive_set, o->attr_clear | o->recursive_clear, o->propagation) < 0)
        die("mount_setattr", m->destination, "%s: set its options", doing);
}

/* A tmpfs over a folder looks like the folder, unless the config says otherwise: the same mode, as with both peers. */
static void keep_mode(int fs, const struct plan_mount *mount, const struct target *target, const char *doing)
{
    char option[16];
    if (!target->existed || has_option(mount, "mode="))
        return;
    snprintf(option, sizeof option, "mode=%04o", target->mode & 07777u);
    set_option(fs, option, doing);
}

static int make_fs(const struct plan_mount *mount, const struct target *target, const char *doing)
{
    const struct mount_options *o = &mount->options;
    uint64_t attributes = o->attr_set | o->recursive_set;
    bool tmpfs = strcmp(mount->type, "tmpfs") == 0;
    int fs = new_fs(mount->type, mount->source, doing);
    for (uint32_t i = 0; i < o->data_len; i++)
        set_option(fs, o->data[i], doing);
    set_superblock_flags(fs, mount, doing);
    if (tmpfs)
        keep_mode(fs, mount, target, doing);
    if (!o->tmpcopyup)
        return mount_fs(fs, mount, attributes, doing);
    if (!tmpfs)
        refuse(STATUS_CONFIG, "%s: \"tmpcopyup\" is for tmpfs", doing);
    int fd = mount_fs(fs, mount, 0, doing);
    if (target->existed)
        copy_up(target->fd, fd, doing);
    if (set_attributes(fd, 0, attributes, attributes & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0, 0) < 0)
        die("mount_setattr", mount->destination, "%s: set its options", doing);
    return fd;
}

static bool is_type(const struct plan_mount *mount, const char *type)
{
    return mount->type && strcmp(mount->type, type) == 0;
}

void make_mount(const struct plan *plan, int root, const struct plan_mount *mount, int tree)
{
    char doing[512];
    if (is_bind(mount)) {
        bind_mount(plan, root, mount, tree);
        return;
    }
    if (!mount->type || !mount->type[0])
        refuse(STATUS_CONFIG, "mount on %s: it has neither a type nor the option \"bind\"", mount->destination);
    snprintf(doing, sizeof doing, "mount %s on %s", mount->type, mount->destination);
    enum mount_kind kind = is_type(mount, "proc") ? KIND_PROC : is_type(mount, "sysfs") ? KIND_SYSFS : KIND_FILE_SYSTEM;
    struct target target = open_target(root, mount, kind);
    if (is_type(mount, "cgroup") || is_type(mount, "cgroup2")) {
        mount_cgroups(plan, mount, target.fd, doing);
    } else if (is_too_long(mount)) {
        mount_old_way(mount, root, target.fd, doing);
    } else {
        OWNED_FD fd = make_fs(mount, &target, doing);
        if (set_attributes(fd, 0, 0, 0, mount->options.propagation) < 0)
            die("mount_setattr", mount->destination, "%s: set its propagation", doing);
        attach(fd, target.fd, doing);
    }
    close(target.fd);
}
