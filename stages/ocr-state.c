/*
 * ocr-state: prints the state of a container as JSON.
 *
 * Takes an id. Reads the state directory, and in /proc whether the container's
 * process, known by its pid and its start time, is still there. Changes
 * nothing. Fails at: no such container, a broken state directory. See the OCI
 * spec's runtime.md "State", proc(5).
 */
#include <getopt.h>

#include "error.h"
#include "state-info.h"
#include "usage.h"

static const char usage[] = "usage: ocr-state [--root DIR] ID\n"
                            "\n"
                            "Prints the state of the container ID as JSON.\n"
                            "\n"
                            "      --root DIR  the folder of all containers' states (/run/ocr)\n";

static const char *parse(int argc, char **argv)
{
    static const struct option longs[] = {
        {"root", required_argument, NULL, 'r'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    const char *root = NULL;
    for (int option; (option = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        if (option != 'r')
            usage_exit(usage, option == 'h');
        root = optarg;
    }
    if (argc - optind != 1)
        usage_exit(usage, false);
    return root;
}

int main(int argc, char **argv)
{
    stage_is("ocr-state");
    const char *root = parse(argc, argv), *id = argv[optind];
    static struct state_info info;
    const char *wrong = state_info(state_open(root, id), id, &info);
    if (wrong)
        refuse(STATUS_STATE, "the state of container \"%s\" is broken: %s", id, wrong);
    state_info_print(stdout, &info, true);
    putchar('\n');
    if (fflush(stdout) != 0)
        die("write", NULL, "print the state");
    return 0;
}
