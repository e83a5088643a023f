/* Reading config.json: as much of it as may be there, through json-c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "fd.h"
#include "sys.h"
#include "validate.h"

/* The whole file. Never blocks: a fifo or a device in its place is refused before it is read. */
static char *read_file(const char *path, size_t *length)
{
    struct stat st;
    bool standard_input = strcmp(path, "-") == 0;
    int fd = standard_input ? STDIN_FILENO : openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        fail(STATUS_CONFIG, errno, "open", path, "open %s", path);
    if (fstat(fd, &st) < 0)
        die("fstat", path, "look at %s", path);
    if (!standard_input && !S_ISREG(st.st_mode))
        refuse(STATUS_CONFIG, "open %s: it is no regular file", path);
    /* A file's size is only a first guess: it may grow, and is 0 for what a kernel makes up. */
    size_t room = S_ISREG(st.st_mode) && st.st_size > 0 ? (size_t)st.st_size : CONFIG_SIZE_MAX;
    if (room > CONFIG_SIZE_MAX)
        refuse(STATUS_CONFIG, "read %s: it has more than %d bytes", path, CONFIG_SIZE_MAX);
    char *text = malloc(room + 2);
    if (!text)
        die("malloc", path, "read %s", path);
    *length = 0;
    for (ssize_t n = 1; n > 0 && *length <= room; *length += (size_t)n)
        if ((n = read(fd, text + *length, room + 1 - *length)) < 0)
            fail(STATUS_CONFIG, errno, "read", path, "read %s", path);
    if (*length > room)
        refuse(STATUS_CONFIG, "read %s: it has more than %zu bytes", path, room);
    text[*length] = '\0';
    if (!standard_input)
        close(fd);
    return text;
}

/* What one pass over the text finds out, before json-c sees it. */
struct scan {
    const char *path, *text, *end;
    size_t values, objects, members;
    bool clamped;
};

_Noreturn static void refuse_at(const struct scan *s, const char *p, const char *reason)
{
    refuse(STATUS_CONFIG, "%s: byte %zu: %s", s->path, (size_t)(p - s->text),
           p < s->end ? reason : "the text ends too early");
}

/* The number of four hexadecimal digits; json-c tells when they are none. */
static unsigned hex4(const char *p)
{
    char digits[5] = {0};
    strncpy(digits, p, 4);
    return (unsigned)strtoul(digits, NULL, 16);
}

/* After the "\u" of an escape; past what belongs to the character. Half of a surrogate pair is no character (RFC 8259,
 * section 8.2); json-c would put U+FFFD in its place, so that the config would mean something it doesn't say. */
static const char *scan_escape(const struct scan *s, const char *p)
{
    unsigned code = hex4(p), low = 0;
    if (code < 0xd800 || code > 0xdfff)
        return p;
    if (code < 0xdc00 && strnlen(p, 6) == 6 && p[4] == '\\' && p[5] == 'u')
        low = hex4(p + 6);
    if (low < 0xdc00 || low > 0xdfff)
        refuse_at(s, p, "half of a surrogate pair is no character");
    return p + 6;
}

/* A string, from after its first quote to its last. */
static const char *scan_string(const struct scan *s, const char *p)
{
    bool nul = false;
    for (;; p++) {
        while ((unsigned char)*p >= ' ' && *p != '"' && *p != '\\')
            p++;
        if (*p == '"')
            break;
        if (*p != '\\') /* RFC 8259, section 7 */
            refuse_at(s, p, "a control character in a string");
        if (*++p == '\0')
            refuse_at(s, p, "a NUL byte");
        if (*p == 'u') {
            nul |= strncmp(p + 1, "0000", 4) == 0;
            p = scan_escape(s, p + 1) - 1;
        }
    }
    /* json-c ends a key at its first NUL; in other strings the loader finds it, and knows where it is. */
    if (nul && p[1 + strspn(p + 1, " \t\r\n")] == ':')
        refuse_at(s, p, "a key holds a NUL character");
    return p;
}

/* json-c takes the nearest 64-bit number for an integer that has more; returns where its digits end. */
static const char *scan_number(struct scan *s, const char *p)
{
    bool negative = p > s->text && p[-1] == '-', fraction = p > s->text && p[-1] == '.';
    const char *limit = negative ? "9223372036854775808" : "18446744073709551615";
    size_t count = strspn(p, "0123456789"), most = strlen(limit);
    if (!fraction && (count > most || (count == most && memcmp(p, limit, count) > 0)))
        s->clamped = true;
    return p + count - 1;
}

/*
 * What json-c does not say: how many values there will be (an object costs it
 * 800 bytes, another value 100), how many members, and what it would take for
 * something else.
 */
static void scan(struct scan *s)
{
    for (const char *p = s->text; p < s->end; p++) {
        switch (*p) {
        case '"': p = scan_string(s, p + 1); break;
        case ':': s->members++; break;
        case ',': s->values++; break;
        case '{': s->objects++; break;
        case '\0': refuse_at(s, p, "a NUL byte");
        default:
            if (*p >= '0' && *p <= '9')
                p = scan_number(s, p);
        }
    }
    if (s->values > CONFIG_VALUES_MAX)
        refuse(STATUS_CONFIG, "%s: it has more than %d values", s->path, CONFIG_VALUES_MAX);
    if (s->objects > CONFIG_OBJECTS_MAX)
        refuse(STATUS_CONFIG, "%s: it has more than %d objects", s->path, CONFIG_OBJECTS_MAX);
}

/* The members of all objects in a value. */
static size_t count_members(struct json_object *value)
{
    size_t count = 0;
    if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            count += count_members(json_object_array_get_idx(value, i));
    } else if (json_object_is_type(value, json_type_object)) {
        count = (size_t)json_object_object_length(value);
        json_object_object_foreach(value, key, member) {
            (void)key;
            count += count_members(member);
        }
    }
    return count;
}

struct json_object *read_config(const char *path, struct load_options *options)
{
    size_t length;
    char *text = read_file(path, &length);
    struct scan s = {.path = path, .text = text, .end = text + length};
    scan(&s);
    struct json_tokener *tokener = json_tokener_new_ex(CONFIG_DEPTH_MAX);
    if (!tokener)
        die("malloc", path, "parse %s", path);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    /* With its NUL, so that a number at the very end is seen to end. */
    struct json_object *config = json_tokener_parse_ex(tokener, text, (int)length + 1);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    if (error != json_tokener_success)
        refuse(STATUS_CONFIG, "%s: byte %zu: %s", path, json_tokener_get_parse_end(tokener),
               error == json_tokener_continue ? "the text ends too early" : json_tokener_error_desc(error));
    if (!json_object_is_type(config, json_type_object))
        refuse(STATUS_CONFIG, "%s: it is not a JSON object", path);
    /* Of two members with one name json-c keeps the last. Another reader of the same file may keep the first: what was
     * checked there would not be what runs here. */
    if (count_members(config) != s.members)
        refuse(STATUS_CONFIG, "%s: an object has two members of the same name", path);
    options->clamped = s.clamped;
    json_tokener_free(tokener);
    free(text);
    return config;
}
