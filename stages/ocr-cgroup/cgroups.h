/* What the files of ocr-cgroup share. */
#ifndef CGROUPS_H
#define CGROUPS_H
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan.h"

#define CGROUP_TOP "/sys/fs/cgroup"

/* A hierarchy of cgroups that is mounted: version 2, or version 1 with some of the controllers. */
struct hierarchy {
    char name[64];   /* "cpu,cpuacct", "systemd"; of version 2 "unified" */
    char mount[128]; /* its folder */
    bool v2;
    bool made;                  /* the container's cgroup in it is new, made by us */
    int root;                   /* O_PATH of the folder */
    int dir;                    /* of the container's cgroup; -1 until somebody needs it: hierarchy_dir */
    char controllers[PATH_MAX]; /* of version 2: what the container's cgroup has; empty until read */
};

enum { HIERARCHIES_MAX = 32 };

struct cgroups {
    char path[PATH_MAX]; /* of the container's cgroup in every hierarchy, without a slash in front */
    struct hierarchy list[HIERARCHIES_MAX];
    unsigned count;
};

/* hierarchies.c: which are mounted; the container's cgroup in each of them, journalled in `state`. */
void find_hierarchies(struct cgroups *cgroups);
void make_cgroups(struct cgroups *cgroups, int state);

/* files.c. What fails here dies or refuses with the pointer that at() was given. */

/* The hierarchy of this controller; in version 2 it is switched on for the container's cgroup. */
struct hierarchy *controller(struct cgroups *cgroups, const char *name);
/* As controller, but nothing is wrong when there is none: NULL. */
struct hierarchy *try_controller(struct cgroups *cgroups, const char *name);
/* Version 2 gives statistics only of controllers that are on: switches on what it has of the usual ones. */
void switch_on_statistics(struct cgroups *cgroups);
int hierarchy_dir(const struct cgroups *cgroups, struct hierarchy *h);
bool has_file(const struct cgroups *cgroups, struct hierarchy *h, const char *file);
/* Writes a file of the container's cgroup, at once; try_set returns false and errno. */
void set(const struct cgroups *cgroups, struct hierarchy *h, const char *file, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool try_set(const struct cgroups *cgroups, struct hierarchy *h, const char *file, const char *value);
/* The same with a number; -1 means no limit. */
void set_number(const struct cgroups *cgroups, struct hierarchy *h, const char *file, int64_t value);
/* A file of the cgroup at `path` in the hierarchy, without the last newline; "" when it is empty. */
void read_file(const struct hierarchy *h, const char *path, const char *file, char *text, size_t size);
/* Writes a file of any cgroup of the hierarchy, by its path. */
void write_file(const struct hierarchy *h, const char *name, const char *value);
_Noreturn void refuse_version(int version, const char *what);

/* One for each part of linux.resources. */
void limit_memory(struct cgroups *cgroups, const struct plan_memory *memory);
void limit_cpu(struct cgroups *cgroups, const struct plan_cpu *cpu);
void limit_cpuset(struct cgroups *cgroups, const struct plan_cpu *cpu); /* NULL: only what version 1 needs */
void limit_io(struct cgroups *cgroups, const struct plan_block_io *io);
void limit_pids(struct cgroups *cgroups, const struct plan *plan);
void limit_hugepages(struct cgroups *cgroups, const struct plan_resources *resources);
void limit_network(struct cgroups *cgroups, const struct plan_network *network);
void limit_rdma(struct cgroups *cgroups, const struct plan_resources *resources);
void set_unified(struct cgroups *cgroups, const struct plan_resources *resources);

/* delegate.c: version 2 only. */
void delegate(struct cgroups *cgroups, const struct plan *plan);

/* devices.c, device-program.c: which device nodes may be made, read and written. */
struct device_rule {
    int64_t major, minor; /* -1: all */
    unsigned access;      /* BPF_DEVCG_ACC_* */
    char type;            /* 'a' (both), 'b', 'c' */
    bool allow;
};
enum { DEVICE_RULES_MAX = 1024 }; /* those of config.json and those that every container has */
void limit_devices(struct cgroups *cgroups, const struct plan_resources *resources);
/* Attaches a program that decides by the last rule about a device; `allowed`: what holds without any. */
void attach_device_program(int cgroup, const struct device_rule *rules, unsigned count, bool allowed);
#endif
