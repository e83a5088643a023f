/*
 * ocr-help: what the front script has to say.
 *
 * Takes the name of a command that is a walk and prints its help; without one,
 * the help of ocr itself. The front becomes it also to fail (--refuse), so that
 * its messages reach --log in the same form as every other program's, and to
 * show a walk instead of going on it (--print). The script stays short that way:
 * the shell reads all of it for each container.
 */
#include <stdio.h>
#include <string.h>

#include "commit.h"
#include "error.h"
#include "usage.h"

static const char front[] = "usage: ocr [GLOBAL OPTION]... COMMAND [OPTION]... [ARG]...\n"
                            "\n"
                            "Runs containers as the OCI runtime specification describes them.\n"
                            "\n"
                            "  create ID         make a container; its program waits for start\n"
                            "  start ID          run the program of a created container\n"
                            "  run ID            create and start at once, and wait for its end\n"
                            "  state ID          print the state as JSON\n"
                            "  kill ID [SIGNAL]  send a signal (TERM) to a container\n"
                            "  delete ID         remove a container that has stopped\n"
                            "  list              list the containers\n"
                            "  spec              write a config.json to start from\n"
                            "  features          print what this build can do, as JSON\n"
                            "\n"
                            "Each has --help. Global options:\n"
                            "\n"
                            "      --root DIR             the folder of all containers' states (/run/ocr)\n"
                            "      --log FILE             append errors and warnings to FILE\n"
                            "      --log-format FORMAT    text or json (text)\n"
                            "      --log-level LEVEL      debug, info, warning or error (warning)\n"
                            "      --debug                the same as --log-level debug\n"
                            "      --cgroup-manager NAME  cgroupfs, or disabled: make no cgroup (cgroupfs)\n"
                            "      --rootless VALUE       accepted, and of no effect\n"
                            "      --dry-run              print the programs that would be executed\n"
                            "  -v, --version              print the version\n"
                            "  -h, --help                 print this\n";

#define WALK_OPTIONS                                                                                                   \
    "  -b, --bundle DIR      the bundle's folder (.)\n"                                                                \
    "  -f, --config FILE     the config (config.json in the bundle)\n"                                                 \
    "      --pid-file FILE   write the pid of the container's process there\n"                                         \
    "      --preserve-fds N  pass on fds 3 to 3+N-1 (0)\n"                                                             \
    "      --no-pivot        chroot(2) instead of pivot_root(2)\n"                                                     \
    "      --no-new-keyring  keep the caller's session keyring\n"

static const char create[] = "usage: ocr create [OPTION]... ID\n"
                             "\n"
                             "Makes the container ID. Its program waits until `ocr start ID`.\n"
                             "\n" WALK_OPTIONS;

static const char run[] = "usage: ocr run [OPTION]... ID\n"
                          "\n"
                          "Makes the container ID, runs its program, waits for its end and removes it.\n"
                          "\n" WALK_OPTIONS "  -d, --detach          do not wait for its end, and do not remove it\n"
                          "      --keep            do not remove it\n";

static const char version[] = "ocr version " VERSION "\n"
                              "commit: " COMMIT "\n"
                              "spec: 1.3.0\n";

static const char usage[] =
    "usage: ocr-help [create | run]\n"
    "       ocr-help --version | --missing | --refuse TEXT [STATUS PROGRAM] | --print PROGRAM [ARG]...\n"
    "\n"
    "Prints the help of ocr, or of one of its commands.\n"
    "\n"
    "      --version      print the version\n"
    "      --missing      print the help to standard error: the command is missing\n"
    "      --refuse TEXT  fail with TEXT as the message, STATUS (2), and as PROGRAM (ocr)\n"
    "      --print        print the command line that follows, a stage a line\n";

/* An argument as a shell reads it. */
static void print_word(const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-/=:,@%";
    if (*word && !word[strspn(word, plain)]) {
        fputs(word, stdout);
        return;
    }
    putchar('\'');
    for (; *word; word++)
        if (*word == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*word);
    putchar('\'');
}

static int print_walk(char **word)
{
    for (int i = 0; word[i]; i++) {
        if (i)
            fputs(strncmp(word[i], "ocr-", 4) == 0 ? " \\\n    " : " ", stdout);
        print_word(word[i]);
    }
    putchar('\n');
    return 0;
}

int main(int argc, char **argv)
{
    stage_is("ocr");
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "--print") == 0 && argc > 2)
        return print_walk(argv + 2);
    if (strcmp(what, "--refuse") == 0 && argc == 5) {
        stage_is(argv[4]);
        refuse((enum status)number_argument("--refuse", argv[3], 1, 255), "%s", argv[2]);
    }
    if (strcmp(what, "--refuse") == 0 && argc == 3)
        refuse(STATUS_USAGE, "%s", argv[2]);
    if (argc > 2 || strcmp(what, "--missing") == 0)
        usage_exit(argc > 2 ? usage : front, false);
    usage_exit(strcmp(what, "") == 0            ? front
               : strcmp(what, "create") == 0    ? create
               : strcmp(what, "run") == 0       ? run
               : strcmp(what, "--version") == 0 ? version
                                                : usage,
               true);
}
