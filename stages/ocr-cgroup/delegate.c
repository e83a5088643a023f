/*
 * Who owns the container's cgroup: config-linux.md, "Cgroup ownership". In
 * version 2 a container that has a cgroup namespace of its own and a writable
 * cgroup file system may divide what it was given, so its user gets the
 * directory and the files that the kernel lists for this; not the limits. In
 * version 1 that would not be safe. See cgroup-v2.rst, "Delegation".
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroups.h"
#include "error.h"
#include "fd.h"
#include "sys.h"

static bool is_writable_inside(const struct plan *plan)
{
    const struct plan_namespace *namespace = plan_namespace(plan, CLONE_NEWCGROUP);
    if (!namespace || (namespace->path && *namespace->path))
        return false;
    for (uint32_t i = 0; i < plan->mounts_len; i++) {
        const struct plan_mount *mount = &plan->mounts[i];
        if (mount->type && (strcmp(mount->type, "cgroup") == 0 || strcmp(mount->type, "cgroup2") == 0) &&
            !((mount->options.attr_set | mount->options.recursive_set) & MOUNT_ATTR_RDONLY))
            return true;
    }
    return false;
}

/* The process's user as the host has it; 0 also when that can't be told: the cgroup is root's already. */
static uid_t owner(const struct plan *plan)
{
    const struct plan_namespace *user = plan_namespace(plan, CLONE_NEWUSER);
    uint32_t uid = plan->process && plan->process->user ? plan->process->user->uid : 0;
    if (!user)
        return uid;
    for (uint32_t i = 0; i < plan->linux->uid_mappings_len && !(user->path && *user->path); i++) {
        const struct plan_id_mapping *map = &plan->linux->uid_mappings[i];
        if (uid >= map->container_id && uid - map->container_id < map->size)
            return map->host_id + (uid - map->container_id);
    }
    return 0;
}

static void give(int dir, const char *file, uid_t uid)
{
    /* ENOENT: a file of a controller that is not switched on. */
    if (fchownat(dir, file, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
        die("chown", file, "give the cgroup's %s to uid %u", file, uid);
}

void delegate(struct cgroups *cgroups, const struct plan *plan)
{
    char files[4096] = "cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n";
    if (cgroups->count != 1 || !cgroups->list[0].v2 || !is_writable_inside(plan) || owner(plan) == 0)
        return;
    OWNED_FD fd = open("/sys/kernel/cgroup/delegate", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, files, sizeof files - 1);
    if (length > 0)
        files[length] = '\0';
    int dir = hierarchy_dir(cgroups, &cgroups->list[0]);
    give(dir, ".", owner(plan));
    for (char *save, *file = strtok_r(files, "\n", &save); file; file = strtok_r(NULL, "\n", &save))
        give(dir, file, owner(plan));
}
