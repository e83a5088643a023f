/*
 * How: for an architecture and a system call's number the filter has a fixed
 * answer, or it goes on to look at arguments. Both are found by running it.
 * Only the constants that it compares the number with can change the answer;
 * between two of them it stays. So the ranges of all numbers are known, and are
 * written as a binary search. The code that looks at arguments is copied as it
 * is. In the end the new filter is run on every range, too, and must agree.
 */
#include "shrink.h"

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NO_ARCH UINT32_MAX /* stands for every one that the filter doesn't name */

enum {
    INPUT_MAX = 1 << 16,
    OUTPUT_MAX = 1 << 14,
    ARCHS_MAX = 32,
    LIST_MAX = 15, /* ranges: so many are searched one by one */
    REACH = 250,   /* a conditional jump skips at most 255; some are lost to instructions that come between */
};

/* What the filter does: return `value`, or go on at instruction `value`, which loads an argument. */
struct answer {
    bool returns;
    uint32_t value;
};

struct range {
    uint32_t start; /* up to the next one's */
    struct answer answer;
};

struct arch {
    uint32_t token;
    struct range *ranges;
    size_t ranges_len;
};

/* Constants that the number or the architecture was compared with; each instruction adds its own once. */
static struct constants {
    uint32_t k[2 * INPUT_MAX + 1];
    size_t len;
    bool seen[INPUT_MAX];
} numbers, tokens;

static struct arch archs[ARCHS_MAX];
static size_t archs_len;

static void note(struct constants *c, size_t pc, const struct sock_filter *i)
{
    if (c->seen[pc])
        return;
    c->seen[pc] = true;
    c->k[c->len++] = i->k;
    if (c == &numbers && BPF_OP(i->code) != BPF_JGE && i->k != UINT32_MAX)
        c->k[c->len++] = i->k + 1; /* the first that is above, or the first that is not equal any more */
}

/* Runs the filter until the answer is known; false if it does what libseccomp doesn't with a number. */
static bool run(const struct sock_filter *code, size_t length, uint32_t token, uint32_t number, struct answer *answer)
{
    struct constants *about = NULL;
    uint32_t a = 0;
    for (size_t pc = 0; pc < length; pc++) {
        const struct sock_filter *i = &code[pc];
        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (i->k == offsetof(struct seccomp_data, nr)) {
                about = &numbers;
                a = number;
            } else if (i->k == offsetof(struct seccomp_data, arch)) {
                about = &tokens;
                a = token;
            } else {
                *answer = (struct answer){false, (uint32_t)pc};
                return true;
            }
            continue;
        case BPF_RET | BPF_K: *answer = (struct answer){true, i->k}; return true;
        case BPF_JMP | BPF_JA: pc += i->k; continue;
        case BPF_JMP | BPF_JEQ | BPF_K:
        case BPF_JMP | BPF_JGT | BPF_K:
        case BPF_JMP | BPF_JGE | BPF_K: break;
        default: return false;
        }
        if (!about || (about == &tokens && (BPF_OP(i->code) != BPF_JEQ || i->k == NO_ARCH)))
            return false;
        note(about, pc, i);
        bool holds = BPF_OP(i->code) == BPF_JEQ ? a == i->k : BPF_OP(i->code) == BPF_JGT ? a > i->k : a >= i->k;
        pc += holds ? i->jt : i->jf;
    }
    return false;
}

static int by_start(const void *a, const void *b)
{
    uint32_t x = ((const struct range *)a)->start, y = ((const struct range *)b)->start;
    return x < y ? -1 : x > y;
}

static bool same(struct answer a, struct answer b)
{
    return a.returns == b.returns && a.value == b.value;
}

/* The ranges of one architecture. A run may meet new constants: they are tried as well, until there is none. */
static bool find_ranges(const struct sock_filter *code, size_t length, struct arch *arch)
{
    memset(numbers.seen, 0, length);
    numbers.k[0] = 0;
    numbers.len = 1;
    struct range *r = calloc(2 * length + 2, sizeof *r);
    size_t n = 0, distinct = 0;
    for (; r && n < numbers.len; n++) {
        r[n].start = numbers.k[n];
        if (!run(code, length, arch->token, r[n].start, &r[n].answer)) {
            free(r);
            return false;
        }
    }
    if (!r)
        return false;
    qsort(r, n, sizeof *r, by_start);
    for (size_t i = 1; i < n; i++)
        if (!same(r[i].answer, r[distinct].answer))
            r[++distinct] = r[i];
    r[distinct + 1] = (struct range){0};
    arch->ranges = r;
    arch->ranges_len = distinct + 1;
    return true;
}

/* All architectures that the filter tells apart; the first stands for every other one. */
static bool find_archs(const struct sock_filter *code, size_t length)
{
    tokens.k[0] = NO_ARCH;
    tokens.len = 1;
    for (size_t i = 0; i < tokens.len; i++) {
        bool known = false;
        for (size_t k = 0; k < archs_len; k++)
            known |= archs[k].token == tokens.k[i];
        if (known)
            continue;
        if (archs_len == ARCHS_MAX)
            return false;
        archs[archs_len].token = tokens.k[i];
        if (!find_ranges(code, length, &archs[archs_len++]))
            return false;
    }
    return true;
}

/*
 * The new filter is written from its end, because all jumps lead forward: what
 * a jump leads to is there already. A position is counted from the end.
 */
static struct sock_filter out[OUTPUT_MAX];
static size_t written;
static bool failed;             /* a jump is too long, or the filter */
static size_t place[INPUT_MAX]; /* of a copied instruction; 0: it isn't copied */

static size_t emit(uint16_t code, uint32_t k, size_t jt, size_t jf)
{
    if (written >= OUTPUT_MAX || (jt && written - jt > UINT8_MAX) || (jf && written - jf > UINT8_MAX))
        failed = true;
    else
        out[OUTPUT_MAX - 1 - written] = (struct sock_filter){code, (uint8_t)(jt ? written - jt : 0),
                                                             (uint8_t)(jf ? written - jf : 0), k};
    return ++written;
}

/* A position near enough for a conditional jump to get to `target`. */
static size_t near(size_t target)
{
    return written - target <= REACH ? target : emit(BPF_JMP | BPF_JA, (uint32_t)(written - target), 0, 0);
}

static size_t emit_answer(struct answer answer)
{
    if (!answer.returns)
        return near(place[answer.value]);
    for (size_t at = written; at > 0 && written - at < REACH / 2; at--)
        if (!failed && out[OUTPUT_MAX - at].code == (BPF_RET | BPF_K) && out[OUTPUT_MAX - at].k == answer.value)
            return at;
    return emit(BPF_RET | BPF_K, answer.value, 0, 0);
}

/* Single numbers, each in a gap of the range about them: those are compared one by one. */
static bool is_list(const struct range *r, size_t len)
{
    if (len > LIST_MAX)
        return false;
    for (size_t i = 1; i < len; i++)
        if (i % 2 ? r[i + 1].start != r[i].start + 1 : !same(r[i].answer, r->answer))
            return false;
    return true;
}

static size_t emit_list(const struct range *r, size_t len)
{
    size_t next = emit_answer(r->answer);
    for (size_t i = len / 2 * 2; i > 0; i -= 2) {
        size_t this = emit_answer(r[i - 1].answer);
        next = near(next);
        this = near(this);
        next = emit(BPF_JMP | BPF_JEQ | BPF_K, r[i - 1].start, this, next);
    }
    return next;
}

/* r[len] is the first range that is above these; after the last one comes an empty one. */
static size_t emit_search(const struct range *r, size_t len)
{
    if (is_list(r, len))
        return emit_list(r, len);
    size_t middle = len / 2;
    size_t above = emit_search(r + middle, len - middle);
    size_t below = emit_search(r, middle);
    above = near(above);
    below = near(below);
    return emit(BPF_JMP | BPF_JGE | BPF_K, r[middle].start, above, below);
}

/* Copies what looks at arguments, from where an answer goes on. */
static void copy_argument_checks(const struct sock_filter *code, size_t length)
{
    static bool needed[INPUT_MAX];
    for (size_t i = 0; i < archs_len; i++)
        for (size_t k = 0; k < archs[i].ranges_len; k++)
            if (!archs[i].ranges[k].answer.returns)
                needed[archs[i].ranges[k].answer.value] = true;
    for (size_t pc = 0; pc < length; pc++) {
        if (!needed[pc] || BPF_CLASS(code[pc].code) == BPF_RET)
            continue;
        if (code[pc].code == (BPF_JMP | BPF_JA))
            needed[pc + 1 + code[pc].k] = true;
        else if (BPF_CLASS(code[pc].code) == BPF_JMP)
            needed[pc + 1 + code[pc].jt] = needed[pc + 1 + code[pc].jf] = true;
        else
            needed[pc + 1] = true;
    }
    for (size_t pc = length; pc-- > 0;) {
        const struct sock_filter *i = &code[pc];
        if (!needed[pc])
            continue;
        if (i->code == (BPF_JMP | BPF_JA))
            place[pc] = emit(i->code, (uint32_t)(written - place[pc + 1 + i->k]), 0, 0);
        else if (BPF_CLASS(i->code) == BPF_JMP)
            place[pc] = emit(i->code, i->k, place[pc + 1 + i->jt], place[pc + 1 + i->jf]);
        else
            place[pc] = emit(i->code, i->k, 0, 0);
    }
}

static void emit_filter(const struct sock_filter *code, size_t length)
{
    copy_argument_checks(code, length);
    size_t next = emit_search(archs[0].ranges, archs[0].ranges_len);
    if (archs[0].ranges_len > 1)
        next = emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
    for (size_t i = archs_len; i-- > 1;) {
        size_t this = emit_search(archs[i].ranges, archs[i].ranges_len);
        if (archs[i].ranges_len > 1)
            this = emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
        next = near(next);
        next = emit(BPF_JMP | BPF_JEQ | BPF_K, archs[i].token, near(this), next);
    }
    emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
}

/* Runs both ends of every range. */
static bool agrees(const struct sock_filter *code, size_t length)
{
    for (size_t i = 0; i < archs_len; i++) {
        for (size_t k = 0; k < archs[i].ranges_len; k++) {
            const struct range *r = &archs[i].ranges[k];
            uint32_t last = k + 1 < archs[i].ranges_len ? r[1].start - 1 : UINT32_MAX;
            struct answer wanted = r->answer, first_got, last_got;
            if (!wanted.returns)
                wanted.value = (uint32_t)(length - place[wanted.value]);
            if (!run(code, length, archs[i].token, r->start, &first_got) || !same(first_got, wanted) ||
                !run(code, length, archs[i].token, last, &last_got) || !same(last_got, wanted))
                return false;
        }
    }
    return true;
}

void shrink(const struct sock_filter **code, size_t *length)
{
    if (*length >= INPUT_MAX || !find_archs(*code, *length))
        return;
    emit_filter(*code, *length);
    if (failed || written >= *length || !agrees(out + OUTPUT_MAX - written, written))
        return;
    *code = out + OUTPUT_MAX - written;
    *length = written;
}
