/* The options of one mount, as numbers. spec: config.md "Mounts", mount(8), mount_setattr(2). */
#ifndef MOUNT_OPTIONS_H
#define MOUNT_OPTIONS_H
#include <stdbool.h>
#include <stdint.h>

struct mount_options {
    uint64_t attr_set;      /* MOUNT_ATTR_* of this mount ("nosuid", "ro", "noatime") */
    uint64_t attr_clear;    /* ... and those taken away ("suid", "rw"); holds MOUNT_ATTR__ATIME with any atime */
    uint64_t recursive_set; /* MOUNT_ATTR_* of the whole tree ("rro", "rnosuid"), AT_RECURSIVE */
    uint64_t recursive_clear;
    uint32_t superblock_set; /* MS_* that belong to the file system, not to the mount ("sync", "dirsync", "lazytime",
                                "ro") */
    uint32_t superblock_clear;
    uint32_t
        propagation; /* MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE, with MS_REC for the r forms; 0: not given */
    bool bind;       /* "bind" or "rbind" */
    bool bind_recursive; /* "rbind" */
    bool tmpcopyup;      /* "tmpcopyup": a tmpfs that starts with what the directory held */
    const char **data;   /* what is left, for fsconfig(2): "size=65536k", "newinstance"; ends with NULL */
    uint32_t data_len;
};
#endif
