/* What the files of ocr-mounts share. Every function dies when it can't do its work. */
#ifndef MOUNTS_H
#define MOUNTS_H
#include <stdbool.h>
#include <sys/types.h>

#include "plan.h"

/* mount.c: one entry of /mounts, `tree` its source if ocr-binds opened it (-1: it did not). */
void make_mount(const struct plan *plan, int root, const struct plan_mount *mount, int tree);

/* file-system.c: a new file system that is mounted nowhere yet. `doing` begins each message. */
int new_fs(const char *type, const char *source, const char *doing);
void set_option(int fs, const char *option, const char *doing);
void set_superblock_flags(int fs, const struct plan_mount *mount, const char *doing);
int mount_fs(int fs, const struct plan_mount *mount, uint64_t attributes, const char *doing);

/* cgroupfs.c: a mount of type cgroup or cgroup2 onto `target`. */
void mount_cgroups(const struct plan *plan, const struct plan_mount *mount, int target, const char *doing);

/* copyup.c: copies what is in the folder `from` (O_PATH) into the folder `to`. */
void copy_up(int from, int to, const char *doing);

/* target.c: where a mount goes: inside the root, made if missing, and none of the places that must stay what they are.
 */
struct target {
    int fd;
    bool existed, may_be_proc;
    mode_t mode;
};
enum mount_kind { KIND_FILE_SYSTEM, KIND_PROC, KIND_SYSFS, KIND_BIND_FOLDER, KIND_BIND_FILE, KIND_BIND_PROC };
struct target open_target(int root, const struct plan_mount *mount, enum mount_kind kind);

/* Puts a detached mount where it belongs. */
void attach(int mount, int target, const char *doing);

/* devices.c: /dev, unless it is the host's. */
void make_devices(const struct plan *plan, int root);

/* mask.c: the host's /dev/null, verified, taken before anything else is done; -1: it is not the null device. */
int open_null(void);
void mask_paths(const struct plan *plan, int root, int null);
void protect_paths(const struct plan *plan, int root);
#endif
