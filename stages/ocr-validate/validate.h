/* What the parts of ocr-validate share. */
#ifndef VALIDATE_H
#define VALIDATE_H
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema.h"

/* Limits, so that any input is refused quickly and in bounded memory. */
enum {
    CONFIG_SIZE_MAX = 8 << 20,  /* bytes of config.json */
    CONFIG_VALUES_MAX = 200000, /* commas, and so values, in it */
    CONFIG_OBJECTS_MAX = 20000, /* objects in it */
    CONFIG_DEPTH_MAX = 32,      /* nesting; the spec's own deepest is 7 */
    FAULTS_MAX = 100,           /* told of one file */
};

/* faults.c: what is wrong, where. fault() is printf(3)-like; the pointer is that of pointer_push(). */
void fault(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fault_at(const char *where, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A warning, at once; where: NULL: at pointer_push's. */
void caution(const char *where, const char *format, ...) __attribute__((format(printf, 2, 3)));
unsigned fault_count(void);
void pointer_push(const char *token);
void pointer_push_index(size_t index);
void pointer_pop(void);
void faults_print(void);            /* all of them, a line each, to standard error */
_Noreturn void faults_refuse(void); /* the first as this program's failure */

/* image.c: the plan as it grows, at the address where it will be mapped. */
struct plan *image_begin(void);
void *image_alloc(size_t size, size_t count);
const char *image_string(const char *text, size_t length);
size_t image_used(void); /* how many bytes of it are taken */
int image_seal(void);    /* the sealed memfd */

/* load.c: JSON into the plan, by the schema's tables. */
struct load_options {
    bool strict;  /* unknown fields and those that nothing acts on are faults too */
    bool clamped; /* some integer of the text is beyond 64 bits: json-c holds the nearest one instead */
};
/* read.c: the file as text, and the text as a JSON value; says in `options` what json-c would keep to itself. */
struct json_object *read_config(const char *path, struct load_options *options);

void load(struct plan *plan, struct json_object *config, const struct load_options *options);

/* mount-options.c, capabilities.c: the two kinds of list that become something else than a list. */
void load_mount_options(struct mount_options *options, struct json_object *list);
uint64_t load_capabilities(struct json_object *list);

/* What holds between fields, each part in its file. They are safe with values that had a fault, and so stay zero; what
 * the kernel or the spec would ignore with a warning is taken out of the plan. */
void check_rules(struct plan *plan);                          /* rules.c */
void check_process(struct plan *plan);                        /* process.c */
void check_resources(const struct plan_resources *resources); /* resources.c */
void check_sysctls(const struct plan *plan);                  /* sysctl.c */
void check_seccomp(const struct plan_seccomp *profile);       /* seccomp.c */

/* rules.c: the config has this namespace (CLONE_NEW*), and it is not the one that the runtime is in. */
bool has_own_namespace(const struct plan *plan, uint32_t type);

/* print.c: the plan as JSON. */
void print_plan(const struct plan *plan);
#endif
