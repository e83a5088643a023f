/* linux.resources.cpu: the share of time. A 0 asks for nothing, as runc and its engines have it. */
#include <stdio.h>

#include "cgroups.h"
#include "error.h"

enum { SHARES_MIN = 2, SHARES_MAX = 262144 }; /* the kernel's, which quietly changes others to these */

/* log2 of x >= 1, one bit of the result after the other. */
static double log2_of(double x)
{
    double result = 0, bit = 0.5;
    while (x >= 2) {
        x /= 2;
        result += 1;
    }
    for (int i = 0; i < 40; i++) {
        x *= x;
        if (x >= 2) {
            x /= 2;
            result += bit;
        }
        bit /= 2;
    }
    return result;
}

/* 10 to the power of x, for small x: e^(x ln 10 / 1024), multiplied by itself ten times. */
static double power_of_10(double x)
{
    double y = x * 2.302585092994046 / 1024, e = 1 + y * (1 + y / 2 * (1 + y / 3 * (1 + y / 4)));
    for (int i = 0; i < 10; i++)
        e *= e;
    return e;
}

/*
 * The weight of version 2 for the shares of version 1, by the curve that runc
 * (since 1.4) and crun (since 1.23) use. It leads through both ends, 2 to 1 and
 * 262144 to 10000, and the defaults, 1024 to 100, so that a container which
 * asks for the default gets as much as a process outside.
 */
static int64_t weight_of(uint64_t shares)
{
    double l = log2_of((double)shares);
    double exact = power_of_10((l * l + 125 * l) / 612 - 7.0 / 34);
    int64_t weight = (int64_t)(exact - 1e-6) + 1; /* rounded up, but for what the arithmetic is off by */
    return weight < 1 ? 1 : weight > 10000 ? 10000 : weight;
}

static void set_shares(struct cgroups *cgroups, struct hierarchy *h, uint64_t shares)
{
    at("/linux/resources/cpu/shares");
    if (shares < SHARES_MIN || shares > SHARES_MAX)
        refuse(STATUS_CONFIG, "must be from %d to %d", SHARES_MIN, SHARES_MAX);
    if (h->v2)
        set_number(cgroups, h, "cpu.weight", weight_of(shares));
    else
        set_number(cgroups, h, "cpu.shares", (int64_t)shares);
}

/* The quota in each period. The period first: the quota that is there, none, goes with any. */
static void set_quota(struct cgroups *cgroups, struct hierarchy *h, int64_t quota, uint64_t period)
{
    if (h->v2) {
        char text[32] = "max";
        if (quota > 0)
            snprintf(text, sizeof text, "%lld", (long long)quota);
        at("/linux/resources/cpu/%s", quota ? "quota" : "period");
        if (period)
            set(cgroups, h, "cpu.max", "%s %llu", text, (unsigned long long)period);
        else
            set(cgroups, h, "cpu.max", "%s", text);
        return;
    }
    at("/linux/resources/cpu/period");
    if (period)
        set(cgroups, h, "cpu.cfs_period_us", "%llu", (unsigned long long)period);
    at("/linux/resources/cpu/quota");
    if (quota)
        set_number(cgroups, h, "cpu.cfs_quota_us", quota < 0 ? -1 : quota);
}

static void set_realtime(struct cgroups *cgroups, struct hierarchy *h, int64_t runtime, uint64_t period)
{
    at("/linux/resources/cpu/realtimePeriod");
    if (period && h->v2)
        refuse_version(2, "limit of real-time scheduling");
    if (period)
        set(cgroups, h, "cpu.rt_period_us", "%llu", (unsigned long long)period);
    at("/linux/resources/cpu/realtimeRuntime");
    if (runtime && h->v2)
        refuse_version(2, "limit of real-time scheduling");
    if (runtime)
        set_number(cgroups, h, "cpu.rt_runtime_us", runtime);
}

void limit_cpu(struct cgroups *cgroups, const struct plan_cpu *cpu)
{
    uint64_t shares = cpu->shares ? *cpu->shares : 0, period = cpu->period ? *cpu->period : 0;
    uint64_t burst = cpu->burst ? *cpu->burst : 0, rt_period = cpu->realtime_period ? *cpu->realtime_period : 0;
    int64_t quota = cpu->quota ? *cpu->quota : 0, rt_runtime = cpu->realtime_runtime ? *cpu->realtime_runtime : 0;
    bool idle = cpu->idle && *cpu->idle;
    if (!shares && !period && !burst && !rt_period && !quota && !rt_runtime && !idle)
        return;
    at("/linux/resources/cpu/%s", shares       ? "shares"
                                  : quota      ? "quota"
                                  : period     ? "period"
                                  : burst      ? "burst"
                                  : rt_runtime ? "realtimeRuntime"
                                  : rt_period  ? "realtimePeriod"
                                               : "idle");
    struct hierarchy *h = controller(cgroups, "cpu");
    if (shares)
        set_shares(cgroups, h, shares);
    if (quota || period)
        set_quota(cgroups, h, quota, period);
    at("/linux/resources/cpu/burst");
    if (burst)
        set(cgroups, h, h->v2 ? "cpu.max.burst" : "cpu.cfs_burst_us", "%llu", (unsigned long long)burst);
    set_realtime(cgroups, h, rt_runtime, rt_period);
    at("/linux/resources/cpu/idle");
    if (idle) /* after the shares: an idle cgroup has no weight that could be set */
        set_number(cgroups, h, "cpu.idle", 1);
}
