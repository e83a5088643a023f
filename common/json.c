#include "json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void json_add(struct json_text *json, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(json->text + json->length, json->size - json->length, format, args);
    va_end(args);
    if (n > 0)
        json->length += (size_t)n < json->size - json->length ? (size_t)n : json->size - json->length;
}

/* How many bytes the UTF-8 character at s has; 0: it is none (RFC 3629). */
static size_t utf8_length(const unsigned char *s)
{
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                             : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((n == 3 && s[0] == 0xe0 && s[1] < 0xa0) || (n == 3 && s[0] == 0xed && s[1] > 0x9f) ||
        (n == 4 && s[0] == 0xf0 && s[1] < 0x90) || (n == 4 && s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

const char *json_quote(const char *string)
{
    static char buffers[4][8192];
    static unsigned next;
    char *out = buffers[next++ % 4], *p = out, *end = out + sizeof buffers[0] - 8;
    *p++ = '"';
    for (const unsigned char *s = (const unsigned char *)string; *s && p < end;) {
        size_t n = utf8_length(s);
        if (*s == '"' || *s == '\\') {
            *p++ = '\\';
            *p++ = (char)*s++;
        } else if (*s < ' ' || *s == 0x7f) {
            p += sprintf(p, "\\u%04x", *s++);
        } else if (n == 0) {
            p += sprintf(p, "\\ufffd");
            s++;
        } else {
            memcpy(p, s, n);
            p += n;
            s += n;
        }
    }
    *p++ = '"';
    *p = '\0';
    return out;
}
