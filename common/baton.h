/*
 * The baton: what one stage hands to the next.
 *
 * One SOCK_SEQPACKET message that waits in the queue of a socketpair(2) while
 * the process changes its program. OCR_BATON="R,W" tells the two fds, the only
 * ones that cross an execve(2). The message holds lines of text; a line `NAME`
 * names the next of its fds (SCM_RIGHTS, unix(7)), a line `KEY=VALUE` is a word.
 *
 *     fd         who puts it       what it is                          who takes it
 *     plan       ocr-validate      sealed memfd: the plan              all
 *     bpf        ocr-validate or   sealed memfd: finished BPF          ocr-process
 *                ocr-seccomp
 *     state      ocr-claim         the state directory                 ocr-cgroup, ocr-nsinit, ocr-monitor, ocr-delete
 *     programs   ocr-nsinit        read-only mount of the stages       baton_pass
 *     cgroup2    ocr-cgroup        the container's cgroup (v2)         ocr-nsinit
 *     cgroup1.C  ocr-cgroup        tasks of the v1 hierarchy C         ocr-nsinit
 *     tree.root  ocr-binds         detached mount of the root          ocr-mounts
 *     tree.N     ocr-binds         detached mount for /mounts/N        ocr-mounts
 *     rootfs     ocr-mounts        the root file system, mounted       ocr-pivot
 *     sync       ocr-nsinit        SOCK_SEQPACKET to the host side     error.c, ocr-wait-fifo, ocr-process
 *     start      ocr-nsinit        fifo that `ocr start` writes to     ocr-wait-fifo
 *     pidfd      ocr-nsinit        pidfd of the container's process    ocr-monitor
 *     started    ocr-nsinit        fifo that `ocr start` reads from    ocr-wait-fifo, ocr-process (as sync)
 *
 *     word       who sets it       what it is
 *     id         ocr-claim         the container's id
 *     cgroup     ocr-cgroup        its cgroup's path, from the hierarchy's root
 *     keep       ocr-nsinit        ocr-monitor does not remove the container
 *
 * The message is taken with MSG_CMSG_CLOEXEC, so every fd in it is close-on-exec.
 */
#ifndef BATON_H
#define BATON_H
#include <stdbool.h>

enum { BATON_FDS_MAX = 253 }; /* SCM_MAX_FD of the kernel */

/* Makes a new, empty baton; its socket gets numbers from `lowest` up, above what --preserve-fds owns. */
void baton_make(int lowest);

/* After a fork, on one side: a socket of its own in the place of the one that both have. */
void baton_renew(void);

/* Takes the message off the queue; dies when there is none. With a "sync" fd, failures go there from now on. */
void baton_take(void);

/* From now on a failure of this stage hands over to `ocr-delete --undo STATUS`, with the baton. baton_take does it
 * for every stage after ocr-claim on the host side. */
void baton_own_failures(void);

/* As baton_take, but leaves the message in the queue. */
void baton_peek(void);

/* The fd of that name, still the baton's; -1: it carries none. baton_need dies instead. */
int baton_fd(const char *name);
int baton_need(const char *name);

/* Takes an fd out of the baton: now it's the caller's. -1: it carries none. */
int baton_out(const char *name);

/* Puts an fd into the baton, in place of one of the same name. */
void baton_put(const char *name, int fd);

/* A word; NULL: there is none. */
const char *baton_word(const char *key);
void baton_set_word(const char *key, const char *value);

/* Goes through all fds: the name of the i-th and its fd; NULL at the end. */
const char *baton_name(unsigned i, int *fd);
/* Goes through all words, each KEY=VALUE: the one after `word`, the first after NULL; NULL at the end. */
const char *baton_next_word(const char *word);

/* Queues the message again and becomes NEXT. A NEXT with the name of a stage is found in the baton's "programs"
 * directory, if it has one, or beside this program; anything else as execvp(3) does, and on the container side its PATH
 * ends with that directory. Never returns. */
_Noreturn void baton_pass(char **next);

/* Becomes NEXT as baton_pass does, but leaves the queue alone: after baton_peek. Returns only when it can't. */
void exec_next(char **next);

/* Closes the socket and forgets OCR_BATON: nothing of the walk is left in this process but the fds taken out. */
void baton_drop(void);

/* Executes another program of ocr, without a baton. Returns only when it can't. */
void exec_program(const char *name, char *const argv[]);
#endif
