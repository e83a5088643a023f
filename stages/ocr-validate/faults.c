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

/* Where the loader is. Kept as it was given, and put together only when a fault is told: most configs have none. */
static struct {
    const char *name; /* NULL: an index */
    size_t index;
} tokens[CONFIG_DEPTH_MAX * 2];
static unsigned depth;

void pointer_push(const char *token)
{
    tokens[depth++].name = token; /* the parser has bounded the depth */
}

void pointer_push_index(size_t index)
{
    tokens[depth].name = NULL;
    tokens[depth++].index = index;
}

void pointer_pop(void)
{
    depth--;
}

static const char *pointer(void)
{
    static char text[1024];
    size_t length = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < depth && length < sizeof text; i++) {
        if (tokens[i].name)
            length += (size_t)snprintf(text + length, sizeof text - length, "/%s", pointer_token(tokens[i].name));
        else
            length += (size_t)snprintf(text + length, sizeof text - length, "/%zu", tokens[i].index);
    }
    return text;
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
    add(count < FAULTS_MAX ? pointer() : "", format, args);
    va_end(args);
}

void fault_at(const char *where, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(where, format, args);
    va_end(args);
}

void caution(const char *where, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    at("%s", where ? where : pointer());
    warn("%s", text);
    at("");
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
