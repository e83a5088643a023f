/*
 * ocr-list: lists the containers.
 *
 * Takes nothing. Reads the folder of all containers' states; what does not
 * have the name of a container is passed over, and a broken state is told on
 * standard error and does not hide the others. Changes nothing. Fails at: a
 * folder that others can write to. See readdir(3), proc(5).
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "fd.h"
#include "state-info.h"
#include "sys.h"
#include "usage.h"

static const char usage[] = "usage: ocr-list [--root DIR] [-q] [-f FORMAT]\n"
                            "\n"
                            "Lists the containers.\n"
                            "\n"
                            "      --root DIR       the folder of all containers' states (/run/ocr)\n"
                            "  -q, --quiet          only their ids\n"
                            "  -f, --format FORMAT  table or json (table)\n";

struct options {
    const char *root;
    bool quiet, json;
};

struct list {
    struct state_info *container;
    size_t count;
};

enum { COLUMNS = 6 };

static struct options parse(int argc, char **argv)
{
    static const struct option longs[] = {{"root", required_argument, NULL, 'r'},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"format", required_argument, NULL, 'f'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct options o = {0};
    for (int option; (option = getopt_long(argc, argv, "qf:h", longs, NULL)) != -1;) {
        switch (option) {
        case 'r': o.root = optarg; break;
        case 'q': o.quiet = true; break;
        case 'f':
            o.json = strcmp(optarg, "json") == 0;
            if (!o.json && strcmp(optarg, "table") != 0)
                refuse(STATUS_USAGE, "--format \"%s\": must be table or json", optarg);
            break;
        default: usage_exit(usage, option == 'h');
        }
    }
    if (optind != argc)
        usage_exit(usage, false);
    return o;
}

static void *need(void *memory)
{
    if (!memory)
        die("malloc", NULL, "list the containers");
    return memory;
}

/* Reads one container's state into the list; with --quiet its name says enough. */
static void add(struct list *list, int folder, const char *id, bool quiet)
{
    OWNED_FD state = openat(folder, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (state < 0)
        return; /* no directory, or deleted by now */
    struct state_info *info = &list->container[list->count];
    const char *wrong = NULL;
    if (quiet)
        info->id = id;
    else
        wrong = state_info(state, id, info);
    if (wrong)
        warn("the state of container \"%s\" is broken: %s", id, wrong);
    else
        list->count++;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in the folder that a container can have, sorted. */
static char **read_names(int folder, size_t *count)
{
    char **names = NULL;
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);
    if (!stream)
        die("opendir", NULL, "read the folder of the containers' states");
    for (struct dirent *entry; (entry = readdir(stream));) {
        if (!state_is_id(entry->d_name))
            continue;
        names = need(realloc(names, (*count + 1) * sizeof *names));
        names[(*count)++] = need(strdup(entry->d_name));
    }
    closedir(stream);
    if (*count)
        qsort(names, *count, sizeof *names, by_name);
    return names;
}

static struct list read_all(const struct options *o)
{
    struct list list = {0};
    size_t count = 0;
    OWNED_FD folder = state_root_open(o->root, false);
    if (folder < 0)
        return list; /* there never was a container */
    char **names = read_names(folder, &count);
    list.container = need(calloc(count + 1, sizeof *list.container));
    for (size_t i = 0; i < count; i++)
        add(&list, folder, names[i], o->quiet);
    return list;
}

static void print_json(const struct list *list)
{
    putchar('[');
    for (size_t i = 0; i < list->count; i++) {
        if (i)
            putchar(',');
        state_info_print(stdout, &list->container[i], false);
    }
    puts("]");
}

static void row_of(const struct state_info *info, char pid[16], const char *row[COLUMNS])
{
    snprintf(pid, 16, "%d", info->pid);
    memcpy(row,
           (const char *[COLUMNS]){info->id, pid, status_name(info->status), info->bundle, info->created, info->owner},
           COLUMNS * sizeof *row);
}

static void print_row(const char *const row[COLUMNS], const int width[COLUMNS])
{
    for (int i = 0; i < COLUMNS - 1; i++) {
        for (const char *c = row[i]; *c; c++) /* a bundle's path may hold anything; a terminal must stay as it is */
            putchar((unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c);
        printf("%*s", width[i] - (int)strlen(row[i]), "");
    }
    puts(row[COLUMNS - 1]);
}

/* Columns are 12 wide or as wide as their longest text and 3 blanks, as scripts know it from other runtimes. */
static void print_table(const struct list *list)
{
    static const char *const head[COLUMNS] = {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"};
    int width[COLUMNS] = {12, 12, 12, 12, 12, 0};
    const char *row[COLUMNS];
    char pid[16];
    for (size_t i = 0; i < list->count; i++) {
        row_of(&list->container[i], pid, row);
        for (int column = 0; column < COLUMNS; column++)
            if ((int)strlen(row[column]) + 3 > width[column])
                width[column] = (int)strlen(row[column]) + 3;
    }
    print_row(head, width);
    for (size_t i = 0; i < list->count; i++) {
        row_of(&list->container[i], pid, row);
        print_row(row, width);
    }
}

int main(int argc, char **argv)
{
    stage_is("ocr-list");
    struct options o = parse(argc, argv);
    static struct list list; /* its memory ends with the process */
    list = read_all(&o);
    if (o.quiet)
        for (size_t i = 0; i < list.count; i++)
            puts(list.container[i].id);
    else if (o.json)
        print_json(&list);
    else
        print_table(&list);
    if (fflush(stdout) != 0)
        die("write", NULL, "print the list");
    return 0;
}
