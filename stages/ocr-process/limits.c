/*
 * How the payload is scheduled and what it may use: sched_setattr(2),
 * ioprio_set(2), personality(2), set_mempolicy(2), prlimit(2). All of it is
 * inherited across execve(2), and all may need capabilities that the payload
 * does not get.
 */
#include <limits.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched/types.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"
#include "process.h"

static uint32_t all_of(const uint32_t *flags, uint32_t count)
{
    uint32_t all = 0;
    for (uint32_t i = 0; i < count; i++)
        all |= flags[i];
    return all;
}

static void set_scheduler(const struct plan_scheduler *s)
{
    struct sched_attr attr = {
        .size = sizeof attr,
        .sched_policy = s->policy,
        .sched_flags = all_of(s->flags, s->flags_len),
        .sched_nice = s->nice,
        .sched_priority = (uint32_t)s->priority,
        .sched_runtime = s->runtime,
        .sched_deadline = s->deadline,
        .sched_period = s->period,
    };
    at("/process/scheduler");
    if (syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
        die("sched_setattr", NULL, "set the scheduling policy");
}

static void set_io_priority(const struct plan_io_priority *io)
{
    at("/process/ioPriority");
    if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(io->class, io->priority)) < 0)
        die("ioprio_set", NULL, "set the I/O priority");
}

/* get_mempolicy(2) and set_mempolicy(2) take the number of bits as one too many (get_nodes() in mm/mempolicy.c). */
enum { NODES_MAX = 1024, BITS = sizeof(unsigned long) * CHAR_BIT }; /* the kernel's largest CONFIG_NODES_SHIFT is 10 */
struct nodes {
    unsigned long mask[NODES_MAX / BITS];
};

/* "0-3,7", whose form ocr-validate has checked. */
static struct nodes parse_nodes(const char *text)
{
    struct nodes nodes = {0};
    char *p = (char *)text;
    while (p && *p) {
        unsigned long first = strtoul(p, &p, 10), last = *p == '-' ? strtoul(p + 1, &p, 10) : first;
        if (last >= NODES_MAX)
            refuse(STATUS_CONFIG, "%lu is no memory node of Linux", last);
        for (unsigned long node = first; node <= last; node++)
            nodes.mask[node / BITS] |= 1UL << node % BITS;
        p += strspn(p, ", \n");
    }
    return nodes;
}

/* The kernel silently leaves out nodes that there are not, or that the cpuset does not allow. */
static void check_nodes(const struct nodes *nodes)
{
    struct nodes allowed = {0};
    if (syscall(SYS_get_mempolicy, NULL, &allowed, NODES_MAX + 1, NULL, MPOL_F_MEMS_ALLOWED) < 0)
        die("get_mempolicy", NULL, "look which memory nodes are allowed");
    for (unsigned node = 0; node < NODES_MAX; node++)
        if (nodes->mask[node / BITS] & ~allowed.mask[node / BITS] & 1UL << node % BITS)
            refuse(STATUS_FAILED, "there is no memory node %u here, or the cpuset does not allow it", node);
}

static void set_memory_policy(const struct plan_memory_policy *policy)
{
    bool any = policy->nodes && *policy->nodes;
    uint32_t flags = all_of(policy->flags, policy->flags_len);
    at("/linux/memoryPolicy/nodes");
    struct nodes nodes = parse_nodes(policy->nodes);
    if (any && !(flags & MPOL_F_RELATIVE_NODES))
        check_nodes(&nodes);
    at("/linux/memoryPolicy");
    if (syscall(SYS_set_mempolicy, policy->mode | flags, any ? &nodes : NULL, any ? NODES_MAX + 1 : 0) < 0)
        die("set_mempolicy", NULL, "set the memory policy");
}

void set_scheduling(const struct plan *plan)
{
    if (plan->process->scheduler)
        set_scheduler(plan->process->scheduler);
    if (plan->process->io_priority)
        set_io_priority(plan->process->io_priority);
    if (plan->linux && plan->linux->memory_policy)
        set_memory_policy(plan->linux->memory_policy);
    at("/linux/personality");
    if (plan->linux && plan->linux->personality && personality(plan->linux->personality->domain) < 0)
        die("personality", NULL, "set the execution domain");
    at("");
}

void set_rlimits(const struct plan_process *process)
{
    for (uint32_t i = 0; i < process->rlimits_len; i++) {
        const struct plan_rlimit *wanted = &process->rlimits[i];
        struct rlimit limit = {.rlim_cur = wanted->soft, .rlim_max = wanted->hard};
        at("/process/rlimits/%u", i);
        if (prlimit(0, wanted->type, &limit, NULL) < 0)
            die("prlimit", NULL, "set the limit to %llu, hard %llu", (unsigned long long)wanted->soft,
                (unsigned long long)wanted->hard);
    }
    at("");
}
