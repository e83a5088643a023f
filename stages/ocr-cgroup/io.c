/* linux.resources.blockIO. A 0 asks for nothing: no weight or no limit of its own. */
#include <stdio.h>

#include "cgroups.h"
#include "error.h"

/* Version 1 calls it blkio. */
static struct hierarchy *io_controller(struct cgroups *cgroups)
{
    struct hierarchy *h = try_controller(cgroups, "blkio");
    return h ? h : controller(cgroups, "io");
}

/* blkio's weight, 10 to 1000, as io.weight's, 1 to 10000: straight through both ends, as runc and crun have it. */
static unsigned io_weight(unsigned weight)
{
    return weight <= 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}

/* Where weights go: BFQ's file if the kernel has it, which takes them as they are, or the one of version 2's iocost
 * or of version 1's CFQ (gone with Linux 5.0). */
static void set_weight(struct cgroups *cgroups, struct hierarchy *h, const char *device, unsigned weight)
{
    const char *bfq = h->v2 ? "io.bfq.weight" : *device ? "blkio.bfq.weight_device" : "blkio.bfq.weight";
    if (has_file(cgroups, h, bfq))
        set(cgroups, h, bfq, "%s%u", device, weight);
    else if (h->v2)
        set(cgroups, h, "io.weight", "%s%u", device, io_weight(weight));
    else
        set(cgroups, h, *device ? "blkio.weight_device" : "blkio.weight", "%s%u", device, weight);
}

static void set_leaf_weight(struct cgroups *cgroups, struct hierarchy *h, const char *device, unsigned weight)
{
    if (h->v2)
        refuse_version(2, "leaf weight");
    set(cgroups, h, *device ? "blkio.leaf_weight_device" : "blkio.leaf_weight", "%s%u", device, weight);
}

/* Lines of "MAJOR:MINOR NAMErate"; 0 asks for no limit. */
static void throttle(struct cgroups *cgroups, const char *member, const struct plan_throttle_device *devices,
                     unsigned count, const char *file, const char *name)
{
    for (unsigned i = 0; i < count; i++) {
        at("/linux/resources/blockIO/%s/%u", member, i);
        if (!devices[i].rate)
            continue;
        struct hierarchy *h = io_controller(cgroups);
        set(cgroups, h, h->v2 ? "io.max" : file, "%lld:%lld %s%llu", (long long)devices[i].major,
            (long long)devices[i].minor, h->v2 ? name : "", (unsigned long long)devices[i].rate);
    }
}

static void set_device_weights(struct cgroups *cgroups, const struct plan_block_io *io)
{
    for (unsigned i = 0; i < io->weight_device_len; i++) {
        const struct plan_weight_device *device = &io->weight_device[i];
        char name[64];
        snprintf(name, sizeof name, "%lld:%lld ", (long long)device->major, (long long)device->minor);
        at("/linux/resources/blockIO/weightDevice/%u/weight", i);
        if (device->weight && *device->weight)
            set_weight(cgroups, io_controller(cgroups), name, *device->weight);
        at("/linux/resources/blockIO/weightDevice/%u/leafWeight", i);
        if (device->leaf_weight && *device->leaf_weight)
            set_leaf_weight(cgroups, io_controller(cgroups), name, *device->leaf_weight);
    }
}

void limit_io(struct cgroups *cgroups, const struct plan_block_io *io)
{
    at("/linux/resources/blockIO/weight");
    if (io->weight && *io->weight)
        set_weight(cgroups, io_controller(cgroups), "", *io->weight);
    at("/linux/resources/blockIO/leafWeight");
    if (io->leaf_weight && *io->leaf_weight)
        set_leaf_weight(cgroups, io_controller(cgroups), "", *io->leaf_weight);
    set_device_weights(cgroups, io);
    throttle(cgroups, "throttleReadBpsDevice", io->throttle_read_bps_device, io->throttle_read_bps_device_len,
             "blkio.throttle.read_bps_device", "rbps=");
    throttle(cgroups, "throttleWriteBpsDevice", io->throttle_write_bps_device, io->throttle_write_bps_device_len,
             "blkio.throttle.write_bps_device", "wbps=");
    throttle(cgroups, "throttleReadIOPSDevice", io->throttle_read_iops_device, io->throttle_read_iops_device_len,
             "blkio.throttle.read_iops_device", "riops=");
    throttle(cgroups, "throttleWriteIOPSDevice", io->throttle_write_iops_device, io->throttle_write_iops_device_len,
             "blkio.throttle.write_iops_device", "wiops=");
}
