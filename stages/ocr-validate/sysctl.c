/*
 * Rules of sysctls. Only those that belong to a namespace, and only when the
 * container has it for itself: any other is the host's. Which they are is the
 * kernel's to say (ipc/ipc_sysctl.c, ipc/mq_sysctl.c, kernel/utsname_sysctl.c,
 * kernel/ucount.c, all of net/).
 */
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "validate.h"

static const struct {
    const char *name; /* a "/" at the end: all below it */
    uint32_t namespace;
} owned[] = {
    {"net/", CLONE_NEWNET},
    {"fs/mqueue/", CLONE_NEWIPC},
    {"kernel/msgmax", CLONE_NEWIPC},
    {"kernel/msgmnb", CLONE_NEWIPC},
    {"kernel/msgmni", CLONE_NEWIPC},
    {"kernel/sem", CLONE_NEWIPC},
    {"kernel/shmall", CLONE_NEWIPC},
    {"kernel/shmmax", CLONE_NEWIPC},
    {"kernel/shmmni", CLONE_NEWIPC},
    {"kernel/domainname", CLONE_NEWUTS},
    {"kernel/hostname", CLONE_NEWUTS},
    {"user/", CLONE_NEWUSER},
    {"kernel/shm_rmid_forced", CLONE_NEWIPC},
};

static const char *namespace_name(uint32_t type)
{
    return type == CLONE_NEWNET ? "network" : type == CLONE_NEWIPC ? "ipc" : type == CLONE_NEWUTS ? "uts" : "user";
}

/* Whether each part of the path leads down. */
static bool leads_down(const char *path)
{
    for (const char *part = path;; part++) {
        size_t length = strcspn(part, "/");
        if (length == 0 || (length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        part += length;
        if (!*part)
            return true;
    }
}

/* The path below /proc/sys: the first of . and / separates; the other one is part of a name (sysctl(8)). */
static bool to_path(char *path, size_t size, const char *key)
{
    if ((size_t)snprintf(path, size, "%s", key) >= size)
        return false;
    bool dots = path[strcspn(path, "./")] == '.';
    for (char *c = path; dots && *c; c++)
        *c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
    return leads_down(path);
}

static uint32_t owner(const char *path)
{
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) {
        size_t length = strlen(owned[i].name);
        bool folder = owned[i].name[length - 1] == '/';
        if (strncmp(path, owned[i].name, folder ? length : length + 1) == 0)
            return owned[i].namespace;
    }
    return 0;
}

void check_sysctls(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->linux->sysctl_len; i++) {
        const char *key = plan->linux->sysctl[i].key;
        char path[192], pointer[160];
        snprintf(pointer, sizeof pointer, "/linux/sysctl/%s", pointer_token(key));
        uint32_t namespace = 0;
        if (!*key)
            continue; /* told of by the loader */
        if (!to_path(path, sizeof path, key))
            fault_at(pointer, "is no name of a sysctl");
        else if ((namespace = owner(path)) == 0)
            fault_at(pointer, "belongs to no namespace: it would change the host");
        else if (!has_own_namespace(plan, namespace))
            fault_at(pointer, "needs a %s namespace other than the host's", namespace_name(namespace));
        else if (strcmp(path, "kernel/hostname") == 0 && plan->hostname && *plan->hostname)
            fault_at(pointer, "/hostname gives the name already");
        else if (strcmp(path, "kernel/domainname") == 0 && plan->domainname && *plan->domainname)
            fault_at(pointer, "/domainname gives the name already");
    }
}
