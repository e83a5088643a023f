/*
 * Mounts of type cgroup and cgroup2. What "cgroup" is depends on the machine:
 * with version 2 the one hierarchy; with version 1 or both ("hybrid") a tmpfs
 * with each hierarchy beneath it, as systemd and every tool lay them out. See
 * cgroups(7), cgroup_namespaces(7).
 *
 * Read-only is asked for by the config, and each mount made here has it from
 * the start, whichever way it is made (CVE-2023-25809).
 */
#include <errno.h>
#include <limits.h>
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
#include "sys.h"

#define CGROUPS "/sys/fs/cgroup"
enum { HIERARCHIES_MAX = 32 };

/* A line of /proc/self/cgroup: "4:memory:/a/b", "1:name=systemd:/", "0::/a" (version 2). */
struct hierarchy {
    const char *controllers; /* "cpu,cpuacct", "name=systemd"; "": version 2 */
    const char *name;        /* of its folder: "cpu,cpuacct", "systemd", "unified" */
    const char *path;        /* our cgroup in it */
};

static bool is_cgroup2(const char *path)
{
    struct statfs fs;
    return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

static uint64_t attributes_of(const struct plan_mount *mount)
{
    return mount->options.attr_set | mount->options.recursive_set;
}

/* A copy of a mount of the host, or of a folder of it, with the options asked for. */
static int copy_mount(const char *path, const struct plan_mount *mount, const char *doing)
{
    const struct mount_options *o = &mount->options;
    int fd = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (fd < 0)
        die("open_tree", path, "%s: bind %s", doing, path);
    if (set_attributes(fd, 0, attributes_of(mount), o->attr_clear | o->recursive_clear, MS_PRIVATE) < 0)
        die("mount_setattr", path, "%s: bind %s: set its options", doing, path);
    return fd;
}

/*
 * Version 2. In a cgroup namespace of the container, a new mount shows the container's cgroup as its root. Without
 * one it would show the whole hierarchy, and making it would set the options of all its mounts anew: the host's
 * "nsdelegate" would be lost (cgroup_namespaces(7); cgroups(7), "Cgroups v2 mount options"). A copy of the host's
 * mount shows the same and changes nothing. Nor may a user namespace mount a hierarchy whose cgroup namespace is not
 * its own.
 */
static int make_cgroup2(const struct plan *plan, const struct plan_mount *mount, const char *host, const char *doing)
{
    const struct mount_options *o = &mount->options;
    if (!plan_namespace(plan, CLONE_NEWCGROUP) && is_cgroup2(host))
        return copy_mount(host, mount, doing);
    int fs = new_fs("cgroup2", mount->source, doing);
    for (uint32_t i = 0; i < o->data_len; i++)
        set_option(fs, o->data[i], doing);
    return mount_fs(fs, mount, attributes_of(mount), doing);
}

/* Reads the lines into `text`, and takes them apart. */
static unsigned read_hierarchies(struct hierarchy *list, char *text, size_t size, const char *doing)
{
    OWNED_FD fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
    struct statfs fs;
    size_t length = 0;
    ssize_t n = -1;
    if (fd < 0 || fstatfs(fd, &fs) < 0)
        die("open", "/proc/self/cgroup", "%s: read /proc/self/cgroup", doing);
    if (fs.f_type != PROC_SUPER_MAGIC)
        refuse(STATUS_FAILED, "%s: /proc/self/cgroup is not of a procfs", doing);
    while (length < size - 1 && (n = read(fd, text + length, size - 1 - length)) > 0)
        length += (size_t)n;
    if (n != 0)
        die("read", "/proc/self/cgroup", "%s: read /proc/self/cgroup", doing);
    text[length] = '\0';

    unsigned count = 0;
    for (char *line = strtok(text, "\n"); line && count < HIERARCHIES_MAX; line = strtok(NULL, "\n")) {
        char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        controllers++;
        const char *name = strncmp(controllers, "name=", 5) == 0 ? controllers + 5 : controllers;
        list[count++] = (struct hierarchy){controllers, *name ? name : "unified", path};
    }
    return count;
}

/* A new mount of a version 1 hierarchy: of the kernel's one that has exactly these controllers or this name. */
static int make_cgroup1(const struct hierarchy *h, const struct plan_mount *mount, const char *doing)
{
    char controllers[256];
    snprintf(controllers, sizeof controllers, "%s", h->controllers);
    int fs = new_fs("cgroup", h->name, doing);
    for (char *save = NULL, *c = strtok_r(controllers, ",", &save); c; c = strtok_r(NULL, ",", &save))
        set_option(fs, c, doing);
    return mount_fs(fs, mount, attributes_of(mount), doing);
}

/* One hierarchy, not yet mounted: in a cgroup namespace of the container a mount of it, without one the container's
 * own cgroup alone, as a bind mount. */
static int make_hierarchy(const struct plan *plan, const struct hierarchy *h, const struct plan_mount *mount,
                          const char *doing)
{
    char path[PATH_MAX];
    bool v2 = !*h->controllers, namespaced = plan_namespace(plan, CLONE_NEWCGROUP);
    if (namespaced)
        return v2 ? make_cgroup2(plan, mount, CGROUPS "/unified", doing) : make_cgroup1(h, mount, doing);
    if (snprintf(path, sizeof path, CGROUPS "/%s%s", h->name, h->path) >= (int)sizeof path)
        fail(STATUS_FAILED, ENAMETOOLONG, "open_tree", h->path, "%s: bind %s", doing, h->path);
    return copy_mount(path, mount, doing);
}

/* The folder of a hierarchy, and for "cpu,cpuacct" the links cpu and cpuacct to it. */
static void make_folder(int tmpfs, const struct hierarchy *h, const char *doing)
{
    char controllers[256];
    if (mkdirat(tmpfs, h->name, 0755) < 0)
        die("mkdir", h->name, "%s: make the folder %s", doing, h->name);
    if (!strchr(h->controllers, ','))
        return;
    snprintf(controllers, sizeof controllers, "%s", h->controllers);
    for (char *save = NULL, *c = strtok_r(controllers, ",", &save); c; c = strtok_r(NULL, ",", &save))
        if (symlinkat(h->name, tmpfs, c) < 0)
            die("symlink", c, "%s: make the link %s", doing, c);
}

static void mount_cgroup1(const struct plan *plan, const struct plan_mount *mount, int target, const char *doing)
{
    char text[32768];
    struct hierarchy list[HIERARCHIES_MAX];
    unsigned count = read_hierarchies(list, text, sizeof text, doing);
    /* The kernel lists version 2 always; it is there for a container where the host has it (hybrid). */
    if (count && !*list[count - 1].controllers && !is_cgroup2(CGROUPS "/unified"))
        count--;
    if (!count)
        refuse(STATUS_FAILED, "%s: no cgroup hierarchy is mounted on the host's " CGROUPS, doing);

    int fs = new_fs("tmpfs", mount->source, doing);
    set_option(fs, "mode=755", doing);
    int tmpfs = mount_fs(fs, mount, 0, doing);
    for (unsigned i = 0; i < count; i++)
        make_folder(tmpfs, &list[i], doing);
    /* Before 6.15 nothing could be mounted in a mount that is nowhere: it goes to its place first, finished but for
     * what comes beneath. A read-only mount's folders can be mounted on. */
    uint64_t set = attributes_of(mount);
    if (set_attributes(tmpfs, 0, set, set & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0, 0) < 0)
        die("mount_setattr", mount->destination, "%s: set its options", doing);
    attach(tmpfs, target, doing);
    for (unsigned i = 0; i < count; i++) {
        OWNED_FD fd = make_hierarchy(plan, &list[i], mount, doing);
        if (sys_move_mount(fd, "", tmpfs, list[i].name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
            die("move_mount", list[i].name, "%s: mount the hierarchy %s", doing, list[i].name);
    }
    if (set_attributes(tmpfs, AT_RECURSIVE, 0, 0, mount->options.propagation) < 0)
        die("mount_setattr", mount->destination, "%s: set its propagation", doing);
    close(tmpfs);
}

void mount_cgroups(const struct plan *plan, const struct plan_mount *mount, int target, const char *doing)
{
    bool v2 = strcmp(mount->type, "cgroup2") == 0, on_v2 = is_cgroup2(CGROUPS);
    if (!v2 && !on_v2) {
        mount_cgroup1(plan, mount, target, doing);
        return;
    }
    OWNED_FD fd = make_cgroup2(plan, mount, on_v2 ? CGROUPS : CGROUPS "/unified", doing);
    if (set_attributes(fd, 0, 0, 0, mount->options.propagation) < 0)
        die("mount_setattr", mount->destination, "%s: set its propagation", doing);
    attach(fd, target, doing);
}
