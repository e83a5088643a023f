/* Writing JSON: the few lines that a library-free program needs to print a state or a log record. */
#ifndef JSON_H
#define JSON_H
#include <stddef.h>

struct json_text {
    char *text;
    size_t size, length; /* what doesn't fit any more is left out */
};

/* Appends as printf(3) does. */
void json_add(struct json_text *json, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A JSON string, quotes included. Bytes that are no UTF-8 become U+FFFD. One of four static buffers. */
const char *json_quote(const char *string);
#endif
