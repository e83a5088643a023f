/* Rules of the process. spec: config.md "Linux Process", "POSIX process"; capset(2), setrlimit(2), sched_setattr(2),
 * set_mempolicy(2). */
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>

#include "error.h"
#include "validate.h"

enum { DEADLINE = 6 /* SCHED_DEADLINE */, DEADLINE_LEAST = 1024 /* ns: what the kernel measures with */ };

/* What the kernel would not grant is no fault but worth a warning (config.md: "cannot be granted otherwise, MUST be
 * logged as a warning", "SHOULD NOT fail"). Taken out here, so that the last stage's calls can't fail for it. */
static void limit_capabilities(const char *pointer, uint64_t *set, uint64_t granted, const char *why)
{
    if (*set & ~granted)
        caution(pointer, "%d of its capabilities are not granted: %s", __builtin_popcountll(*set & ~granted), why);
    *set &= granted;
}

static void check_capabilities(struct plan_capabilities *c)
{
    limit_capabilities("/process/capabilities/effective", &c->effective, c->permitted, "they are not in permitted");
    limit_capabilities("/process/capabilities/ambient", &c->ambient, c->permitted & c->inheritable,
                       "they are not in permitted and inheritable");
}

static void check_rlimits(const struct plan_process *process)
{
    char pointer[64];
    uint64_t seen = 0;
    for (uint32_t i = 0; i < process->rlimits_len; i++) {
        const struct plan_rlimit *r = &process->rlimits[i];
        snprintf(pointer, sizeof pointer, "/process/rlimits/%u", i);
        if (seen & UINT64_C(1) << r->type)
            fault_at(pointer, "this limit is in the list already");
        if (r->soft > r->hard)
            fault_at(pointer, "soft is more than hard");
        seen |= UINT64_C(1) << r->type;
    }
}

static void check_scheduler(const struct plan_scheduler *s)
{
    bool realtime = s->policy == SCHED_FIFO || s->policy == SCHED_RR, deadline = s->policy == DEADLINE;
    if (s->priority && !realtime)
        fault_at("/process/scheduler/priority", "only SCHED_FIFO and SCHED_RR take one");
    if (realtime && !s->priority)
        fault_at("/process/scheduler/priority", "must be between 1 and 99 with SCHED_FIFO and SCHED_RR");
    if (!deadline && (s->runtime || s->deadline || s->period))
        fault_at("/process/scheduler", "runtime, deadline and period are for SCHED_DEADLINE only");
    if (!deadline)
        return;
    uint64_t period = s->period ? s->period : s->deadline;
    if (s->runtime < DEADLINE_LEAST || s->runtime > s->deadline || s->deadline > period || period > INT64_MAX)
        fault_at("/process/scheduler", "must have %d <= runtime <= deadline <= period", DEADLINE_LEAST);
}

static void check_memory_policy(const struct plan_memory_policy *m)
{
    static const char where[] = "/linux/memoryPolicy";
    uint32_t flags = 0;
    bool nodes = m->nodes && *m->nodes;
    for (uint32_t i = 0; i < m->flags_len; i++)
        flags |= m->flags[i];
    if ((m->mode == MPOL_DEFAULT || m->mode == MPOL_LOCAL) && (nodes || flags))
        fault_at(where, "MPOL_DEFAULT and MPOL_LOCAL take no nodes and no flags");
    else if (!nodes && m->mode != MPOL_DEFAULT && m->mode != MPOL_LOCAL && m->mode != MPOL_PREFERRED)
        fault_at(where, "this mode needs nodes");
    if ((flags & MPOL_F_STATIC_NODES) && (flags & MPOL_F_RELATIVE_NODES))
        fault_at("/linux/memoryPolicy/flags", "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
    if ((flags & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES)) && m->mode == MPOL_PREFERRED && !nodes)
        fault_at(where, "these flags need nodes");
    if ((flags & MPOL_F_NUMA_BALANCING) && m->mode != MPOL_BIND && m->mode != MPOL_PREFERRED_MANY)
        fault_at("/linux/memoryPolicy/flags", "MPOL_F_NUMA_BALANCING is for MPOL_BIND and MPOL_PREFERRED_MANY");
}

void check_process(struct plan *plan)
{
    struct plan_process *process = plan->process;
    if (plan->linux && plan->linux->memory_policy)
        check_memory_policy(plan->linux->memory_policy);
    if (!process)
        return;
    if (process->capabilities)
        check_capabilities(process->capabilities);
    check_rlimits(process);
    if (process->scheduler)
        check_scheduler(process->scheduler);
}
