/* The command line of a program: its usage text, and numbers in arguments. */
#ifndef USAGE_H
#define USAGE_H
#include <stdbool.h>

/* Prints the usage text and ends the program: to standard output with 0 if it was asked for, else with STATUS_USAGE. */
_Noreturn void usage_exit(const char *usage, bool asked_for);

/* A whole decimal number between min and max; anything else ends the program with STATUS_USAGE. */
long number_argument(const char *option, const char *text, long min, long max);
#endif
