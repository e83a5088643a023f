/*
 * Device rules as an eBPF program, the device controller of version 2.
 *
 * The kernel runs it at each mknod(2) and open(2) of a device node, with the
 * type, the kinds of access, the major and the minor number, and takes 0 as no.
 * It goes through the rules from the last to the first and crosses off the
 * kinds of access that are decided: one forbidden is a no, all allowed a yes.
 * See bpf(2), struct bpf_cgroup_dev_ctx in linux/bpf.h, cgroup-v2.rst "Device
 * controller". It calls no helper of the kernel, so its licence is ours.
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
    SCRATCH = BPF_REG_0,
    PER_RULE = 9,
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

static void answer(struct program *p, bool yes)
{
    add(p, BPF_ALU | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, yes);
    add(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Over the rest of this rule, if the register is (not) that number. The distance is filled in at the rule's end. */
static void skip_rule_if(struct program *p, unsigned comparison, unsigned reg, int64_t number)
{
    add(p, BPF_JMP32 | comparison | BPF_K, reg, 0, INT16_MAX, number);
}

static void add_rule(struct program *p, const struct device_rule *rule)
{
    unsigned start = p->length;
    if (rule->type != 'a')
        skip_rule_if(p, BPF_JNE, TYPE, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    if (rule->major >= 0)
        skip_rule_if(p, BPF_JNE, MAJOR, rule->major);
    if (rule->minor >= 0)
        skip_rule_if(p, BPF_JNE, MINOR, rule->minor);
    if (rule->allow && rule->access != ALL) {
        add(p, BPF_ALU | BPF_AND | BPF_K, UNDECIDED, 0, 0, ALL & ~rule->access);
        skip_rule_if(p, BPF_JNE, UNDECIDED, 0);
    } else if (rule->access != ALL) {
        add(p, BPF_ALU | BPF_MOV | BPF_X, SCRATCH, UNDECIDED, 0, 0);
        add(p, BPF_ALU | BPF_AND | BPF_K, SCRATCH, 0, 0, rule->access);
        skip_rule_if(p, BPF_JEQ, SCRATCH, 0);
    }
    answer(p, rule->allow);
    for (unsigned i = start; i < p->length; i++)
        if (p->code[i].off == INT16_MAX)
            p->code[i].off = (int16_t)(p->length - i - 1);
}

static void load(unsigned reg, size_t offset, struct program *p)
{
    add(p, BPF_LDX | BPF_MEM | BPF_W, reg, CONTEXT, (int)offset, 0);
}

static void write_program(struct program *p, const struct device_rule *rules, unsigned count, bool allowed)
{
    load(UNDECIDED, offsetof(struct bpf_cgroup_dev_ctx, access_type), p);
    load(MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major), p);
    load(MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor), p);
    add(p, BPF_ALU | BPF_MOV | BPF_X, TYPE, UNDECIDED, 0, 0);
    add(p, BPF_ALU | BPF_AND | BPF_K, TYPE, 0, 0, 0xffff);
    add(p, BPF_ALU | BPF_RSH | BPF_K, UNDECIDED, 0, 0, 16);
    while (count--)
        add_rule(p, &rules[count]);
    answer(p, allowed);
}

/* The cgroups above may have programs of their own, and an engine may add one: all must say yes. The program lives as
 * long as the cgroup. */
void attach_device_program(int cgroup, const struct device_rule *rules, unsigned count, bool allowed)
{
    static struct bpf_insn code[PER_RULE * 2048];
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
