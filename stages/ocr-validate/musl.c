/*
 * Debian's libjson-c.a is made for glibc; with these few functions it runs on
 * musl, whose start-up is 0.4 ms shorter: more than all that this program does.
 * What json-c needs besides has one form on Linux in both: struct stat, FILE *,
 * errno, the canary of the stack protector. Without musl this file is empty.
 */
#include <features.h>
#ifndef __GLIBC__
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <syslog.h>

/* glibc's forms of functions under _FORTIFY_SOURCE: `room` is what the compiler knows of the buffer's size. */
int __snprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, ...);
int __vsnprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, va_list args);
int __vasprintf_chk(char **to, int flag, const char *format, va_list args);
int __fprintf_chk(FILE *file, int flag, const char *format, ...);
int __vfprintf_chk(FILE *file, int flag, const char *format, va_list args);
void __vsyslog_chk(int priority, int flag, const char *format, va_list args);
char *__strcat_chk(char *to, const char *from, size_t room);

int __vsnprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, va_list args)
{
    (void)flag;
    if (size > room)
        abort();
    return vsnprintf(to, size, format, args);
}

int __snprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = __vsnprintf_chk(to, size, flag, room, format, args);
    va_end(args);
    return length;
}

int __vasprintf_chk(char **to, int flag, const char *format, va_list args)
{
    (void)flag;
    return vasprintf(to, format, args);
}

int __vfprintf_chk(FILE *file, int flag, const char *format, va_list args)
{
    (void)flag;
    return vfprintf(file, format, args);
}

int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = __vfprintf_chk(file, flag, format, args);
    va_end(args);
    return length;
}

void __vsyslog_chk(int priority, int flag, const char *format, va_list args)
{
    (void)flag;
    vsyslog(priority, format, args);
}

char *__strcat_chk(char *to, const char *from, size_t room)
{
    if (strlen(to) + strlen(from) >= room)
        abort();
    return strcat(to, from);
}

/*
 * json-c changes to the C locale and back around each parse. This program never
 * leaves it, so that is five system calls for nothing.
 */
locale_t uselocale(locale_t locale)
{
    (void)locale;
    return LC_GLOBAL_LOCALE;
}

locale_t duplocale(locale_t locale)
{
    return locale;
}

locale_t newlocale(int mask, const char *name, locale_t base)
{
    (void)mask, (void)name;
    return base;
}

void freelocale(locale_t locale)
{
    (void)locale;
}

/*
 * Memory for a process that lives a millisecond: blocks one after another, and
 * free() does nothing. What a config may cost is bounded by the limits in
 * validate.h. musl's own maps and unmaps each small group of blocks.
 */
enum { CHUNK = 256 << 10, HEADER = 8, ALIGNMENT = 16 };
static char *next, *end; /* `next` is HEADER before a multiple of ALIGNMENT */

void *malloc(size_t size)
{
    if (size > PTRDIFF_MAX - CHUNK) {
        errno = ENOMEM;
        return NULL;
    }
    size_t block = (size + HEADER + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (block > (size_t)(end - next)) {
        size_t room = block < CHUNK / 2 ? CHUNK : block + ALIGNMENT;
        char *chunk = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (chunk == MAP_FAILED)
            return NULL;
        next = chunk + ALIGNMENT - HEADER;
        end = chunk + room;
    }
    *(size_t *)(void *)next = block - HEADER;
    void *start = next + HEADER;
    next += block;
    return start;
}

void free(void *start)
{
    (void)start;
}

/* New memory is the kernel's, all zero, and none is used twice. */
void *calloc(size_t count, size_t size)
{
    size_t bytes;
    return malloc(__builtin_mul_overflow(count, size, &bytes) ? SIZE_MAX : bytes);
}

void *realloc(void *start, size_t size)
{
    size_t had = start ? *(size_t *)(void *)((char *)start - HEADER) : 0;
    if (start && size <= had)
        return start;
    void *larger = malloc(size);
    return larger && start ? memcpy(larger, start, had) : larger;
}
#endif
