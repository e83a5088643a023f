/*
 * ocr-seccomp: the seccomp profile -> BPF.
 *
 * Takes: plan. Compiles linux.seccomp with libseccomp to what the kernel runs,
 * makes that short (shrink.h) and keeps it for the next container with the same
 * profile (bpf-cache.h), so ocr-validate puts this stage into a walk only when
 * the profile is new. Gives: bpf. The last stage loads it, with the plan's
 * flags. Alone it prints the filter as text. Fails at: an architecture that
 * libseccomp does not know, a filter that is longer than the kernel takes. See
 * seccomp_rule_add(3), seccomp_export_bpf(3), config-linux.md "Seccomp".
 */
#include <errno.h>
#include <getopt.h>
#include <linux/bpf_common.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "baton.h"
#include "bpf-cache.h"
#include "error.h"
#include "fd.h"
#include "plan.h"
#include "shrink.h"
#include "sys.h"
#include "usage.h"

static const char usage[] =
    "usage: ocr-seccomp [--root DIR] [--plain] [NEXT [ARG]...]\n"
    "\n"
    "Compiles the seccomp profile; without NEXT it prints the filter as text.\n"
    "\n"
    "      --root DIR  the folder of all containers' states (/run/ocr): the compiled filter is kept there\n"
    "      --plain     as libseccomp made it, not shortened\n";

struct options {
    const char *root;
    bool plain;
};

static struct options parse(int argc, char **argv)
{
    static const struct option longs[] = {{"root", required_argument, NULL, 'r'},
                                          {"plain", no_argument, NULL, 'p'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct options o = {0};
    for (int option; (option = getopt_long(argc, argv, "+h", longs, NULL)) != -1;) {
        switch (option) {
        case 'r': o.root = optarg; break;
        case 'p': o.plain = true; break;
        default: usage_exit(usage, option == 'h');
        }
    }
    return o;
}

_Static_assert(SCMP_ACT_KILL_PROCESS == SECCOMP_RET_KILL_PROCESS && SCMP_ACT_KILL_THREAD == SECCOMP_RET_KILL_THREAD &&
                   SCMP_ACT_TRAP == SECCOMP_RET_TRAP && SCMP_ACT_ERRNO(0) == SECCOMP_RET_ERRNO &&
                   SCMP_ACT_TRACE(0) == SECCOMP_RET_TRACE && SCMP_ACT_LOG == SECCOMP_RET_LOG &&
                   SCMP_ACT_ALLOW == SECCOMP_RET_ALLOW,
               "libseccomp's actions are the kernel's");

/* The action with its data: the errno to return, or what the tracer is told. Spec: "its default value is EPERM". */
static uint32_t action_with(uint32_t action, const uint32_t *errno_ret)
{
    if (action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE)
        action |= errno_ret ? *errno_ret & SECCOMP_RET_DATA : EPERM;
    return action;
}

/* The native architecture is always in the filter: seccomp_init(3) put it there. */
static void add_architectures(scmp_filter_ctx filter, const struct plan_seccomp *profile)
{
    for (uint32_t i = 0; i < profile->architectures_len; i++) {
        at("/linux/seccomp/architectures/%u", i);
        int error = -seccomp_arch_add(filter, profile->architectures[i]);
        if (error == EINVAL)
            refuse(STATUS_CONFIG, "libseccomp %d.%d.%d does not know this architecture", SCMP_VER_MAJOR, SCMP_VER_MINOR,
                   SCMP_VER_MICRO);
        if (error == EDOM)
            refuse(STATUS_CONFIG, "a filter can't hold architectures of both byte orders");
        if (error != 0 && error != EEXIST)
            fail(STATUS_FAILED, error, "seccomp_arch_add", NULL, "add an architecture to the seccomp filter");
    }
}

static void add_rule(scmp_filter_ctx filter, uint32_t action, const char *name, int number, unsigned conditions,
                     const struct scmp_arg_cmp *condition)
{
    static unsigned rules;
    /* Each makes at least one instruction, unless it is there already; libseccomp takes ever longer for one more. */
    if (++rules > BPF_MAXINSNS)
        refuse(STATUS_CONFIG, "more than %d rules, counting each name: the kernel takes at most so many instructions",
               BPF_MAXINSNS);
    int error = -seccomp_rule_add_array(filter, action, number, conditions, condition);
    /* EEXIST: the profile has this very rule twice. */
    if (error != 0 && error != EEXIST)
        fail(STATUS_FAILED, error, "seccomp_rule_add_array", name, "add the rule for %s", name);
}

/* True if two conditions are on one argument; ocr-validate saw to it that then all of them are. */
static bool same_argument(const struct plan_syscall *rule)
{
    if (rule->args_len > 6)
        return true; /* there are only six */
    for (uint32_t i = 1; i < rule->args_len; i++)
        if (rule->args[i].index == rule->args[0].index)
            return true;
    return false;
}

/*
 * One entry of the profile. Its conditions must all hold (CVE-2017-18367).
 * libseccomp takes one condition for each argument: several on the same one
 * are alternatives, a rule each, which is what runc and crun make of them.
 */
static void add_rules(scmp_filter_ctx filter, const struct plan_syscall *rule, uint32_t action)
{
    struct scmp_arg_cmp conditions[6];
    bool alternatives = same_argument(rule);
    for (uint32_t n = 0; n < rule->names_len; n++) {
        int number = seccomp_syscall_resolve_name(rule->names[n]);
        if (number == __NR_SCMP_ERROR) {
            debug("libseccomp knows no system call %s: the default action holds for it", rule->names[n]);
            continue;
        }
        for (uint32_t i = 0; i < rule->args_len; i++) {
            const struct plan_syscall_arg *a = &rule->args[i];
            struct scmp_arg_cmp condition = {a->index, (enum scmp_compare)a->op, a->value, a->value_two};
            if (alternatives)
                add_rule(filter, action, rule->names[n], number, 1, &condition);
            else
                conditions[i] = condition;
        }
        if (!alternatives)
            add_rule(filter, action, rule->names[n], number, rule->args_len, conditions);
    }
}

static scmp_filter_ctx make_filter(const struct plan_seccomp *profile)
{
    uint32_t otherwise = action_with(profile->default_action, profile->default_errno_ret);
    scmp_filter_ctx filter = seccomp_init(otherwise);
    if (!filter)
        refuse(STATUS_FAILED, "libseccomp can't begin a filter with this default action");
    add_architectures(filter, profile);
    for (uint32_t i = 0; i < profile->syscalls_len; i++) {
        const struct plan_syscall *rule = &profile->syscalls[i];
        uint32_t action = action_with(rule->action, rule->errno_ret);
        at("/linux/seccomp/syscalls/%u", i);
        if (action != otherwise) /* libseccomp refuses a rule that changes nothing */
            add_rules(filter, rule, action);
    }
    at("/linux/seccomp");
    return filter;
}

/* The filter's BPF, mapped; libseccomp writes it to an fd only. */
static const struct sock_filter *export(scmp_filter_ctx filter, size_t *length)
{
    OWNED_FD fd = memfd_create("ocr-bpf", MFD_CLOEXEC);
    int error = fd < 0 ? errno : -seccomp_export_bpf(filter, fd);
    if (error)
        fail(STATUS_FAILED, error, "seccomp_export_bpf", NULL, "compile the seccomp filter");
    off_t size = lseek(fd, 0, SEEK_END);
    void *bpf = size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    if (bpf == MAP_FAILED)
        die("mmap", NULL, "read the compiled seccomp filter");
    *length = (size_t)size / sizeof(struct sock_filter);
    return bpf;
}

static void give_filter(const struct options *o, const struct plan_linux *linux, scmp_filter_ctx filter)
{
    size_t before, length;
    const struct sock_filter *bpf = export(filter, &before);
    length = before;
    if (!o->plain)
        shrink(&bpf, &length);
    if (length > BPF_MAXINSNS)
        refuse(STATUS_CONFIG, "the filter has %zu instructions, the kernel takes at most %d", length, BPF_MAXINSNS);
    at("");
    const char *why = bpf_cache_keep(o->root, linux, bpf, length * sizeof *bpf);
    debug("compiled the seccomp filter: %zu instructions, were %zu; %s%s", length, before, why ? "not kept: " : "kept",
          why ? why : "");
    int fd = bpf_memfd(bpf, length * sizeof *bpf);
    if (fd < 0)
        die("memfd_create", NULL, "put the seccomp filter into the baton");
    baton_put("bpf", fd);
}

int main(int argc, char **argv)
{
    stage_is("ocr-seccomp");
    struct options o = parse(argc, argv);
    char **next = argv + optind;
    baton_take();
    const struct plan *plan = plan_map(baton_need("plan"));
    scmp_filter_ctx filter = plan->linux->seccomp ? make_filter(plan->linux->seccomp) : NULL;
    if (!*next)
        return filter && seccomp_export_pfc(filter, STDOUT_FILENO) < 0 ? STATUS_FAILED : 0;
    if (filter)
        give_filter(&o, plan->linux, filter);
    baton_pass(next);
}
