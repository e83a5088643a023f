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
    int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        fail(STATUS_CONFIG, errno, "open", path, "open %s", path);
    if (fstat(fd, &st) < 0)
        die("fstat", path, "look at %s", path);
    if (!standard_input && !S_ISREG(st.st_mode))
        refuse(STATUS_CONFIG, "open %s: it is no regular file", path);
    char *text = malloc(CONFIG_SIZE_MAX + 2);
    if (!text)
        die("malloc", path, "read %s", path);
    *length = 0;
    for (ssize_t n = 1; n > 0 && *length <= CONFIG_SIZE_MAX; *length += (size_t)n)
        if ((n = read(fd, text + *length, CONFIG_SIZE_MAX + 1 - *length)) < 0)
            die("read", path, "read %s", path);
    if (*length > CONFIG_SIZE_MAX)
        refuse(STATUS_CONFIG, "read %s: it has more than %d bytes", path, CONFIG_SIZE_MAX);
    text[*length] = '\0';
    if (!standard_input)
        close(fd);
    return text;
}

/* An integer's digits, when they are more than 64 bits hold. */
static bool too_large(const char *digits, size_t count, bool negative)
{
    const char *limit = negative ? "9223372036854775808" : "18446744073709551615";
    size_t limit_count = negative ? 19 : 20;
    return count > limit_count || (count == limit_count && memcmp(digits, limit, count) > 0);
}

/*
 * What json-c does not say, in one pass before it: how many values there will
 * be (each costs it some 100 bytes), whether a string holds a raw control
 * character (RFC 8259 forbids it) or an integer is beyond 64 bits (json-c
 * takes the nearest that isn't).
 */
static void scan(const char *path, const char *text, size_t length, struct load_options *options)
{
    bool in_string = false;
    size_t values = 0;
    for (const char *p = text, *end = text + length; p < end; p++) {
        if ((unsigned char)*p < ' ' && (in_string || *p == '\0'))
            refuse(STATUS_CONFIG, "%s: byte %zu is a control character", path, (size_t)(p - text));
        if (*p == '"') {
            in_string = !in_string;
        } else if (in_string) {
            options->nul |= strncmp(p, "\\u0000", 6) == 0;
            p += *p == '\\';
        } else if (*p == ',') {
            if (++values > CONFIG_VALUES_MAX)
                refuse(STATUS_CONFIG, "%s: it has more than %d values", path, CONFIG_VALUES_MAX);
        } else if (*p >= '0' && *p <= '9') {
            size_t count = strspn(p, "0123456789");
            options->clamped |= too_large(p, count, p > text && p[-1] == '-');
            p += count - 1;
        }
    }
}

struct json_object *read_config(const char *path, struct load_options *options)
{
    size_t length;
    char *text = read_file(path, &length);
    scan(path, text, length, options);
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
    json_tokener_free(tokener);
    free(text);
    return config;
}
