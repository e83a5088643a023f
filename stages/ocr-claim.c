/*
 * ocr-claim: the id and its state directory are ours.
 *
 * Takes: plan. Makes the container's state directory, which fails when another
 * container has this id (mkdir(2) decides, so of two creates one wins), and
 * writes what later commands need. Gives: state, the word id. From here on a
 * stage that fails hands over to ocr-delete. Fails at: an id that is taken or
 * not allowed, a state folder that others can write to. See mkdirat(2).
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "baton.h"
#include "error.h"
#include "fd.h"
#include "json.h"
#include "plan.h"
#include "state.h"
#include "sys.h"
#include "usage.h"

static const char usage[] = "usage: ocr-claim [--root DIR] ID NEXT [ARG]...\n"
                            "\n"
                            "Makes the state directory of the container ID.\n"
                            "\n"
                            "      --root DIR  the folder of all containers' states (/run/ocr)\n";

static const char *parse(int argc, char **argv)
{
    static const struct option longs[] = {
        {"root", required_argument, NULL, 'r'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    const char *root = NULL;
    for (int option; (option = getopt_long(argc, argv, "+r:h", longs, NULL)) != -1;) {
        if (option != 'r')
            usage_exit(usage, option == 'h');
        root = optarg;
    }
    if (argc - optind < 2)
        usage_exit(usage, false);
    return root;
}

/* The directory, new and empty. */
static int claim(const char *root, const char *id)
{
    state_check_id(id);
    OWNED_FD folder = state_root_open(root, true);
    int made = mkdirat(folder, id, 0700);
    if (made < 0 && errno == EEXIST)
        refuse(STATUS_STATE, "container \"%s\" exists already", id);
    int state = made < 0 ? -1 : openat(folder, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (state < 0)
        die("mkdir", id, "make the state directory of %s", id);
    return state;
}

/* A copy of the plan, for the commands that come later. */
static void keep_plan(int state, int plan)
{
    struct stat st;
    OWNED_FD copy = openat(state, "plan", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    off_t offset = 0;
    if (copy < 0 || fstat(plan, &st) < 0)
        die("open", "plan", "write the state's plan");
    while (offset < st.st_size)
        if (sendfile(copy, plan, &offset, (size_t)(st.st_size - offset)) <= 0)
            die("sendfile", "plan", "write the state's plan");
}

static void keep_link(int state, const char *name, const char *target)
{
    if (symlinkat(target, state, name) < 0)
        die("symlink", name, "write the state's %s", name);
}

/* A JSON string of any length, in parts that json_quote has room for and that end where a UTF-8 character does. */
static void write_string(FILE *out, const char *text)
{
    char part[1024];
    putc('"', out);
    for (size_t length; (length = strnlen(text, sizeof part - 1)) > 0; text += length) {
        while (length > 4 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
        snprintf(part, sizeof part, "%.*s", (int)length, text);
        const char *quoted = json_quote(part);
        fprintf(out, "%.*s", (int)strlen(quoted) - 2, quoted + 1);
    }
    putc('"', out);
}

static void keep_annotations(int state, const struct plan *plan)
{
    int fd = openat(state, "annotations", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!out)
        die("open", "annotations", "write the state's annotations");
    for (uint32_t i = 0; i < plan->annotations_len; i++) {
        fputs(i ? "," : "{", out);
        write_string(out, plan->annotations[i].key);
        putc(':', out);
        write_string(out, plan->annotations[i].value ? plan->annotations[i].value : "");
    }
    putc('}', out);
    if (ferror(out) || fclose(out) != 0)
        die("write", "annotations", "write the state's annotations");
}

/* From here on, whoever deletes this container while it is created has to end this process first. */
static void begin_journal(int state)
{
    struct process self;
    if (!process_look(getpid(), &self))
        refuse(STATUS_FAILED, "/proc is not mounted or not of this pid namespace: can't find the own start time");
    journal_add(state, "walk %d %llu", self.pid, (unsigned long long)self.start);
}

int main(int argc, char **argv)
{
    stage_is("ocr-claim");
    const char *root = parse(argc, argv), *id = argv[optind];
    baton_take();
    umask(022); /* the caller's may be anything; it is nothing of the container's, and hides no mode from here on */
    const struct plan *plan = plan_map(baton_need("plan"));
    int state = claim(root, id);
    baton_put("state", state);
    baton_set_word("id", id);
    baton_own_failures();
    begin_journal(state);
    keep_plan(state, baton_fd("plan"));
    keep_link(state, "bundle", plan->bundle);
    keep_link(state, "rootfs", plan->rootfs);
    if (plan->annotations_len)
        keep_annotations(state, plan);
    baton_pass(argv + optind + 1);
}
