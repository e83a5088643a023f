/*
 * Detached mounts of what the config names on the host: the sources of bind
 * mounts and the root file system. ocr-mounts makes them in the container's
 * mount namespace; ocr-binds makes them on the host, for a container whose user
 * namespace could not reach them. See open_tree(2), mount_setattr(2).
 *
 * Each dies, with the pointer that at() set, when it can't.
 */
#ifndef BIND_H
#define BIND_H
#include <stdbool.h>

#include "plan.h"

/* Whether a mount is a bind mount: by its type or by its options. */
bool is_bind(const struct plan_mount *mount);

/* The source of a bind mount as a detached tree with all of the mount's attributes and propagation. `on_host`: it is
 * made in the host's mount namespace, where it may still be a peer of the host's mounts. */
int bind_tree(const struct plan *plan, const struct plan_mount *mount, bool on_host);

/* The root file system as a detached tree from which nothing propagates to the host. */
int root_tree(const struct plan *plan, bool on_host);

/* mount_setattr(2) by fd: attributes, and a propagation type (MS_SHARED, ..., 0: unchanged), of one mount or, when
 * `flags` has AT_RECURSIVE, of the whole tree. -1 and errno when it can't. */
int set_attributes(int fd, unsigned flags, uint64_t set, uint64_t clear, uint32_t propagation);
#endif
