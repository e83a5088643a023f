/* What the parts of ocr-nsinit share. */
#ifndef NSINIT_H
#define NSINIT_H
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "plan.h"

struct nsinit {
    const struct plan *plan;
    char **next;          /* NEXT ARG..., for the container side */
    const char *pid_file; /* --pid-file, or NULL */
    bool foreground;      /* --foreground: go on as ocr-monitor */
    bool keep;            /* --keep: which does not remove the container then */
    int state;            /* the state directory */
    int sync[2];          /* SOCK_SEQPACKET: the host side's end, the container side's end */
    uint64_t new;         /* CLONE_NEW* of the namespaces that the child is cloned into */
    uint64_t after;       /* ... and of those that it makes itself, when it is in its cgroup and user namespace */
    int user;             /* the user namespace to join, or -1 */
    int mount;            /* the mount namespace to join, or -1 */
    int time;             /* the time namespace to join, or -1 */
    int own_time;         /* the time namespace that we are in, when a new one is made; else -1 */
    sigset_t mask;        /* the signal mask that we were started with */
};

/* join.c: the namespaces of the plan. Before the clone: opens those to join and joins all but user and mount. */
void join_namespaces(struct nsinit *n);

/* Does the host side have something to do before the child may go on? It does for a new user namespace, whose
 * mappings it writes, and for another time namespace, where the child would journal a start time that is off. */
bool host_goes_first(const struct nsinit *n);

/* child.c: the container side, from the clone on. */
_Noreturn void container_side(struct nsinit *n);

/* host.c: the host side, from the clone on. */
void set_oom_score(const struct plan *plan, pid_t pid); /* 0: the caller */
_Noreturn void host_side(struct nsinit *n, pid_t pid, int pidfd);
#endif
