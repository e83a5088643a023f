/*
 * linux.resources.devices: the list of what is allowed, config-linux.md.
 *
 * The rules apply in their order, a later one over an earlier one, to a cgroup
 * where nothing is allowed at first. What a container must have is allowed after
 * them: the default devices, and making nodes of any kind, which gives no access.
 * A rule that allows everything ends both, until the next that forbids everything.
 * Without any rule nothing is restricted. So runc and crun have it, but that runc
 * restricts without a rule, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroups.h"
#include "error.h"
#include "fd.h"

enum {
    MKNOD = BPF_DEVCG_ACC_MKNOD,
    ALL = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE,
};

static const struct device_rule always[] = {
    {-1, -1, MKNOD, 'c', true}, /* */
    {-1, -1, MKNOD, 'b', true}, /* */
    {1, 3, ALL, 'c', true},     /* null */
    {1, 5, ALL, 'c', true},     /* zero */
    {1, 7, ALL, 'c', true},     /* full */
    {1, 8, ALL, 'c', true},     /* random */
    {1, 9, ALL, 'c', true},     /* urandom */
    {5, 0, ALL, 'c', true},     /* tty */
    {5, 1, ALL, 'c', true},     /* console */
    {5, 2, ALL, 'c', true},     /* ptmx */
    {136, -1, ALL, 'c', true},  /* pts/0 and so on */
};
enum { ALWAYS = sizeof always / sizeof *always };

struct rules {
    struct device_rule rule[DEVICE_RULES_MAX];
    unsigned count, given; /* the first `given` are config.json's, from the `first` on */
    unsigned first;
    bool allowed; /* what holds for devices that no rule is about */
};

static bool is_about_all(const struct device_rule *rule)
{
    return rule->type == 'a' && rule->major < 0 && rule->minor < 0 && rule->access == ALL;
}

static struct device_rule rule_of(const struct plan_device_rule *given)
{
    struct device_rule rule = {-1, -1, 0, 'a', given->allow};
    if (given->type)
        rule.type = (char)given->type;
    if (given->major)
        rule.major = *given->major;
    if (given->minor)
        rule.minor = *given->minor;
    for (const char *p = given->access ? given->access : ""; *p; p++)
        rule.access |= *p == 'r' ? BPF_DEVCG_ACC_READ : *p == 'w' ? BPF_DEVCG_ACC_WRITE : MKNOD;
    if (!rule.access) /* none named: all */
        rule.access = ALL;
    return rule;
}

/* A rule about everything makes those before it void. */
static void collect(struct rules *rules, const struct plan_resources *resources)
{
    unsigned total = resources->devices_len;
    for (unsigned i = 0; i < total; i++) {
        struct device_rule rule = rule_of(&resources->devices[i]);
        at("/linux/resources/devices/%u", i);
        if (is_about_all(&rule)) {
            rules->count = 0;
            rules->first = i + 1;
            rules->allowed = rule.allow;
        } else if (rules->count == DEVICE_RULES_MAX - ALWAYS) {
            refuse(STATUS_CONFIG, "more than %d rules", DEVICE_RULES_MAX - ALWAYS);
        } else {
            rules->rule[rules->count++] = rule;
        }
    }
    rules->given = rules->count;
    if (rules->allowed)
        return;
    memcpy(rules->rule + rules->count, always, sizeof always);
    rules->count += ALWAYS;
}

static bool overlap(int64_t a, int64_t b)
{
    return a < 0 || b < 0 || a == b;
}

/*
 * Version 1 keeps one list of exceptions from one default, and takes one back
 * only if it is named exactly as before. What can't be said that way is not
 * kept silently wrong: a ban of less than was allowed would be none.
 */
static void check_v1(const struct rules *rules, unsigned i)
{
    const struct device_rule *rule = &rules->rule[i];
    for (unsigned k = 0; k < i && rule->allow == rules->allowed; k++) {
        const struct device_rule *before = &rules->rule[k];
        bool same = before->type == rule->type && before->major == rule->major && before->minor == rule->minor;
        if (before->allow != rule->allow && !same && (before->access & rule->access) &&
            (before->type == 'a' || rule->type == 'a' || before->type == rule->type) &&
            overlap(before->major, rule->major) && overlap(before->minor, rule->minor))
            refuse(STATUS_FAILED, "cgroup version 1 can't take back a part of rule %u", rules->first + k);
    }
}

static void write_rule(int fd, char type, const struct device_rule *rule)
{
    char text[96], major[24] = "*", minor[24] = "*";
    if (rule->major >= 0)
        snprintf(major, sizeof major, "%lld", (long long)rule->major);
    if (rule->minor >= 0)
        snprintf(minor, sizeof minor, "%lld", (long long)rule->minor);
    int n = snprintf(text, sizeof text, "%c %s:%s %s%s%s", type, major, minor,
                     rule->access & BPF_DEVCG_ACC_READ ? "r" : "", rule->access & BPF_DEVCG_ACC_WRITE ? "w" : "",
                     rule->access & MKNOD ? "m" : "");
    if (write(fd, text, (size_t)n) != n)
        die("write", rule->allow ? "devices.allow" : "devices.deny", "write \"%s\" to %s", text,
            rule->allow ? "devices.allow" : "devices.deny");
}

/* See the kernel's cgroup-v1/devices.rst. "a" stands for everything there, whatever follows it, so a rule about both
 * types of some devices is two. */
static void write_v1(const struct cgroups *cgroups, struct hierarchy *h, const struct rules *rules)
{
    int dir = hierarchy_dir(cgroups, h);
    OWNED_FD allow = openat(dir, "devices.allow", O_WRONLY | O_CLOEXEC);
    OWNED_FD deny = openat(dir, "devices.deny", O_WRONLY | O_CLOEXEC);
    if (allow < 0 || deny < 0)
        die("open", "devices.allow", "open %s/%s/devices.allow", h->mount, cgroups->path);
    if (write(rules->allowed ? allow : deny, "a", 1) != 1)
        die("write", "devices", "write \"a\" to devices.%s", rules->allowed ? "allow" : "deny");
    for (unsigned i = 0; i < rules->count; i++) {
        const struct device_rule *rule = &rules->rule[i];
        if (i < rules->given)
            at("/linux/resources/devices/%u", rules->first + i);
        else
            at("/linux/resources/devices");
        check_v1(rules, i);
        if (rule->type != 'c')
            write_rule(rule->allow ? allow : deny, 'b', rule);
        if (rule->type != 'b')
            write_rule(rule->allow ? allow : deny, 'c', rule);
    }
}

void limit_devices(struct cgroups *cgroups, const struct plan_resources *resources)
{
    static struct rules rules;
    struct hierarchy *v1 = NULL, *v2 = NULL;
    if (!resources->devices_len)
        return;
    collect(&rules, resources);
    for (unsigned i = 0; i < cgroups->count; i++) {
        struct hierarchy *h = &cgroups->list[i];
        if (h->v2)
            v2 = h;
        else if (strcmp(h->name, "devices") == 0)
            v1 = h;
    }
    at("/linux/resources/devices");
    if (rules.allowed && !rules.count && !(v1 && !v1->made))
        return; /* as without rules: a new cgroup has what the one above has */
    if (v1)
        write_v1(cgroups, v1, &rules);
    else if (v2)
        attach_device_program(hierarchy_dir(cgroups, v2), rules.rule, rules.count, rules.allowed);
    else
        refuse(STATUS_FAILED, "this system has no cgroup controller for devices, in version 1 or 2");
}
