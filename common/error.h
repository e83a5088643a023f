/*
 * How a program of ocr fails: with one sentence, once, and an exit status that
 * means something.
 *
 *     ocr-mounts: /mounts/3: mount proc on /proc: Operation not permitted
 *     STAGE:      POINTER:   WHAT WAS DONE:       WHY
 *
 * The sentence goes to standard error and, when OCR_LOG names a file, there
 * too, as text or (OCR_LOG_FORMAT=json) as one JSON object with the members
 * level, msg, time, stage, pointer, path, call and errno.
 *
 * On the container side no path of the host resolves and standard error is the
 * container's. There the same record goes over the socket named "sync" in the
 * baton (baton_take sets it with fail_to), and the host side, ocr-nsinit's
 * parent, prints it as if it were its own. Errors go home once.
 */
#ifndef ERROR_H
#define ERROR_H
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Exit statuses: an interface, the same for every program. ocr(1) has the table. */
enum status {
    STATUS_FAILED = 1, /* a system call failed, or the kernel can't do what was asked */
    STATUS_USAGE = 2,  /* the command line is wrong */
    STATUS_CONFIG = 3, /* config.json is refused */
    STATUS_STATE = 4,  /* no such container, or not in a state in which this can be done */
    STATUS_NOT_EXECUTABLE = 126,
    STATUS_NOT_FOUND = 127, /* the program to run in the container */
};

/* One failure, or one debug line, as it travels from the container side. */
struct record {
    char kind; /* 'e': error, 'w': warning, 'd': debug, 'c': created, 'x': executing, 'p': the pid is `error` */
    unsigned char status;
    int error;            /* errno, 0: none */
    struct timespec when; /* CLOCK_REALTIME */
    char stage[32];
    char pointer[160];
    char call[32];
    char path[256];
    char text[512]; /* the sentence without stage, pointer and errno's text */
};

/* Names this program in every message. First thing in main. */
void stage_is(const char *name);

/* Says which part of config.json is being worked on, as a JSON pointer; "" ends it.
 * With a map's key in it, pass the key through pointer_token() first. */
void at(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Escapes one token of a JSON pointer (RFC 6901: ~ is ~0, / is ~1) into a static buffer. */
const char *pointer_token(const char *key);

/* A system call failed: prints the sentence with errno's text and exits with STATUS_FAILED.
 * `call` is its name; `path` is what it was done to, or NULL. */
_Noreturn void die(const char *call, const char *path, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Refused without a system call: prints the sentence and exits with `status`. */
_Noreturn void refuse(enum status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As refuse, with an errno that belongs to it (0: none). */
_Noreturn void fail(enum status status, int error, const char *call, const char *path, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Ends the program after a failure that has been told already: undoes what fail_with says. */
_Noreturn void end_with(enum status status);

/* Prints a sentence, without ending the program. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says something when --debug was given (OCR_LOG_LEVEL=debug), with the time of day in microseconds before it. */
void debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on failures go over this socket instead of to standard error; -1 ends it. */
void fail_to(int socket);

/* Runs before the program exits on failure, once; it may execve(2), as the hand-over to ocr-delete does. */
void fail_with(void (*function)(enum status status));

/* Sends a record of this kind home, when there is somebody to send it to. */
void tell(char kind);

/* Prints a record that came from the container side; its strings are made to end. */
void print_record(struct record *record);
#endif
