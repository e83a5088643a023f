#include "usage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "error.h"

void usage_exit(const char *usage, bool asked_for)
{
    fputs(usage, asked_for ? stdout : stderr);
    fflush(NULL);
    _exit(asked_for ? 0 : STATUS_USAGE);
}

long number_argument(const char *option, const char *text, long min, long max)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    /* strtol takes blanks and a sign in front; a number that somebody meant starts with a digit. */
    if (errno || end == text || *end || (*text != '-' && (*text < '0' || *text > '9')) || number < min || number > max)
        refuse(STATUS_USAGE, "%s %s: must be a number between %ld and %ld", option, text, min, max);
    return number;
}
