/*
 * Rules between fields: what the tables of single fields cannot say. Each names
 * the part of the spec, or the system call, that it is from. A value that had a
 * fault is zero here: it must not cause another one.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "error.h"
#include "validate.h"

enum { NEW_UTS_LEN = 64, MAPPINGS_MAX = 340 }; /* the kernel's */

static bool given(const char *text)
{
    return text && *text;
}

/* config-linux.md "Namespaces": a type appears once, a path is absolute. */
static void check_namespaces(const struct plan_linux *linux)
{
    char pointer[64];
    uint32_t seen = 0;
    for (uint32_t i = 0; i < linux->namespaces_len; i++) {
        const struct plan_namespace *n = &linux->namespaces[i];
        snprintf(pointer, sizeof pointer, "/linux/namespaces/%u", i);
        if (n->type & seen)
            fault_at(pointer, "a namespace of this type is in the list already");
        seen |= n->type;
        snprintf(pointer, sizeof pointer, "/linux/namespaces/%u/path", i);
        if (given(n->path) && n->path[0] != '/')
            fault_at(pointer, "must be an absolute path");
    }
}

bool has_own_namespace(const struct plan *plan, uint32_t type)
{
    static const struct {
        uint32_t type;
        const char *own;
    } files[] = {{CLONE_NEWNET, "/proc/self/ns/net"},
                 {CLONE_NEWIPC, "/proc/self/ns/ipc"},
                 {CLONE_NEWUTS, "/proc/self/ns/uts"},
                 {CLONE_NEWUSER, "/proc/self/ns/user"}};
    const struct plan_namespace *n = plan_namespace(plan, type);
    if (!n || !given(n->path))
        return n;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct stat own, joined;
        if (files[i].type == type && stat(files[i].own, &own) == 0 && stat(n->path, &joined) == 0)
            return own.st_dev != joined.st_dev || own.st_ino != joined.st_ino;
    }
    return true; /* a path that is no namespace is refused where it is joined */
}

static bool overlap(uint32_t a, uint32_t b, const struct plan_id_mapping *x, const struct plan_id_mapping *y)
{
    return (uint64_t)a + x->size > b && (uint64_t)b + y->size > a;
}

/* user_namespaces(7) "Defining user and group ID mappings": all that makes the kernel refuse them. */
static void check_mapping_list(const char *list, const struct plan_id_mapping *m, uint32_t len)
{
    char pointer[64];
    if (len > MAPPINGS_MAX)
        fault_at(list, "the kernel takes at most %d mappings", MAPPINGS_MAX);
    for (uint32_t i = 0; i < len && len <= MAPPINGS_MAX; i++) {
        snprintf(pointer, sizeof pointer, "%s/%u", list, i);
        if (m[i].size == 0)
            continue; /* told of by the loader */
        if ((uint64_t)m[i].container_id + m[i].size > UINT32_MAX || (uint64_t)m[i].host_id + m[i].size > UINT32_MAX)
            fault_at(pointer, "goes beyond the last id, 4294967294");
        for (uint32_t k = 0; k < i; k++)
            if (overlap(m[i].container_id, m[k].container_id, &m[i], &m[k]) ||
                overlap(m[i].host_id, m[k].host_id, &m[i], &m[k]))
                fault_at(pointer, "overlaps with %s/%u", list, k);
    }
}

static void check_mapped(const char *pointer, uint32_t id, const struct plan_id_mapping *m, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        if (id >= m[i].container_id && id - m[i].container_id < m[i].size)
            return;
    fault_at(pointer, "%u is not mapped in the user namespace", id);
}

/* setuid(2), setgroups(2): an id that the namespace does not map is EINVAL. */
static void check_user_is_mapped(const struct plan *plan)
{
    const struct plan_user *user = plan->process ? plan->process->user : NULL;
    const struct plan_linux *l = plan->linux;
    check_mapped("/process/user/uid", user ? user->uid : 0, l->uid_mappings, l->uid_mappings_len);
    check_mapped("/process/user/gid", user ? user->gid : 0, l->gid_mappings, l->gid_mappings_len);
    for (uint32_t i = 0; user && i < user->additional_gids_len; i++) {
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/process/user/additionalGids/%u", i);
        check_mapped(pointer, user->additional_gids[i], l->gid_mappings, l->gid_mappings_len);
    }
}

/* config-linux.md "User namespace mappings". Engines give them with a joined namespace too: they say what it has. */
static void check_mappings(const struct plan *plan)
{
    const struct plan_linux *l = plan->linux;
    const struct plan_namespace *user = plan_namespace(plan, CLONE_NEWUSER);
    if (!user && l->uid_mappings_len)
        fault_at("/linux/uidMappings", "mappings need a user namespace in /linux/namespaces");
    if (!user && l->gid_mappings_len)
        fault_at("/linux/gidMappings", "mappings need a user namespace in /linux/namespaces");
    check_mapping_list("/linux/uidMappings", l->uid_mappings, l->uid_mappings_len);
    check_mapping_list("/linux/gidMappings", l->gid_mappings, l->gid_mappings_len);
    if (!user || given(user->path))
        return;
    if (!l->uid_mappings_len)
        fault_at("/linux/uidMappings", "a new user namespace needs mappings");
    if (!l->gid_mappings_len)
        fault_at("/linux/gidMappings", "a new user namespace needs mappings");
    if (fault_count() == 0)
        check_user_is_mapped(plan);
}

/* sethostname(2), setdomainname(2). A pod in the host's uts namespace is given the name that it has (CRI-O). */
static void check_uts_name(const struct plan *plan, const char *pointer, const char *name, const char *current)
{
    if (!given(name))
        return;
    if (strlen(name) > NEW_UTS_LEN)
        fault_at(pointer, "must have at most %d bytes", NEW_UTS_LEN);
    if (!plan_namespace(plan, CLONE_NEWUTS))
        fault_at(pointer, "needs a uts namespace in /linux/namespaces");
    else if (!has_own_namespace(plan, CLONE_NEWUTS) && strcmp(name, current) != 0)
        fault_at(pointer, "would change the host's: the uts namespace is the host's");
}

/* What changes a namespace must not change the host's. */
static void check_owned(const struct plan *plan)
{
    struct utsname host = {0};
    const struct plan_namespace *clock = plan_namespace(plan, CLONE_NEWTIME);
    if ((given(plan->hostname) || given(plan->domainname)) && plan_namespace(plan, CLONE_NEWUTS))
        uname(&host);
    check_uts_name(plan, "/hostname", plan->hostname, host.nodename);
    check_uts_name(plan, "/domainname", plan->domainname, host.domainname);
    /* time_namespaces(7): offsets are set before the first process enters. */
    if (plan->linux->time_offsets_len && (!clock || given(clock->path)))
        fault_at("/linux/timeOffsets", "needs a new time namespace in /linux/namespaces");
    if (!plan_namespace(plan, CLONE_NEWNS))
        fault_at("/linux/namespaces", "a mount namespace is needed: without one the host's mounts would change");
}

/* config.md "Mounts". */
static void check_mounts(const struct plan *plan)
{
    char pointer[64];
    for (uint32_t i = 0; i < plan->mounts_len; i++) {
        struct plan_mount *m = &plan->mounts[i];
        /* "MUST be an absolute path", but configs for older runtimes have others. */
        snprintf(pointer, sizeof pointer, "/mounts/%u/destination", i);
        if (given(m->destination) && m->destination[0] != '/')
            caution(pointer, "\"%.60s\" is not an absolute path: taken from the root", m->destination);
        snprintf(pointer, sizeof pointer, "/mounts/%u", i);
        if (given(m->type) && strcmp(m->type, "bind") == 0)
            m->options.bind = true; /* the spec wants the option, but nothing else can be meant */
        if (m->options.bind && !given(m->source))
            fault_at(pointer, "a bind mount needs a source");
        else if (!m->options.bind && !given(m->type) && !m->options.propagation)
            fault_at(pointer, "needs a type");
    }
}

/* config-linux.md "Devices", mknod(2). */
static void check_devices(const struct plan_linux *linux)
{
    char pointer[64];
    for (uint32_t i = 0; i < linux->devices_len; i++) {
        const struct plan_device *d = &linux->devices[i];
        snprintf(pointer, sizeof pointer, "/linux/devices/%u", i);
        if ((d->type == S_IFCHR || d->type == S_IFBLK) && (d->major < 0 || d->minor < 0))
            fault_at(pointer, "major and minor are required for a device that is no fifo");
    }
}

/* A namespace whose type had a fault may be any. */
static bool namespaces_are_known(const struct plan_linux *linux)
{
    for (uint32_t i = 0; i < linux->namespaces_len; i++)
        if (!linux->namespaces[i].type)
            return false;
    return true;
}

void check_rules(struct plan *plan)
{
    bool sound = fault_count() == 0; /* else a name that had a fault stands as 0, and 0 is the number of another name */
    check_mounts(plan);
    if (sound)
        check_process(plan);
    if (!plan->linux)
        return;
    check_namespaces(plan->linux);
    if (namespaces_are_known(plan->linux)) {
        check_mappings(plan);
        check_owned(plan);
        check_sysctls(plan);
    }
    check_devices(plan->linux);
    if (plan->linux->resources)
        check_resources(plan->linux->resources);
    if (sound && plan->linux->seccomp)
        check_seccomp(plan->linux->seccomp);
}
