/* The small parts of linux.resources: pids, hugepageLimits, network, rdma, unified. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups.h"
#include "error.h"

/* ociVersion before 1.3: config-linux.md read "default is no limit" of a 0, and engines of that time send it so. */
static bool zero_is_no_limit(const char *version)
{
    char *end;
    long major = strtol(version, &end, 10), minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    return major < 1 || (major == 1 && minor < 3);
}

/* From 1.3 on 0 is a number like others. The container's first process counts, and could not be cloned into a cgroup
 * with 0; so 1, which is the same from then on: no other process. */
void limit_pids(struct cgroups *cgroups, const struct plan *plan)
{
    at("/linux/resources/pids/limit");
    if (!plan->linux->resources->pids->limit)
        return;
    int64_t limit = *plan->linux->resources->pids->limit;
    if (limit < 0 || (limit == 0 && zero_is_no_limit(plan->oci_version))) {
        struct hierarchy *h = try_controller(cgroups, "pids"); /* no limit is also what a system without it gives */
        if (h)
            set(cgroups, h, "pids.max", "max");
        return;
    }
    set(cgroups, controller(cgroups, "pids"), "pids.max", "%lld", (long long)(limit ? limit : 1));
}

/* What is in use, and what is reserved (Linux 5.7), which a program notices at mmap(2) and not by a SIGBUS later. */
void limit_hugepages(struct cgroups *cgroups, const struct plan_resources *resources)
{
    char file[96];
    for (unsigned i = 0; i < resources->hugepage_limits_len; i++) {
        const struct plan_hugepage_limit *page = &resources->hugepage_limits[i];
        at("/linux/resources/hugepageLimits/%u", i);
        if (strlen(page->page_size) > 16 || page->page_size[strspn(page->page_size, "0123456789KMGB")])
            refuse(STATUS_CONFIG, "%.40s is not a page size like 2MB", page->page_size);
        struct hierarchy *h = controller(cgroups, "hugetlb");
        const char *suffix = h->v2 ? "max" : "limit_in_bytes";
        snprintf(file, sizeof file, "hugetlb.%s.%s", page->page_size, suffix);
        set(cgroups, h, file, "%llu", (unsigned long long)page->limit);
        snprintf(file, sizeof file, "hugetlb.%s.rsvd.%s", page->page_size, suffix);
        if (has_file(cgroups, h, file))
            set(cgroups, h, file, "%llu", (unsigned long long)page->limit);
    }
}

/* A name goes into a line with numbers behind it: with a space it would become another line. */
static void check_name(const char *name)
{
    for (const char *p = name; *p; p++)
        if (isspace((unsigned char)*p) || iscntrl((unsigned char)*p) || *p == '/')
            refuse(STATUS_CONFIG, "%.40s is not a device's name", name);
}

static struct hierarchy *version_1(struct cgroups *cgroups, const char *name)
{
    struct hierarchy *h = try_controller(cgroups, name);
    if (!h)
        refuse(STATUS_FAILED, "this system has no cgroup controller %s, which is one of version 1", name);
    return h;
}

void limit_network(struct cgroups *cgroups, const struct plan_network *network)
{
    at("/linux/resources/network/classID");
    if (network->class_id && *network->class_id)
        set(cgroups, version_1(cgroups, "net_cls"), "net_cls.classid", "%u", *network->class_id);
    for (unsigned i = 0; i < network->priorities_len; i++) {
        at("/linux/resources/network/priorities/%u", i);
        check_name(network->priorities[i].name);
        set(cgroups, version_1(cgroups, "net_prio"), "net_prio.ifpriomap", "%s %u", network->priorities[i].name,
            network->priorities[i].priority);
    }
}

void limit_rdma(struct cgroups *cgroups, const struct plan_resources *resources)
{
    for (unsigned i = 0; i < resources->rdma_len; i++) {
        const char *name = resources->rdma[i].key;
        const struct plan_rdma *limit = &resources->rdma[i].value;
        char handles[32] = "", objects[32] = "";
        at("/linux/resources/rdma/%s", pointer_token(name));
        check_name(name);
        if (limit->hca_handles)
            snprintf(handles, sizeof handles, " hca_handle=%u", *limit->hca_handles);
        if (limit->hca_objects)
            snprintf(objects, sizeof objects, " hca_object=%u", *limit->hca_objects);
        if (handles[0] || objects[0])
            set(cgroups, controller(cgroups, "rdma"), "rdma.max", "%s%s%s", name, handles, objects);
    }
}

/* A file of version 2 takes one device a line (io.max), and one line a write. */
static void set_lines(struct cgroups *cgroups, struct hierarchy *h, const char *file, const char *lines)
{
    if (!*lines)
        set(cgroups, h, file, "%s", "");
    for (size_t n; *lines; lines += n + (lines[n] == '\n')) {
        n = strcspn(lines, "\n");
        if (n)
            set(cgroups, h, file, "%.*s", (int)n, lines);
    }
}

/* config-linux.md, "Unified": a file of the version 2 cgroup for each key; what does not exist is an error. */
void set_unified(struct cgroups *cgroups, const struct plan_resources *resources)
{
    for (unsigned i = 0; i < resources->unified_len; i++) {
        const char *file = resources->unified[i].key;
        const char *lines = resources->unified[i].value;
        char name[64];
        at("/linux/resources/unified/%s", pointer_token(file));
        snprintf(name, sizeof name, "%.*s", (int)strcspn(file, "."), file);
        struct hierarchy *h = try_controller(cgroups, name);
        if (!h || !h->v2)
            refuse(STATUS_FAILED, "%s: the controller %s is not in a cgroup version 2 hierarchy of this system", file,
                   name);
        set_lines(cgroups, h, file, lines ? lines : "");
    }
}
