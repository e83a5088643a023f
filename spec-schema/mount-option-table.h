/* libmount's mount options, compiled in by spec-schema/mount-options.c. */
#ifndef MOUNT_OPTION_TABLE_H
#define MOUNT_OPTION_TABLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mount_option {
    const char *name; /* NULL: the end */
    uint32_t flags;   /* MS_* */
    bool inverse;     /* takes the flags away */
};

extern const struct mount_option mount_option_table[];
#endif
