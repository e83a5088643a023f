/* Rules of limits. spec: config-linux.md "Control groups". */
#include <stdio.h>

#include "error.h"
#include "validate.h"

static void check_memory(const struct plan_memory *m)
{
    /* cgroup-v1/memory.rst: memsw is memory and swap together; v2 takes the difference. 0 is "not set" in Go. */
    if (m->limit && m->swap && *m->swap > 0 && *m->swap < *m->limit)
        fault_at("/linux/resources/memory/swap", "is for memory and swap together: must be at least memory.limit");
}

static void check_cpu(const struct plan_cpu *c)
{
    if (c->burst && c->quota && *c->quota > 0 && *c->burst > (uint64_t)*c->quota)
        fault_at("/linux/resources/cpu/burst", "must be at most quota");
}

static void check_block_io(const struct plan_block_io *b)
{
    for (uint32_t i = 0; i < b->weight_device_len; i++) {
        char pointer[80];
        snprintf(pointer, sizeof pointer, "/linux/resources/blockIO/weightDevice/%u", i);
        if (!b->weight_device[i].weight && !b->weight_device[i].leaf_weight)
            fault_at(pointer, "needs weight or leafWeight");
    }
}

void check_resources(const struct plan_resources *r)
{
    if (r->memory)
        check_memory(r->memory);
    if (r->cpu)
        check_cpu(r->cpu);
    if (r->block_io)
        check_block_io(r->block_io);
    for (uint32_t i = 0; i < r->rdma_len; i++) {
        char pointer[160];
        if (r->rdma[i].value.hca_handles || r->rdma[i].value.hca_objects)
            continue;
        snprintf(pointer, sizeof pointer, "/linux/resources/rdma/%s", pointer_token(r->rdma[i].key));
        fault_at(pointer, "needs hcaHandles or hcaObjects");
    }
}
