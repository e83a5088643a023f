/*
 * The program that process.args[0] names. ocr-wait-fifo asks, so that `create` fails when there is none, and
 * ocr-process asks again, as the container's user.
 */
#ifndef EXECUTABLE_H
#define EXECUTABLE_H

/* Where it is: `name` itself when it has a slash, else what is found in PATH of `env`, relative to the working
 * directory. Ends the program with STATUS_NOT_FOUND or STATUS_NOT_EXECUTABLE, and the texts that engines know. */
const char *executable_find(const char *name, const char *const *env);

/* The value of a variable in `env`, as getenv(3) would find it; NULL: it has none. */
const char *env_value(const char *const *env, const char *name);
#endif
