/* The compiled schema: what compile.jq makes tables of and the loader, the printer and the linter walk. */
#ifndef SCHEMA_H
#define SCHEMA_H
#include <linux/audit.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "plan.h"

/* What one value is. */
enum schema_kind {
    KIND_BOOL,
    KIND_INT32,
    KIND_INT64,
    KIND_UINT32,
    KIND_UINT64,
    KIND_STRING,
    KIND_ENUM,           /* a string that stands for a number: uint32_t */
    KIND_STRUCT,         /* an object with fields of its own */
    KIND_CAPABILITY_SET, /* a list of capability names: uint64_t, a bit for each */
    KIND_MOUNT_OPTIONS,  /* a list of mount options: struct mount_options */
    KIND_OPAQUE,         /* an object that is not looked into: bool, whether it is there */
};

/* How many values there are and how they are held. */
enum schema_shape {
    SHAPE_ONE,   /* the value itself; a struct by pointer, NULL when absent */
    SHAPE_MAYBE, /* a pointer to the value, NULL when absent */
    SHAPE_LIST,  /* an array and its length; a list of strings also ends with NULL */
    SHAPE_MAP,   /* an array of {key, value} and its length */
};

struct schema_enum {
    const char *name; /* NULL: the end */
    uint32_t value;
};

struct schema_type;

struct schema_field {
    const char *name; /* as in JSON; NULL: the end */
    enum schema_kind kind;
    enum schema_shape shape;
    size_t offset, len_offset;      /* in the struct: of the member and of its length */
    size_t size, value_offset;      /* of what a pointer points to; of the value in a map's entry */
    size_t size_offset;             /* of a uint64_t: how many bytes of the plan the value takes; 0: not kept */
    const struct schema_type *type; /* of KIND_STRUCT */
    const struct schema_enum *enums;
    int64_t min, max; /* of a number; for uint64 a max of INT64_MAX is no limit */
    int64_t absent;   /* what an int64 is when the config has none; 0: nothing special */
    bool required, nonempty;
    bool internal;                           /* not in config.json */
    const char *(*format)(const char *text); /* NULL: fine; else what the text must be */
    const char *const *keys;                 /* the only keys a map may have; NULL: any */
    const char *refuse;                      /* why a value can't be honoured; NULL: it can */
    const char *elsewhere;                   /* another platform's: ignored, as the spec wants */
    const char *by;                          /* the program that acts on it; NULL on a scalar: none does */
};

struct schema_type {
    const char *name;
    size_t size;
    const struct schema_field *fields;
};

extern const struct schema_type *const schema_root;

/* The names of capabilities(7) and their numbers: libcap's table, by capabilities.c. */
extern const struct schema_enum capability_table[];

/* The formats, in stages/ocr-validate/formats.c. */
const char *format_oci_version(const char *text);
const char *format_absolute_path(const char *text);
const char *format_env(const char *text);
const char *format_cpu_list(const char *text);
const char *format_cgroups_path(const char *text);
const char *format_cgroup_file(const char *text);
const char *format_device_access(const char *text);
const char *format_page_size(const char *text);
const char *format_name(const char *text);
const char *format_printable(const char *text);
#endif
