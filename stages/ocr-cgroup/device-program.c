/*
 * Device rules as an eBPF program, the device controller of version 2.
 *
 * The kernel runs it at each mknod(2) and open(2) of a device node, with the
 * type, the kinds of access, the major and the minor number, and takes 0 as no.
 * For each of the two types it goes through the rules from the last to the
 * first and crosses off the kinds of access that are decided: one forbidden is a
 * no, all allowed a yes. See bpf(2), struct bpf_cgroup_dev_ctx in linux/bpf.h,
 * cgroup-v2.rst "Device controller". It calls no helper of the kernel, so its
 * licence is ours.
 *
 * The verifier follows each branch of what it is given. So a rule about all
 * kinds of access is one comparison, and the branch for a device that it is
 * about leads straight to an answer: verifying takes as long as the program is.
 */
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroups.h"
#include "error.h"
#include "fd.h"

enum {
    CONTEXT = BPF_REG_1,
    TYPE = BPF_REG_2,
    UNDECIDED = BPF_REG_3, /* kinds of access that no rule was about so far */
    MAJOR = BPF_REG_4,
    MINOR = BPF_REG_5,
    DEVICE = BPF_REG_6, /* both numbers, as the kernel's dev_t has them */
    MAJOR_BITS = 12,
    MINOR_BITS = 20,
    PER_RULE = 3 * 2, /* instructions at most, for both types */
    YES = INT16_MAX,  /* distances of jumps to an answer, until resolve() */
    NO = INT16_MAX - 1,
    ALL = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE,
};

struct program {
    struct bpf_insn *code;
    unsigned length;
};

static void add(struct program *p, unsigned code, unsigned destination, unsigned source, int offset, int64_t value)
{
    p->code[p->length++] = (struct bpf_insn){.code = (uint8_t)code,
                                             .dst_reg = (uint8_t)destination & 15,
                                             .src_reg = (uint8_t)source & 15,
                                             .off = (int16_t)offset,
                                             .imm = (int32_t)value};
}

static void jump_if(struct program *p, unsigned comparison, unsigned reg, int64_t number, int distance)
{
    add(p, BPF_JMP32 | comparison | BPF_K, reg, 0, distance, number);
}

/* What the rule compares: a register and the number in it; false if it is about every device. */
static bool condition(const struct device_rule *rule, unsigned *reg, int64_t *number)
{
    *reg = rule->major < 0 ? MINOR : rule->minor < 0 ? MAJOR : DEVICE;
    *number = rule->major < 0 ? rule->minor : rule->minor < 0 ? rule->major : rule->major << MINOR_BITS | rule->minor;
    return rule->major >= 0 || rule->minor >= 0;
}

/* False when the rule decides about every device, and those before it are void. */
static bool add_rule(struct program *p, const struct device_rule *rule)
{
    int64_t number;
    unsigned reg;
    if (rule->major >> MAJOR_BITS > 0 || rule->minor >> MINOR_BITS > 0)
        return true; /* there are no such devices, but DEVICE would be that of another */
    bool some = condition(rule, &reg, &number);
    if (rule->access == ALL && some) {
        jump_if(p, BPF_JEQ, reg, number, rule->allow ? YES : NO);
    } else if (rule->access == ALL) {
        add(p, BPF_JMP | BPF_JA, 0, 0, rule->allow ? YES : NO, 0);
        return false;
    } else if (rule->allow) {
        if (some)
            jump_if(p, BPF_JNE, reg, number, 2);
        add(p, BPF_ALU | BPF_AND | BPF_K, UNDECIDED, 0, 0, ALL & ~rule->access);
        jump_if(p, BPF_JEQ, UNDECIDED, 0, YES);
    } else {
        if (some)
            jump_if(p, BPF_JNE, reg, number, 1);
        jump_if(p, BPF_JSET, UNDECIDED, rule->access, NO);
    }
    return true;
}

static void add_rules(struct program *p, char type, const struct device_rule *rules, unsigned count, bool allowed)
{
    while (count--)
        if ((rules[count].type == type || rules[count].type == 'a') && !add_rule(p, &rules[count]))
            return;
    add(p, BPF_JMP | BPF_JA, 0, 0, allowed ? YES : NO, 0);
}

static void load(unsigned reg, size_t offset, struct program *p)
{
    add(p, BPF_LDX | BPF_MEM | BPF_W, reg, CONTEXT, (int)offset, 0);
}

/* Puts an answer at the end, and leads the jumps there. One that nothing leads to the verifier would refuse. */
static void resolve(struct program *p, int label, bool yes)
{
    unsigned end = p->length;
    bool used = false;
    for (unsigned i = 0; i < end; i++) {
        if (p->code[i].off != label)
            continue;
        p->code[i].off = (int16_t)(end - i - 1);
        used = true;
    }
    if (!used)
        return;
    add(p, BPF_ALU | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, yes);
    add(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void write_program(struct program *p, const struct device_rule *rules, unsigned count, bool allowed)
{
    load(UNDECIDED, offsetof(struct bpf_cgroup_dev_ctx, access_type), p);
    load(MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major), p);
    load(MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor), p);
    add(p, BPF_ALU | BPF_MOV | BPF_X, DEVICE, MAJOR, 0, 0);
    add(p, BPF_ALU | BPF_LSH | BPF_K, DEVICE, 0, 0, MINOR_BITS);
    add(p, BPF_ALU | BPF_OR | BPF_X, DEVICE, MINOR, 0, 0);
    add(p, BPF_ALU | BPF_MOV | BPF_X, TYPE, UNDECIDED, 0, 0);
    add(p, BPF_ALU | BPF_AND | BPF_K, TYPE, 0, 0, 0xffff);
    add(p, BPF_ALU | BPF_RSH | BPF_K, UNDECIDED, 0, 0, 16);
    unsigned by_type = p->length;
    jump_if(p, BPF_JEQ, TYPE, BPF_DEVCG_DEV_BLOCK, 0);
    add_rules(p, 'c', rules, count, allowed);
    p->code[by_type].off = (int16_t)(p->length - by_type - 1);
    add_rules(p, 'b', rules, count, allowed);
    resolve(p, YES, true);
    resolve(p, NO, false);
}

/* The cgroups above may have programs of their own, and an engine may add one: all must say yes. The program lives as
 * long as the cgroup. */
void attach_device_program(int cgroup, const struct device_rule *rules, unsigned count, bool allowed)
{
    static struct bpf_insn code[PER_RULE * DEVICE_RULES_MAX + 32];
    struct program p = {code, 0};
    union bpf_attr attr;
    write_program(&p, rules, count, allowed);
    memset(&attr, 0, sizeof attr);
    attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attr.insns = (uintptr_t)code;
    attr.insn_cnt = p.length;
    attr.license = (uintptr_t) "MIT";
    memcpy(attr.prog_name, "ocr_devices", sizeof "ocr_devices");
    OWNED_FD program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
    if (program < 0)
        die("bpf", NULL, "load the device rules as a BPF program");
    memset(&attr, 0, sizeof attr);
    attr.target_fd = (uint32_t)cgroup;
    attr.attach_bpf_fd = (uint32_t)program;
    attr.attach_type = BPF_CGROUP_DEVICE;
    attr.attach_flags = BPF_F_ALLOW_MULTI;
    if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof attr) < 0)
        die("bpf", NULL, "attach the device rules to the cgroup");
}
