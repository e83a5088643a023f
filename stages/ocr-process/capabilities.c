/*
 * The five capability sets of process.capabilities. See capabilities(7).
 *
 * Without process.capabilities the payload gets none, as with other runtimes.
 * What we don't have ourselves can't be granted: it is warned about and left
 * out (spec, config.md, "Linux Process"). Nothing is in a set that the config
 * does not name there: an inheritable or ambient set that came from nowhere
 * was CVE-2022-29162.
 */
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"
#include "process.h"

/* clang-format off */
static const char *const names[] = {
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    "CHECKPOINT_RESTORE",
};
/* clang-format on */

static uint64_t bit(unsigned capability)
{
    return UINT64_C(1) << capability;
}

static const char *name(unsigned capability)
{
    static char text[32];
    if (capability < sizeof names / sizeof *names)
        snprintf(text, sizeof text, "CAP_%s", names[capability]);
    else
        snprintf(text, sizeof text, "capability %u", capability);
    return text;
}

/* Of `wanted` what is in `allowed`. */
static uint64_t grant(const char *set, uint64_t wanted, uint64_t allowed)
{
    char list[400] = "";
    size_t length = 0;
    for (unsigned c = 0; c < 64; c++)
        if (wanted & ~allowed & bit(c) && length < sizeof list - 40)
            length += (size_t)snprintf(list + length, sizeof list - length, " %s", name(c));
    if (length) {
        at("/process/capabilities/%s", set);
        warn("left out, since it can't be granted:%s", list);
        at("");
    }
    return wanted & allowed;
}

static uint64_t own_permitted(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0)
        die("capget", NULL, "read the own capabilities");
    return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

/* Drops what is not wanted from the bounding set, one by one as the kernel has it, and returns what is left. We were
 * executed as root, so nearly all of the bounding set is in the permitted set: only the rest has to be asked for. */
static uint64_t limit_bounding(uint64_t wanted, uint64_t permitted)
{
    uint64_t left = 0;
    for (unsigned c = 0; c < 64; c++) {
        if (!(permitted & bit(c))) {
            int present = prctl(PR_CAPBSET_READ, c);
            if (present < 0)
                break; /* EINVAL: one after the last that this kernel has */
            if (!present)
                continue;
        }
        if (wanted & bit(c))
            left |= bit(c);
        else if (prctl(PR_CAPBSET_DROP, c) < 0)
            die("prctl", NULL, "drop %s from the bounding set", name(c));
    }
    return left;
}

struct capabilities limit_capabilities(const struct plan_process *process)
{
    static const struct plan_capabilities none;
    const struct plan_capabilities *wanted = process->capabilities ? process->capabilities : &none;
    uint64_t own = own_permitted();
    struct capabilities c;
    c.bounding = grant("bounding", wanted->bounding, limit_bounding(wanted->bounding, own));
    c.permitted = grant("permitted", wanted->permitted, own);
    c.effective = grant("effective", wanted->effective, c.permitted);
    c.inheritable = grant("inheritable", wanted->inheritable, c.bounding & own);
    c.ambient = grant("ambient", wanted->ambient, c.permitted & c.inheritable);
    /* setresuid(2) to another user then clears the effective set only. execve(2) ends it. */
    if (process->user && process->user->uid && prctl(PR_SET_KEEPCAPS, 1) < 0)
        die("prctl", NULL, "keep the capabilities while the user changes");
    return c;
}

void set_capabilities(const struct capabilities *c, uint64_t also)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    for (unsigned i = 0; i < 2; i++) {
        data[i].permitted = (uint32_t)((c->permitted | also) >> 32 * i);
        data[i].effective = (uint32_t)((c->effective | also) >> 32 * i);
        data[i].inheritable = (uint32_t)(c->inheritable >> 32 * i);
    }
    at("/process/capabilities");
    if (syscall(SYS_capset, &header, data) < 0)
        die("capset", NULL, "set the capabilities");
    at("");
}

void set_ambient(const struct capabilities *c)
{
    if (!c->inheritable)
        return; /* capset(2) has taken from the ambient set what is not inheritable */
    at("/process/capabilities/ambient");
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        die("prctl", NULL, "clear the ambient set");
    for (unsigned n = 0; n < 64; n++)
        if (c->ambient & bit(n) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, n, 0, 0) < 0)
            die("prctl", NULL, "raise %s in the ambient set", name(n));
    at("");
}
