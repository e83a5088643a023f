/*
 * ocr-baton: shows what the baton carries.
 *
 * Takes nothing: it peeks, and leaves the message in the queue, so it can stand
 * between any two stages and changes nothing there. Prints a line for each fd
 * and for each word: alone to standard output, before NEXT to standard error.
 * Gives what it found. Fails at: no baton. See recv(2) "MSG_PEEK", unix(7).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "baton.h"
#include "error.h"
#include "sys.h"
#include "usage.h"

static const char usage[] = "usage: ocr-baton [NEXT [ARG]...]\n"
                            "\n"
                            "Shows what the baton carries, and becomes NEXT.\n";

struct name {
    int bit;
    const char *name;
};

/* The names of the bits that are set, with a blank in front of each. */
static void print_bits(FILE *out, int set, const struct name *names)
{
    for (; names->name; names++)
        if ((set & names->bit) == names->bit)
            fprintf(out, " %s", names->name);
}

/* A line with: name, number, what /proc calls it, how it is open, what it is sealed against. */
static void print_fd(FILE *out, const char *name, int fd)
{
    static const struct name flags[] = {{O_PATH, "path"}, {O_NONBLOCK, "nonblock"}, {O_APPEND, "append"}, {0, NULL}};
    static const struct name seals[] = {
        {F_SEAL_WRITE, "write"}, {F_SEAL_SHRINK, "shrink"}, {F_SEAL_GROW, "grow"}, {F_SEAL_SEAL, "seal"}, {0, NULL}};
    static const char *const modes[] = {"read", "write", "read-write", "?"};
    char link[64], what[256] = "?";
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, what, sizeof what - 1);
    what[length < 0 ? 1 : length] = '\0';
    for (char *c = what; *c; c++) /* a path may hold what would lead a terminal astray */
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    int flag = fcntl(fd, F_GETFL), seal = fcntl(fd, F_GET_SEALS);
    fprintf(out, "%-10s %3d  %s %s", name, fd, what, flag & O_PATH ? "" : modes[flag & O_ACCMODE]);
    print_bits(out, flag, flags);
    struct stat st;
    if (seal >= 0 && fstat(fd, &st) == 0) {
        fprintf(out, " %lld bytes, sealed:", (long long)st.st_size);
        print_bits(out, seal, seals);
    }
    putc('\n', out);
}

static void print_baton(FILE *out)
{
    const char *name;
    int fd;
    for (unsigned i = 0; (name = baton_name(i, &fd)); i++)
        print_fd(out, name, fd);
    for (const char *word = NULL; (word = baton_next_word(word));)
        fprintf(out, "%s\n", word);
    if (fflush(out) != 0 && out == stdout)
        die("write", NULL, "show the baton");
}

int main(int argc, char **argv)
{
    stage_is("ocr-baton");
    if (argc > 1 && argv[1][0] == '-' && strcmp(argv[1], "--") != 0)
        usage_exit(usage, strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    char **next = argv + (argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1);
    baton_peek();
    print_baton(*next ? stderr : stdout);
    if (!*next)
        return 0;
    exec_next(next);
    int error = errno;
    baton_take(); /* so that this failure is told and undone as that of any other stage here */
    fail(STATUS_FAILED, error, "execve", next[0], "execute %s", next[0]);
}
