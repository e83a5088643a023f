/*
 * Paths under a root file system that somebody else made. Each is resolved by
 * openat2(2) with RESOLVE_IN_ROOT: a link or a ".." can only lead to another
 * place in the same root. What comes back is an fd, and the fd is what is used.
 */
#ifndef PATH_H
#define PATH_H
#include <stdbool.h>
#include <sys/types.h>

/* Opens `path` inside `root` with open(2)'s flags (O_CLOEXEC is added); -1 and errno when it can't. Magic links
 * (/proc/PID/fd/...) are never followed. */
int open_in_root(int root, const char *path, int flags);

/* As open_in_root with O_PATH, but makes what is missing: folders (0755), and the last part as a folder or an
 * empty file (0644). -1 and errno when it can't. */
int make_in_root(int root, const char *path, bool folder);

/* "/proc/self/fd/N", for system calls that take a path only; in a static buffer. Needs a /proc of the host. */
const char *fd_path(int fd);
#endif
