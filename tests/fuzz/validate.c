/*
 * Fuzzes ocr-validate's way from bytes to a plan: reading, loading, the rules,
 * printing. Built by `run` with libFuzzer, ASan and UBSan. Where the program
 * would end with a message, this goes on with the next input.
 */
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* With its variables in reach, to forget the faults of the input before. */
#include "../../stages/ocr-validate/faults.c"

static jmp_buf refused;

/* error.c's functions. What a message is made of must be sound, so it is put together all the same. */
static void format_message(const char *format, va_list args)
{
    char text[512];
    vsnprintf(text, sizeof text, format, args);
}

#define MESSAGE()                                                                                                      \
    va_list args;                                                                                                      \
    va_start(args, format);                                                                                            \
    format_message(format, args);                                                                                      \
    va_end(args)

void at(const char *format, ...)
{
    MESSAGE();
}

void warn(const char *format, ...)
{
    MESSAGE();
}

void refuse(enum status status, const char *format, ...)
{
    MESSAGE();
    longjmp(refused, (int)status);
}

void fail(enum status status, int error, const char *call, const char *path, const char *format, ...)
{
    (void)error, (void)call, (void)path;
    MESSAGE();
    longjmp(refused, (int)status);
}

/* A system call that fails is none of the input's doing. */
void die(const char *call, const char *path, const char *format, ...)
{
    (void)path;
    MESSAGE();
    perror(call);
    abort();
}

const char *pointer_token(const char *key)
{
    static char token[128];
    snprintf(token, sizeof token, "%s", key);
    return token;
}

/* Reads each byte that the plan points to. */
static size_t walk(const char *at, const struct schema_type *type);

static size_t walk_value(const char *at, const struct schema_field *f)
{
    if (f->kind == KIND_STRUCT)
        return walk(at, f->type);
    if (f->kind == KIND_STRING)
        return *(const char *const *)at ? strlen(*(const char *const *)at) : 0;
    return (size_t)(unsigned char)*at;
}

static size_t walk(const char *at, const struct schema_type *type)
{
    size_t sum = 0;
    for (const struct schema_field *f = type->fields; f->name; f++) {
        const char *member = at + f->offset;
        if (f->shape == SHAPE_ONE && f->kind != KIND_STRUCT) {
            sum += walk_value(member, f);
            continue;
        }
        const char *target = *(const char *const *)member;
        uint32_t length = f->shape == SHAPE_LIST || f->shape == SHAPE_MAP ? *(const uint32_t *)(at + f->len_offset) : 1;
        for (; target && length--; target += f->size)
            sum += walk_value(target + f->value_offset, f);
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    static char path[64];
    if (file < 0) {
        file = memfd_create("config.json", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    if (ftruncate(file, 0) < 0 || pwrite(file, data, size, 0) != (ssize_t)size)
        abort();
    count = depth = 0;
    struct plan *plan = image_begin();
    if (setjmp(refused) == 0) {
        struct load_options options = {.strict = size & 1};
        struct json_object *config = read_config(path, &options);
        load(plan, config, &options);
        check_rules(plan);
        faults_print();
        if (depth != 0 || walk((const char *)plan, schema_root) == SIZE_MAX)
            abort();
        json_object_put(config);
    }
    close(image_seal());
    return 0;
}
