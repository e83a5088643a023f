/* The parts of ocr-process, in the order of their use. Each ends the program when it can't do its part. */
#ifndef PROCESS_H
#define PROCESS_H
#include <stdbool.h>
#include <stdint.h>

#include "plan.h"

/* keyring.c: a session keyring of the container's own, named `id`; NULL: without a name. */
void join_keyring(const char *id);

/* label.c: process.apparmorProfile. While this process is root, and before the limits. */
void set_apparmor_profile(const struct plan_process *process);

/* environment.c: process.env, and HOME from the container's /etc/passwd when it has none. */
const char **environment(const struct plan_process *process);

/* limits.c: scheduler, ioPriority, personality, memoryPolicy; then, by a call of its own, rlimits. */
void set_scheduling(const struct plan *plan);
void set_rlimits(const struct plan_process *process);

/* user.c: additional groups, gid and uid. */
void become_user(const struct plan *plan);

/* capabilities.c */
struct capabilities {
    uint64_t bounding, permitted, effective, inheritable, ambient;
};
/* What of the config's sets can be granted; the rest is warned about. Drops everything else from the bounding set, and
 * keeps the permitted set across the change of user. */
struct capabilities limit_capabilities(const struct plan_process *process);
/* The permitted, effective and inheritable set become these; `also` is permitted and effective on top. */
void set_capabilities(const struct capabilities *c, uint64_t also);
void set_ambient(const struct capabilities *c);

/* filter.c: the finished BPF program of linux.seccomp. */
struct sock_fprog *map_filter(const struct plan *plan, int fd);
void load_filter(const struct plan *plan, const struct sock_fprog *filter);
#endif
