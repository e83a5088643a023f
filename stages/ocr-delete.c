/*
 * ocr-delete: the one program that undoes a container.
 *
 * Takes an id, or (--undo, when a stage failed) the baton with: state. Reads the
 * container's journal backwards: ends its processes, removes its cgroups, then
 * its state directory. A process is ended through a pidfd, after its start time
 * was compared; a cgroup is touched only when it proves to be one. Fails at: a
 * container that is not stopped (without --force), a process that does not end,
 * a state directory that ocr did not write. See pidfd_send_signal(2), flock(2).
 *
 * It can itself be killed at any moment: the journal is the last file that is
 * removed, so what is left is a container that can be deleted again, and its
 * id is free when, and only when, the last step is done (rmdir(2)).
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "baton.h"
#include "cgroup.h"
#include "error.h"
#include "fd.h"
#include "journal.h"
#include "state.h"
#include "sys.h"
#include "usage.h"

static const char usage[] = "usage: ocr-delete [--root DIR] [--force] ID\n"
                            "       ocr-delete --undo STATUS\n"
                            "\n"
                            "Removes the container ID: its processes, its cgroups and its state directory.\n"
                            "\n"
                            "      --root DIR     the folder of all containers' states (/run/ocr)\n"
                            "  -f, --force        also when it is not stopped; no error when there is none\n"
                            "      --undo STATUS  the container of the baton, because a stage failed with STATUS\n";

struct options {
    const char *root, *id;
    bool force, undo;
    int status;
};

/* What lies in a state directory, in the order in which it is removed. */
static const char *const files[] = {"start", "started", "annotations", "rootfs",   "bundle",
                                    ".pid",  "pid",     "plan",        ".journal", "journal"};
enum { FILES = sizeof files / sizeof *files, PATIENCE_MS = 10000, QUICK_MS = 100 };

static struct options parse(int argc, char **argv)
{
    static const struct option longs[] = {{"root", required_argument, NULL, 'r'},
                                          {"force", no_argument, NULL, 'f'},
                                          {"undo", required_argument, NULL, 'u'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct options o = {0};
    for (int option; (option = getopt_long(argc, argv, "r:fh", longs, NULL)) != -1;) {
        switch (option) {
        case 'r': o.root = optarg; break;
        case 'f': o.force = true; break;
        case 'u':
            o.undo = o.force = true;
            o.status = (int)number_argument("--undo", optarg, 0, 255);
            break;
        default: usage_exit(usage, option == 'h');
        }
    }
    if (argc - optind != !o.undo)
        usage_exit(usage, false);
    o.id = argv[optind];
    return o;
}

/* Whatever --root and ID lead to, only a directory with nothing but our files in it is taken apart. */
static void check_is_state(int state, const char *id)
{
    struct stat st;
    if (fstat(state, &st) < 0 || (st.st_mode & 077))
        refuse(STATUS_STATE, "%s is not a state directory of ocr: it has mode %o, not 700", id, st.st_mode & 07777);
    int copy = openat(state, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);
    if (!stream)
        die("open", id, "read the state directory of %s", id);
    for (struct dirent *entry; (entry = readdir(stream));) {
        unsigned i = 0;
        while (i < FILES && strcmp(entry->d_name, files[i]) != 0)
            i++;
        if (i == FILES && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            refuse(STATUS_STATE, "the state directory of %s holds \"%s\", which is not of ocr: remove it by hand", id,
                   entry->d_name);
    }
    closedir(stream);
}

/* On cgroup v1 a process in a frozen cgroup does not even die of SIGKILL: cgroup_kill lets it go. */
static void kill_cgroups(void)
{
    for (unsigned i = journal_lines(); i-- > 0;) {
        const char *dir = journal_entry(i, "cgroup");
        OWNED_FD cgroup = dir ? cgroup_open(dir) : -1;
        if (cgroup >= 0)
            cgroup_kill(cgroup, SIGKILL);
    }
}

static bool ended(int pidfd, int milliseconds)
{
    struct pollfd wait = {.fd = pidfd, .events = POLLIN};
    return poll(&wait, 1, milliseconds) == 1;
}

/* Ends exactly this process, and comes back when it is gone; nothing to do when it is gone or its pid another's. */
static void end_process(const struct process *process)
{
    if (process->pid == getpid())
        return;
    OWNED_FD pidfd = process_open(process);
    if (pidfd < 0 && errno != ESRCH)
        die("pidfd_open", NULL, "look at process %d", process->pid);
    if (pidfd < 0)
        return;
    if (sys_pidfd_send_signal(pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
        die("pidfd_send_signal", NULL, "end process %d", process->pid);
    if (ended(pidfd, QUICK_MS))
        return;
    kill_cgroups();
    if (!ended(pidfd, PATIENCE_MS))
        refuse(STATUS_FAILED, "process %d got SIGKILL, but did not end within %d s", process->pid, PATIENCE_MS / 1000);
}

/* The processes of this kind that the journal names, the youngest first. */
static void end_processes(const char *kind)
{
    struct process process;
    for (unsigned i = journal_lines(); i-- > 0;) {
        const char *text = journal_entry(i, kind);
        if (text && process_parse(text, &process))
            end_process(&process);
    }
}

static bool walk_lives(void)
{
    struct process process, now;
    for (unsigned i = 0; i < journal_lines(); i++) {
        const char *text = journal_entry(i, "walk");
        if (text && process_parse(text, &process) && process_look(process.pid, &now) && now.start == process.start)
            return true;
    }
    return false;
}

static void remove_cgroup(const char *dir)
{
    if (cgroup_remove_empty(dir)) /* the usual case, and the quick one */
        return;
    OWNED_FD cgroup = cgroup_open(dir);
    if (cgroup < 0 && errno == ENOENT)
        return;
    if (cgroup < 0)
        fail(STATUS_FAILED, errno, "open", dir, "remove the cgroup %s", dir);
    cgroup_kill(cgroup, SIGKILL);
    if (!cgroup_remove(dir))
        die("rmdir", dir, "remove the cgroup %s", dir);
}

/* Without --force only what nobody uses any more: it is stopped, or whoever was creating it is gone. */
static void check_status(int state, const char *id)
{
    struct process process;
    enum container_status status = state_status(state, &process);
    if (status == CREATING && journal_lines() && !walk_lives())
        return;
    if (status != STOPPED)
        refuse(STATUS_STATE, "cannot delete container \"%s\" that is not stopped: %s", id, status_name(status));
}

/* Is this directory still the state of `id`? Whoever held the lock before us may have removed it. */
static bool is_still(int state, int folder, const char *id)
{
    struct stat ours, named;
    return fstat(state, &ours) == 0 && fstatat(folder, id, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* False when there are files again: a create that we had not seen was about to begin. */
static bool remove_files(int state, int folder, const char *id)
{
    for (unsigned i = 0; i < FILES; i++)
        if (unlinkat(state, files[i], 0) < 0 && errno != ENOENT)
            die("unlink", files[i], "remove the state's %s", files[i]);
    if (unlinkat(folder, id, AT_REMOVEDIR) == 0)
        return true;
    if (errno != ENOTEMPTY)
        die("rmdir", id, "remove the state directory of %s", id);
    return false;
}

/* Reads the journal as whoever wrote it left it: with --force the walk of a container that is being created ends here.
 * A walk that failed and became this program is not ended. */
static void end_walk(int state, const struct options *o)
{
    journal_read(state, o->id);
    if (o->force && !o->undo && faccessat(state, "pid", F_OK, 0) < 0 && walk_lives()) {
        end_processes("walk");
        journal_read(state, o->id);
    }
}

/* What the journal names, the youngest first. */
static void undo_journal(int state)
{
    struct process init;
    char pid[64];
    if (state_read(state, "pid", pid, sizeof pid) && process_parse(pid, &init))
        end_process(&init);
    end_processes("process");
    for (unsigned i = journal_lines(); i-- > 0;) {
        if (journal_entry(i, "cgroup"))
            remove_cgroup(journal_entry(i, "cgroup"));
        else if (journal_entry(i, "cgroup-parent"))
            cgroup_remove_empty(journal_entry(i, "cgroup-parent"));
    }
}

/* Undoes everything; false when somebody else just did. */
static bool undo(int state, const struct options *o)
{
    OWNED_FD folder = openat(state, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    end_walk(state, o); /* before the lock, which a walk that undoes itself holds */
    if (flock(state, LOCK_EX) < 0)
        die("flock", o->id, "lock the state directory of %s", o->id);
    if (!is_still(state, folder, o->id))
        return false;
    do {
        check_is_state(state, o->id);
        end_walk(state, o);
        if (!o->force)
            check_status(state, o->id);
        undo_journal(state);
    } while (!remove_files(state, folder, o->id));
    return true;
}

/* The status is that of the stage's failure, also when undoing it fails, and there is nobody to hand over to. */
static int undo_status;

static void exit_undo(enum status status)
{
    (void)status;
    _exit(undo_status);
}

static int take_state(struct options *o)
{
    baton_take();
    undo_status = o->status;
    fail_with(exit_undo);
    int state = baton_need("state");
    o->id = baton_word("id");
    if (!o->id)
        refuse(STATUS_USAGE, "the baton carries no id");
    baton_drop();
    return state;
}

int main(int argc, char **argv)
{
    stage_is("ocr-delete");
    struct options o = parse(argc, argv);
    int state = o.undo ? take_state(&o) : o.force ? state_try_open(o.root, o.id) : state_open(o.root, o.id);
    if ((state < 0 || !undo(state, &o)) && !o.force)
        refuse(STATUS_STATE, "container \"%s\" does not exist", o.id);
    return o.status;
}
