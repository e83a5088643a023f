/* Faults of a config, each with the JSON pointer (RFC 6901) of the value that has it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "validate.h"

static struct {
    char pointer[160];
    char reason[256];
} faults[FAULTS_MAX];
static unsigned count;

static char pointer[1024];
static size_t ends[CONFIG_DEPTH_MAX * 2]; /* where each token on the stack begins */
static unsigned depth;

void pointer_push(const char *token)
{
    size_t length = strlen(pointer);
    ends[depth++] = length; /* the parser has bounded the depth */
    snprintf(pointer + length, sizeof pointer - length, "/%s", pointer_token(token));
}

void pointer_push_index(size_t index)
{
    char token[24];
    snprintf(token, sizeof token, "%zu", index);
    pointer_push(token);
}

void pointer_pop(void)
{
    pointer[ends[--depth]] = '\0';
}

static void add(const char *where, const char *format, va_list args)
{
    if (count < FAULTS_MAX) {
        snprintf(faults[count].pointer, sizeof faults[count].pointer, "%s", where);
        vsnprintf(faults[count].reason, sizeof faults[count].reason, format, args);
    }
    count++;
}

void fault(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(pointer, format, args);
    va_end(args);
}

void fault_at(const char *where, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(where, format, args);
    va_end(args);
}

unsigned fault_count(void)
{
    return count;
}

void faults_print(void)
{
    for (unsigned i = 0; i < count && i < FAULTS_MAX; i++) {
        at("%s", faults[i].pointer);
        warn("%s", faults[i].reason);
    }
    at("");
    if (count > FAULTS_MAX)
        warn("and %u more", count - FAULTS_MAX);
}

void faults_refuse(void)
{
    at("%s", faults[0].pointer);
    if (count > 1)
        refuse(STATUS_CONFIG, "%s (and %u more: `ocr-validate` alone lists them)", faults[0].reason, count - 1);
    refuse(STATUS_CONFIG, "%s", faults[0].reason);
}
