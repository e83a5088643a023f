/*
 * A container's state: a directory of small files that a shell can read.
 *
 *     /run/ocr/ID/plan        the compiled config (plan.h)
 *     /run/ocr/ID/bundle      symbolic link to the bundle
 *     /run/ocr/ID/rootfs      symbolic link to the root file system
 *     /run/ocr/ID/annotations the config's annotations, as a JSON object; not there without any
 *     /run/ocr/ID/journal     how to undo what was done, a line each, oldest first
 *     /run/ocr/ID/pid         "PID START" of the container's process, when it is created
 *     /run/ocr/ID/start       fifo: a byte written here ends the waiting of a created container
 *     /run/ocr/ID/started     fifo: ends when the container's program runs, or holds the record of a failure
 *
 * START is the start time of the process in clock ticks since boot (proc(5),
 * /proc/PID/stat, field 22). A pid that was reused has another one.
 *
 * Lines of the journal:
 *
 *     walk PID START          the process that walks the stages of create or run
 *     process PID START       a process of the container
 *     cgroup DIR              a cgroup of the container alone
 *     cgroup-parent DIR       a cgroup above one of those that we made: removed unless others are in it
 *
 * A directory that others can write to is not used. /run/ocr/@seccomp is no container's: see bpf-cache.h.
 */
#ifndef STATE_H
#define STATE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SPEC_VERSION "1.3.0" /* of the OCI runtime specification that states, and this runtime, comply with */

enum container_status { CREATING, CREATED, RUNNING, STOPPED };

struct process {
    pid_t pid;
    uint64_t start;
};

/* The folder of all containers: `root` (--root), or /run/ocr, or $XDG_RUNTIME_DIR/ocr when not root. */
const char *state_root(const char *root);

/* Makes that folder and those above it that are missing; false and errno when it can't. */
bool state_root_make(const char *root);

/* Opens that folder, making it when `make`; -1 when there is none. Refuses one that others may write to. */
int state_root_open(const char *root, bool make);

/* Is `id` made of [A-Za-z0-9_+.-], not . or .., of at most 255 bytes? */
bool state_is_id(const char *id);

/* Ends the program unless `id` is one. */
void state_check_id(const char *id);

/* Opens the state of the container `id`; refuses (STATUS_STATE) when there is none. */
int state_open(const char *root, const char *id);

/* Opens the state of `id`, or -1 when there is none. */
int state_try_open(const char *root, const char *id);

/* Appends a line to the journal, on its way to the disk before it returns. */
void journal_add(int state, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Replaces a file as a whole: a reader sees the old text or the new one. */
void state_write(int state, const char *file, const char *text);

/* Reads a small file into `text`; false when there is none. Never blocks. */
bool state_read(int state, const char *file, char *text, size_t size);

/* Parses "PID START". */
bool process_parse(const char *text, struct process *process);

/* Looks up a process's start time; gives its state as proc(5) has it ('R', 'S', 'Z' for a zombie), 0 when it does not
 * exist. A pid of 0 is the caller, with its pid as /proc has it: the host's, also for a process in a new pid namespace
 * that sees the host's /proc yet. */
char process_condition(pid_t pid, struct process *process);

/* As process_condition; false when it does not exist or is a zombie. */
bool process_look(pid_t pid, struct process *process);

/* A pidfd of exactly this process; -1 when it is gone, also when its pid now is another's. */
int process_open(const struct process *process);

/* The container's process; false when it has none yet. */
bool state_process(int state, struct process *process);

enum container_status state_status(int state, struct process *process);
const char *status_name(enum container_status status);
#endif
