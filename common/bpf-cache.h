/*
 * Compiled seccomp filters, kept by content: equal profiles are compiled once.
 *
 *     ROOT/@seccomp/HASH      ROOT: the folder of all containers (state.h); "@" is in no container's id
 *
 * A file holds a header, the profile and its BPF. The profile is the part of
 * the plan that holds linux.seccomp: it is loaded first, so equal profiles are
 * equal bytes at equal addresses. HASH only finds the file; what counts is that
 * its profile equals this one byte for byte, and that nobody else can write it.
 */
#ifndef BPF_CACHE_H
#define BPF_CACHE_H
#include <stddef.h>

#include "plan.h"

enum {
    BPF_SIZE_MAX = 4096 * 8, /* the kernel's BPF_MAXINSNS, a struct sock_filter each */
    BPF_CACHE_FILES = 64,    /* kept at most; the oldest go first */
};

/* The BPF of the plan's profile in a sealed memfd; -1: it is not kept. */
int bpf_cache_find(const char *root, const struct plan_linux *linux);

/* Keeps the BPF of the plan's profile. NULL, or why that can't be: then it is compiled again the next time. */
const char *bpf_cache_keep(const char *root, const struct plan_linux *linux, const void *bpf, size_t size);

/* A sealed memfd that holds the BPF; -1 and errno when there can be none. */
int bpf_memfd(const void *bpf, size_t size);
#endif
