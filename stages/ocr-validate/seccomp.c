/* Rules of a seccomp profile. spec: config-linux.md "Seccomp", seccomp(2). */
#include <linux/seccomp.h>
#include <stdio.h>

#include "error.h"
#include "validate.h"

enum { MAX_ERRNO = 4095 }; /* the kernel's: it would silently return this one instead of a larger one */

/* "When the action doesn't support an errno, the runtime MUST print and error and fail." */
static void check_action(const char *pointer, const char *suffix, uint32_t action, const uint32_t *errno_ret)
{
    char where[96];
    snprintf(where, sizeof where, "%s/%s", pointer, suffix);
    if (errno_ret && action != SECCOMP_RET_ERRNO && action != SECCOMP_RET_TRACE)
        fault_at(where, "only SCMP_ACT_ERRNO and SCMP_ACT_TRACE take one");
    else if (errno_ret && action == SECCOMP_RET_ERRNO && *errno_ret > MAX_ERRNO)
        fault_at(where, "must be at most %d: the kernel has no errno above", MAX_ERRNO);
}

/*
 * Conditions on several arguments must all hold. How several on one argument
 * combine, the spec leaves open: runc and crun take them as alternatives, and
 * so do we. Both in one rule is refused: the peers let any single condition
 * decide then, which is wider than what anybody would read (runc issue 2735).
 */
static void check_conditions(const char *pointer, const struct plan_syscall *rule)
{
    char where[96];
    unsigned first = 0, repeated = 0;
    for (uint32_t i = 0; i < rule->args_len; i++) {
        for (uint32_t k = 0; k < i && !repeated; k++)
            if (rule->args[k].index == rule->args[i].index)
                repeated = i;
        if (rule->args[i].index == rule->args[0].index)
            first++;
    }
    snprintf(where, sizeof where, "%s/args/%u", pointer, repeated);
    if (repeated && first != rule->args_len)
        fault_at(where, "a second condition on argument %u, beside conditions on others: make it several rules",
                 rule->args[repeated].index);
}

void check_seccomp(const struct plan_seccomp *profile)
{
    static const char listeners[] = "seccomp listeners are not supported yet";
    char pointer[64];
    if (profile->default_action == SECCOMP_RET_USER_NOTIF)
        fault_at("/linux/seccomp/defaultAction", "%s", listeners);
    check_action("/linux/seccomp", "defaultErrnoRet", profile->default_action, profile->default_errno_ret);
    for (uint32_t i = 0; i < profile->flags_len; i++) {
        snprintf(pointer, sizeof pointer, "/linux/seccomp/flags/%u", i);
        if (profile->flags[i] == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
            fault_at(pointer, "needs a seccomp listener, and %s", listeners);
    }
    for (uint32_t i = 0; i < profile->syscalls_len; i++) {
        const struct plan_syscall *rule = &profile->syscalls[i];
        snprintf(pointer, sizeof pointer, "/linux/seccomp/syscalls/%u/action", i);
        if (rule->action == SECCOMP_RET_USER_NOTIF)
            fault_at(pointer, "%s", listeners);
        snprintf(pointer, sizeof pointer, "/linux/seccomp/syscalls/%u", i);
        check_action(pointer, "errnoRet", rule->action, rule->errno_ret);
        check_conditions(pointer, rule);
    }
}
