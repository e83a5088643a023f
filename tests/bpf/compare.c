/*
 * usage: compare PLAIN SHORT
 *
 * Two files of the cache of compiled seccomp filters (common/bpf-cache.h): do
 * their filters give the same answer to every system call? Tried are, for some
 * architectures and for one that there is not, all numbers about a constant of
 * the first and all small ones, with arguments about the constants of both. Prints how many answers were compared.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct filter {
    struct sock_filter code[1 << 15];
    size_t length;
};

/* bpf(4) as seccomp has it: no memory, no index register, whole words of struct seccomp_data only. */
static uint32_t answer(const struct filter *f, const struct seccomp_data *data)
{
    uint32_t a = 0;
    for (size_t pc = 0; pc < f->length; pc++) {
        const struct sock_filter *i = &f->code[pc];
        int holds = 0;
        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS: memcpy(&a, (const char *)data + i->k, sizeof a); continue;
        case BPF_ALU | BPF_AND | BPF_K: a &= i->k; continue;
        case BPF_RET | BPF_K: return i->k;
        case BPF_JMP | BPF_JA: pc += i->k; continue;
        case BPF_JMP | BPF_JEQ | BPF_K: holds = a == i->k; break;
        case BPF_JMP | BPF_JGT | BPF_K: holds = a > i->k; break;
        case BPF_JMP | BPF_JGE | BPF_K: holds = a >= i->k; break;
        case BPF_JMP | BPF_JSET | BPF_K: holds = (a & i->k) != 0; break;
        default: fprintf(stderr, "instruction %zu: code %x\n", pc, i->code), exit(2);
        }
        pc += holds ? i->jt : i->jf;
    }
    fprintf(stderr, "the filter has no end\n");
    exit(2);
}

static void load(struct filter *f, const char *path)
{
    static unsigned char text[1 << 20];
    uint64_t sizes[2];
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(text, 1, sizeof text, file) : 0;
    if (length < 88)
        perror(path), exit(2);
    fclose(file);
    memcpy(sizes, text + 72, sizeof sizes); /* of the profile, of the BPF */
    f->length = sizes[1] / sizeof *f->code;
    memcpy(f->code, text + 88 + sizes[0], sizes[1]);
}

static uint32_t constant(const struct filter *f)
{
    return f->code[(size_t)rand() % f->length].k + (uint32_t)(rand() % 3) - 1;
}

static size_t compare(const struct filter *a, const struct filter *b, uint32_t arch, uint32_t number)
{
    struct seccomp_data data = {.arch = arch, .nr = (int)number};
    for (int i = 0; i < 20; i++) {
        if (answer(a, &data) != answer(b, &data)) {
            fprintf(stderr, "arch %x number %u: %x, %x\n", arch, number, answer(a, &data), answer(b, &data));
            exit(1);
        }
        for (int k = 0; k < 6; k++)
            data.args[k] = constant(i % 2 ? a : b) | (uint64_t)(i % 3 ? 0 : constant(a)) << 32;
    }
    return 20;
}

int main(int argc, char **argv)
{
    static struct filter plain, shorter;
    size_t compared = 0;
    static const uint32_t archs[] = {AUDIT_ARCH_X86_64,
                                     AUDIT_ARCH_I386,
                                     AUDIT_ARCH_AARCH64,
                                     AUDIT_ARCH_ARM,
                                     AUDIT_ARCH_MIPSEL,
                                     AUDIT_ARCH_RISCV64,
                                     12345 /* nobody's */};
    if (argc != 3)
        return 2;
    load(&plain, argv[1]);
    load(&shorter, argv[2]);
    for (size_t i = 0; i < sizeof archs / sizeof *archs; i++) {
        uint32_t arch = archs[i];
        for (uint32_t number = 0; number < 600; number++) {
            compared += compare(&plain, &shorter, arch, number);
            compared += compare(&plain, &shorter, arch, 0x40000000 + number); /* x32 */
        }
        for (size_t k = 0; k < plain.length; k++)
            for (uint32_t d = 0; d < 3; d++)
                compared += compare(&plain, &shorter, arch, plain.code[k].k + d - 1);
    }
    printf("%zu answers of %zu and %zu instructions\n", compared, plain.length, shorter.length);
    return 0;
}
