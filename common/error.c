#include "error.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "json.h"

static const char *stage = "ocr";
static char pointer[160];
static int home = -1;
static void (*undo)(enum status status);

void stage_is(const char *name)
{
    stage = name;
}

void at(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(pointer, sizeof pointer, format, args);
    va_end(args);
}

const char *pointer_token(const char *key)
{
    static char token[128];
    size_t n = 0;
    for (; *key && n < sizeof token - 3; key++) {
        if (*key == '~' || *key == '/') {
            token[n++] = '~';
            token[n++] = *key == '~' ? '0' : '1';
        } else {
            token[n++] = *key;
        }
    }
    token[n] = '\0';
    return token;
}

void fail_to(int socket)
{
    home = socket;
}

void fail_with(void (*function)(enum status status))
{
    undo = function;
}

static bool debugging(void)
{
    const char *level = getenv("OCR_LOG_LEVEL");
    return level && (strcmp(level, "debug") == 0 || strcmp(level, "trace") == 0);
}

/* A line must stay a line and a terminal must stay as it is: control characters of a path become "?". */
static void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

/* One sentence: stage, pointer, what was done, why. Where a program can't be executed, why begins with a small letter:
 * Docker knows "permission denied" and "no such file or directory" in this form only, and exits with 126 or 127. */
static void sentence(const struct record *r, char *line, size_t size)
{
    char why[128] = "";
    if (r->error)
        snprintf(why, sizeof why, ": %s", strerror(r->error));
    if (r->status == STATUS_NOT_EXECUTABLE || r->status == STATUS_NOT_FOUND)
        why[2] = (char)tolower((unsigned char)why[2]);
    snprintf(line, size, "%s: %s%s%s%s", r->stage, r->pointer, r->pointer[0] ? ": " : "", r->text, why);
    make_printable(line);
}

static void write_line(int fd, const char *line)
{
    struct iovec parts[] = {{(void *)line, strlen(line)}, {"\n", 1}};
    /* One call, so that lines of several processes don't mix. Nothing can be done about a failure. */
    if (writev(fd, parts, 2) < 0)
        return;
}

/* The line of a log, in the form that engines parse. */
static void log_line(const struct record *r, const char *line)
{
    const char *file = getenv("OCR_LOG"), *format = getenv("OCR_LOG_FORMAT");
    if (!file || !*file)
        return;
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
    if (fd < 0)
        return;
    char when[64];
    struct tm utc;
    gmtime_r(&r->when.tv_sec, &utc);
    size_t n = strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(when + n, sizeof when - n, ".%09ldZ", r->when.tv_nsec);

    char text[8192];
    struct json_text json = {text, sizeof text - 1, 0};
    const char *level = r->kind == 'e' ? "error" : r->kind == 'w' ? "warning" : "debug";
    if (format && strcmp(format, "json") == 0) {
        json_add(&json, "{\"level\":\"%s\",\"msg\":%s,\"time\":\"%s\",\"stage\":%s", level, json_quote(line), when,
                 json_quote(r->stage));
        if (r->pointer[0])
            json_add(&json, ",\"pointer\":%s", json_quote(r->pointer));
        if (r->path[0])
            json_add(&json, ",\"path\":%s", json_quote(r->path));
        if (r->call[0])
            json_add(&json, ",\"call\":%s", json_quote(r->call));
        if (r->error)
            json_add(&json, ",\"errno\":%d", r->error);
        json_add(&json, "}");
    } else {
        json_add(&json, "time=\"%s\" level=%s msg=%s", when, level, json_quote(line));
    }
    text[json.length] = '\0';
    write_line(fd, text);
    close(fd);
}

void print_record(struct record *r)
{
    r->stage[sizeof r->stage - 1] = r->pointer[sizeof r->pointer - 1] = r->call[sizeof r->call - 1] = '\0';
    r->path[sizeof r->path - 1] = r->text[sizeof r->text - 1] = '\0';
    char line[1024], timed[1056];
    sentence(r, line, sizeof line);
    log_line(r, line);
    long second = r->when.tv_sec % 86400;
    snprintf(timed, sizeof timed, "%02ld:%02ld:%02ld.%06ld %s", second / 3600, second / 60 % 60, second % 60,
             r->when.tv_nsec / 1000, line);
    write_line(STDERR_FILENO, r->kind == 'd' ? timed : line);
}

/* A record home, over the socket to ocr-nsinit's parent or the fifo to ocr-start. The fifo is open for both reading
 * and writing, so that no SIGPIPE can come from it; the socket needs the flag. */
static bool send_home(const struct record *r)
{
    ssize_t sent = send(home, r, sizeof *r, MSG_NOSIGNAL | MSG_EOR);
    if (sent < 0 && errno == ENOTSOCK)
        sent = write(home, r, sizeof *r);
    return sent == (ssize_t)sizeof *r;
}

/* Sends it to the host side if this is the container side, prints it if not. */
static void report(struct record *r)
{
    clock_gettime(CLOCK_REALTIME, &r->when);
    snprintf(r->stage, sizeof r->stage, "%s", stage);
    snprintf(r->pointer, sizeof r->pointer, "%s", pointer);
    if (home < 0 || !send_home(r))
        print_record(r);
}

static void fill(struct record *r, int error, const char *call, const char *path, const char *format, va_list args)
{
    r->error = error;
    snprintf(r->call, sizeof r->call, "%s", call ? call : "");
    snprintf(r->path, sizeof r->path, "%s", path ? path : "");
    vsnprintf(r->text, sizeof r->text, format, args);
}

void end_with(enum status status)
{
    if (undo) {
        void (*function)(enum status) = undo;
        undo = NULL; /* it may fail itself */
        function(status);
    }
    _exit((int)status);
}

_Noreturn static void give_up(struct record *r, enum status status)
{
    r->kind = 'e';
    r->status = (unsigned char)status;
    report(r);
    end_with(status);
}

void die(const char *call, const char *path, const char *format, ...)
{
    struct record r = {0};
    int error = errno;
    va_list args;
    va_start(args, format);
    fill(&r, error, call, path, format, args);
    va_end(args);
    give_up(&r, STATUS_FAILED);
}

void refuse(enum status status, const char *format, ...)
{
    struct record r = {0};
    va_list args;
    va_start(args, format);
    fill(&r, 0, NULL, NULL, format, args);
    va_end(args);
    give_up(&r, status);
}

void fail(enum status status, int error, const char *call, const char *path, const char *format, ...)
{
    struct record r = {0};
    va_list args;
    va_start(args, format);
    fill(&r, error, call, path, format, args);
    va_end(args);
    give_up(&r, status);
}

void warn(const char *format, ...)
{
    struct record r = {.kind = 'w'};
    va_list args;
    va_start(args, format);
    fill(&r, 0, NULL, NULL, format, args);
    va_end(args);
    report(&r);
}

void debug(const char *format, ...)
{
    if (!debugging())
        return;
    struct record r = {.kind = 'd'};
    va_list args;
    va_start(args, format);
    fill(&r, 0, NULL, NULL, format, args);
    va_end(args);
    report(&r);
}

void tell(char kind)
{
    struct record r = {.kind = kind};
    snprintf(r.stage, sizeof r.stage, "%s", stage);
    if (home >= 0 && !send_home(&r))
        return; /* a host side that is gone can't be told; what follows notices by itself */
}
