/*
 * The plan: config.json, checked and compiled by ocr-validate into one image of
 * C structs (plan-types.h, made from spec-schema/), in a sealed memfd.
 *
 * Its pointers are real: the image is made for one address and every program
 * maps it there, so nothing is relocated or copied. The address is free in
 * every process: above what a sanitizer shadows, below where the kernel puts
 * mappings of its own choice.
 */
#ifndef PLAN_H
#define PLAN_H
#include <stddef.h>
#include <stdint.h>

#include "plan-types.h"

#define PLAN_ADDRESS 0x200000000000UL
#define PLAN_MAGIC "ocr plan"
enum { PLAN_SIZE_MAX = 64 << 20 };

struct plan_image {
    char magic[8];
    uint64_t layout; /* PLAN_LAYOUT: a hash of the schema, so that no program reads structs of another version */
    uint64_t size;   /* of the image, in bytes */
    struct plan plan;
};

/* Maps the image, which must be a sealed memfd; dies when it is not one or of another version. */
const struct plan *plan_map(int fd);

/* Unmaps it: a process that only waits should not hold its pages. */
void plan_unmap(void);

/* The namespace of this kind (CLONE_NEW*), or NULL when the config has none. */
const struct plan_namespace *plan_namespace(const struct plan *plan, uint32_t type);
#endif
