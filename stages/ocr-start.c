/*
 * ocr-start: runs the program of a created container.
 *
 * Takes an id. ocr-wait-fifo, in the container's process, waits for a byte from
 * the fifo `start` in the state directory. Whoever removes that fifo's name is
 * the one who starts (unlink(2) decides, so of two starts one wins) and writes
 * the byte. Then the records of what follows come through the fifo `started`,
 * until it ends: the program runs, or a failure was told, which becomes ours.
 * Fails at: a container that is not created, the container's program. See
 * fifo(7), unlink(2), poll(2).
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "fd.h"
#include "state.h"
#include "sys.h"
#include "usage.h"

static const char usage[] = "usage: ocr-start [--root DIR] ID\n"
                            "\n"
                            "Runs the program of the created container ID.\n"
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

/* What other runtimes say, since scripts look for it. */
_Noreturn static void not_created(const char *id, enum container_status status)
{
    static const char *const why[] = {[CREATING] = "a container that is being created",
                                      [CREATED] = "a container that somebody else starts",
                                      [RUNNING] = "an already running container",
                                      [STOPPED] = "a container that has stopped"};
    refuse(STATUS_STATE, "container \"%s\": cannot start %s", id, why[status]);
}

/* The end of a fifo that is ours. Without O_NONBLOCK, open(2) would wait for the other end. */
static int open_fifo(int state, const char *name, int mode, const char *id)
{
    int fd = openat(state, name, mode | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENXIO)
        not_created(id, STOPPED); /* nobody has it open for reading: the process ended just now */
    if (fd < 0 && errno == ENOENT)
        not_created(id, RUNNING);
    if (fd < 0)
        die("open", name, "open the fifo %s of container \"%s\"", name, id);
    return fd;
}

/*
 * The next record; false at the end of the fifo, which is when the container's process has executed its program, or
 * has ended. Only that end (POLLHUP) ends the wait at once: to wake us up for each record would cost the container's
 * process as much as a stage of the walk. Now and then we look all the same, for it might fill the fifo.
 */
static bool next_record(int started, struct record *record)
{
    struct pollfd wait = {.fd = started, .events = 0};
    ssize_t length;
    while ((length = read(started, record, sizeof *record)) < 0)
        if ((errno != EAGAIN && errno != EINTR) || (poll(&wait, 1, 100) < 0 && errno != EINTR))
            die("read", "started", "hear from the container");
    if (length > 0 && length != sizeof *record)
        refuse(STATUS_FAILED, "hear from the container: %zd bytes are no record", length);
    return length > 0;
}

static int hear_out(int started, const char *id)
{
    struct record record;
    bool executing = false;
    while (next_record(started, &record)) {
        switch (record.kind) {
        case 'x': executing = true; break;
        case 'e': print_record(&record); return record.status ? record.status : STATUS_FAILED;
        default: print_record(&record); break;
        }
    }
    if (!executing)
        refuse(STATUS_FAILED, "container \"%s\" ended without a word, before its program ran", id);
    return 0;
}

int main(int argc, char **argv)
{
    stage_is("ocr-start");
    const char *root = parse(argc, argv), *id = argv[optind];
    struct process process;
    OWNED_FD state = state_open(root, id);
    enum container_status status = state_status(state, &process);
    if (status != CREATED)
        not_created(id, status);
    signal(SIGPIPE, SIG_IGN); /* a container that ends now is an error to be told */
    /* Before the byte is written, so that no record is lost. */
    OWNED_FD started = open_fifo(state, "started", O_RDONLY, id);
    OWNED_FD start = open_fifo(state, "start", O_WRONLY, id);
    if (unlinkat(state, "start", 0) < 0)
        not_created(id, errno == ENOENT ? RUNNING : CREATED);
    if (write(start, "", 1) != 1)
        die("write", "start", "start container \"%s\"", id);
    return hear_out(started, id);
}
