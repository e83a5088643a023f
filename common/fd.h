/* A file descriptor that closes itself: OWNED_FD fd = open(...); */
#ifndef FD_H
#define FD_H
#include <unistd.h>

static inline void close_owned_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
#define OWNED_FD __attribute__((cleanup(close_owned_fd))) int
#endif
