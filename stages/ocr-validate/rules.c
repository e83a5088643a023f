/* Rules between fields: what the tables of single fields cannot say. Each names the part of the spec it is from. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "validate.h"

/* config-linux.md "Namespaces": a type appears once, a path is absolute. */
static void check_namespaces(const struct plan_linux *linux)
{
    char pointer[64];
    for (uint32_t i = 0; i < linux->namespaces_len; i++) {
        const struct plan_namespace *n = &linux->namespaces[i];
        snprintf(pointer, sizeof pointer, "/linux/namespaces/%u", i);
        for (uint32_t k = 0; k < i; k++)
            if (n->type && linux->namespaces[k].type == n->type)
                fault_at(pointer, "this namespace is listed already, as /linux/namespaces/%u", k);
        if (n->path && n->path[0] && n->path[0] != '/')
            fault_at(pointer, "path: must be an absolute path");
    }
}

/* config-linux.md "User namespace mappings". */
static void check_mappings(const struct plan *plan)
{
    const struct plan_linux *linux = plan->linux;
    const struct plan_namespace *user = plan_namespace(plan, CLONE_NEWUSER);
    bool joined = user && user->path && user->path[0];
    if (!user && linux->uid_mappings_len)
        fault_at("/linux/uidMappings", "mappings need a user namespace in /linux/namespaces");
    if (!user && linux->gid_mappings_len)
        fault_at("/linux/gidMappings", "mappings need a user namespace in /linux/namespaces");
    if (user && !joined && !linux->uid_mappings_len)
        fault_at("/linux/uidMappings", "a new user namespace needs mappings");
    if (user && !joined && !linux->gid_mappings_len)
        fault_at("/linux/gidMappings", "a new user namespace needs mappings");
}

/* What changes a namespace must not change the host's. */
static void check_owned(const struct plan *plan)
{
    if (plan->hostname && plan->hostname[0] && !plan_namespace(plan, CLONE_NEWUTS))
        fault_at("/hostname", "needs a uts namespace in /linux/namespaces");
    if (plan->domainname && plan->domainname[0] && !plan_namespace(plan, CLONE_NEWUTS))
        fault_at("/domainname", "needs a uts namespace in /linux/namespaces");
    if (plan->linux->time_offsets_len && !plan_namespace(plan, CLONE_NEWTIME))
        fault_at("/linux/timeOffsets", "needs a time namespace in /linux/namespaces");
    if (!plan_namespace(plan, CLONE_NEWNS))
        fault_at("/linux/namespaces", "a mount namespace is needed: without one the host's mounts would change");
}

void check_rules(const struct plan *plan)
{
    if (!plan->root)
        fault_at("/root", "is required");
    if (!plan->linux) {
        fault_at("/linux", "is required: without namespaces there is no container");
        return;
    }
    check_namespaces(plan->linux);
    check_mappings(plan);
    check_owned(plan);
    if (plan->linux->seccomp)
        check_seccomp(plan->linux->seccomp);
}
