/* linux.resources.memory. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroups.h"
#include "error.h"

static bool machine_has_swap(void)
{
    char heading[256], line[256];
    FILE *swaps = fopen("/proc/swaps", "re");
    bool has = !swaps || (fgets(heading, sizeof heading, swaps) && fgets(line, sizeof line, swaps));
    if (swaps)
        fclose(swaps);
    return has;
}

/* A kernel that does not account for swap lacks the file. No limit is what it gives anyway, and none of it is what a
 * machine without swap gives. */
static bool is_so_anyway(const struct cgroups *cgroups, struct hierarchy *h, const char *file, int64_t swap)
{
    return !has_file(cgroups, h, file) && (swap == -1 || (swap == 0 && !machine_has_swap()));
}

/* Version 1 wants limit <= memsw at any time. A new cgroup has neither, so the limit goes first; one that has a lower
 * memsw already refuses that (EINVAL), and takes it the other way round. */
static void limit_v1(const struct cgroups *cgroups, struct hierarchy *h, const struct plan_memory *memory)
{
    char limit[32];
    bool done = false;
    at("/linux/resources/memory/limit");
    if (memory->limit) {
        snprintf(limit, sizeof limit, "%lld", (long long)*memory->limit);
        done = try_set(cgroups, h, "memory.limit_in_bytes", limit);
        if (!done && (errno != EINVAL || !memory->swap))
            die("write", "memory.limit_in_bytes", "write \"%s\" to %s/%s/memory.limit_in_bytes", limit, h->mount,
                cgroups->path);
    }
    if (memory->swap) {
        at("/linux/resources/memory/swap");
        int64_t alone = *memory->swap == -1 || !memory->limit ? *memory->swap : *memory->swap - *memory->limit;
        if (!is_so_anyway(cgroups, h, "memory.memsw.limit_in_bytes", alone))
            set_number(cgroups, h, "memory.memsw.limit_in_bytes", *memory->swap);
    }
    at("/linux/resources/memory/limit");
    if (memory->limit && !done)
        set_number(cgroups, h, "memory.limit_in_bytes", *memory->limit);
}

/* The kernel may take a limit on its memory and do nothing with it (since Linux 5.16), so it is read back. */
static void limit_kernel_v1(const struct cgroups *cgroups, struct hierarchy *h, const char *file, int64_t limit)
{
    char text[32], path[PATH_MAX];
    set_number(cgroups, h, file, limit);
    snprintf(path, sizeof path, "%s", cgroups->path);
    read_file(h, path, file, text, sizeof text);
    long long now = -1;
    /* It counts whole pages, of at most 64 KiB. */
    if (sscanf(text, "%lld", &now) != 1 || now > limit || limit - now >= 65536)
        refuse(STATUS_FAILED, "the kernel does not apply %s: it says %s", file, text);
}

/* config.json counts memory and swap together, version 2 swap alone. */
static void limit_swap_v2(const struct cgroups *cgroups, struct hierarchy *h, const struct plan_memory *memory)
{
    int64_t swap = *memory->swap;
    at("/linux/resources/memory/swap");
    if (swap != -1) {
        if (!memory->limit || *memory->limit == -1)
            refuse(STATUS_CONFIG, "counts memory and swap together, so it needs memory.limit");
        if (swap < *memory->limit)
            refuse(STATUS_CONFIG, "counts memory and swap together, so it can't be less than memory.limit");
        swap -= *memory->limit;
    }
    if (!is_so_anyway(cgroups, h, "memory.swap.max", swap))
        set_number(cgroups, h, "memory.swap.max", swap);
}

/* Version 1's file, or a refusal: version 2 has nothing of that kind. */
static void only_v1(const struct cgroups *cgroups, struct hierarchy *h, const char *member, const char *file,
                    int64_t value)
{
    at("/linux/resources/memory/%s", member);
    if (h->v2)
        refuse_version(2, file);
    if (strstr(file, ".kmem."))
        limit_kernel_v1(cgroups, h, file, value);
    else
        set_number(cgroups, h, file, value);
}

void limit_memory(struct cgroups *cgroups, const struct plan_memory *memory)
{
    bool kernel = memory->kernel && *memory->kernel != -1, tcp = memory->kernel_tcp && *memory->kernel_tcp != -1;
    if (!memory->limit && !memory->reservation && !memory->swap && !kernel && !tcp && !memory->swappiness &&
        !memory->disable_oom_killer)
        return;
    at("/linux/resources/memory/%s", memory->limit         ? "limit"
                                     : memory->swap        ? "swap"
                                     : memory->reservation ? "reservation"
                                     : kernel              ? "kernel"
                                     : tcp                 ? "kernelTCP"
                                     : memory->swappiness  ? "swappiness"
                                                           : "disableOOMKiller");
    struct hierarchy *h = controller(cgroups, "memory");
    if (!h->v2) {
        limit_v1(cgroups, h, memory);
    } else {
        at("/linux/resources/memory/limit");
        if (memory->limit)
            set_number(cgroups, h, "memory.max", *memory->limit);
        if (memory->swap)
            limit_swap_v2(cgroups, h, memory);
    }
    at("/linux/resources/memory/reservation");
    if (memory->reservation && *memory->reservation == -1 && h->v2)
        set(cgroups, h, "memory.low", "0"); /* nothing is reserved; "max" would protect all of it */
    else if (memory->reservation)
        set_number(cgroups, h, h->v2 ? "memory.low" : "memory.soft_limit_in_bytes", *memory->reservation);
    if (kernel)
        only_v1(cgroups, h, "kernel", "memory.kmem.limit_in_bytes", *memory->kernel);
    if (tcp)
        only_v1(cgroups, h, "kernelTCP", "memory.kmem.tcp.limit_in_bytes", *memory->kernel_tcp);
    if (memory->swappiness)
        only_v1(cgroups, h, "swappiness", "memory.swappiness", (int64_t)*memory->swappiness);
    if (memory->disable_oom_killer)
        only_v1(cgroups, h, "disableOOMKiller", "memory.oom_control", 1);
    /* useHierarchy: since Linux 5.11 there is nothing else. */
}
