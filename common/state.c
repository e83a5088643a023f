#include "state.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "fd.h"
#include "sys.h"

const char *state_root(const char *root)
{
    static char path[PATH_MAX];
    if (root)
        return root;
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (geteuid() == 0 || !runtime || runtime[0] != '/')
        return "/run/ocr";
    snprintf(path, sizeof path, "%s/ocr", runtime);
    return path;
}

bool state_root_make(const char *root)
{
    const char *path = state_root(root);
    char part[PATH_MAX];
    snprintf(part, sizeof part, "%s", path);
    for (char *p = part + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        mkdir(part, 0755); /* what went wrong shows when the last one can't be made */
        *p = '/';
    }
    return mkdir(part, 0700) == 0 || errno == EEXIST;
}

/* What others can write to can't be believed. */
static void check_owner(int fd, const char *path)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        die("fstat", path, "look at %s", path);
    if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & 022))
        refuse(STATUS_STATE, "%s: others can write to this state folder (uid %u, mode %o)", path, st.st_uid,
               st.st_mode & 07777);
}

int state_root_open(const char *root, bool make)
{
    const char *path = state_root(root);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && make) {
        if (!state_root_make(root))
            die("mkdir", path, "make the state folder %s", path);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd < 0 && errno == ENOENT && !make)
        return -1;
    if (fd < 0)
        die("open", path, "open the state folder %s", path);
    check_owner(fd, path);
    return fd;
}

bool state_is_id(const char *id)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-";
    size_t length = strlen(id);
    return length > 0 && length <= NAME_MAX && !id[strspn(id, allowed)] && strcmp(id, ".") != 0 &&
           strcmp(id, "..") != 0;
}

void state_check_id(const char *id)
{
    if (!state_is_id(id))
        refuse(STATUS_USAGE, "container id \"%.300s\": must be 1 to 255 of the characters A-Z a-z 0-9 _ + . -", id);
}

int state_try_open(const char *root, const char *id)
{
    state_check_id(id);
    OWNED_FD folder = state_root_open(root, false);
    if (folder < 0)
        return -1;
    int fd = openat(folder, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT)
        die("open", id, "open the state of container %s", id);
    if (fd >= 0)
        check_owner(fd, id);
    return fd;
}

int state_open(const char *root, const char *id)
{
    int fd = state_try_open(root, id);
    if (fd < 0)
        refuse(STATUS_STATE, "container \"%s\" does not exist", id);
    return fd;
}

static void write_all(int fd, const char *text, const char *file)
{
    size_t length = strlen(text);
    if (write(fd, text, length) != (ssize_t)length)
        die("write", file, "write the state's %s", file);
}

void journal_add(int state, const char *format, ...)
{
    char line[PATH_MAX + 64];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    if (length < 0 || length >= (int)sizeof line - 1 || strchr(line, '\n'))
        refuse(STATUS_FAILED, "the journal can't hold \"%.100s\"", line);
    memcpy(line + length, "\n", 2);
    OWNED_FD fd = openat(state, "journal", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        die("open", "journal", "open the journal");
    write_all(fd, line, "journal");
}

void state_write(int state, const char *file, const char *text)
{
    char temporary[64];
    snprintf(temporary, sizeof temporary, ".%s", file);
    OWNED_FD fd = openat(state, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        die("open", file, "write the state's %s", file);
    write_all(fd, text, file);
    if (renameat(state, temporary, state, file) < 0)
        die("rename", file, "write the state's %s", file);
}

bool state_read(int state, const char *file, char *text, size_t size)
{
    OWNED_FD fd = openat(state, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return false;
    ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);
    if (length < 0)
        die("read", file, "read the state's %s", file);
    text[length] = '\0';
    return true;
}

bool process_parse(const char *text, struct process *process)
{
    char *end;
    errno = 0;
    long pid = strtol(text, &end, 10);
    if (errno || pid <= 0 || pid > INT_MAX || *end != ' ')
        return false;
    process->pid = (pid_t)pid;
    process->start = strtoull(end + 1, &end, 10);
    return !errno && (*end == '\0' || *end == '\n');
}

char process_condition(pid_t pid, struct process *process)
{
    char path[32], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    OWNED_FD fd = open(pid ? path : "/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (length <= 0)
        return 0;
    text[length] = '\0';
    /* Field 2 is the program's name in parentheses, which may itself hold anything: count from the last one. */
    char *p = strrchr(text, ')');
    if (!p || p[1] != ' ')
        return 0;
    char condition = p[2];
    for (int field = 2; p && field < 22; field++)
        p = strchr(p + 1, ' ');
    if (!p)
        return 0;
    process->pid = (pid_t)strtol(text, NULL, 10);
    process->start = strtoull(p + 1, NULL, 10);
    return condition;
}

bool process_look(pid_t pid, struct process *process)
{
    char condition = process_condition(pid, process);
    return condition && condition != 'Z' && condition != 'X';
}

int process_open(const struct process *process)
{
    struct process now;
    int pidfd = sys_pidfd_open(process->pid, 0);
    /* An ended process whose number still names a session or a group of others: newer kernels say ESRCH by themselves.
     */
    if (pidfd < 0 && errno == EINVAL)
        errno = ESRCH;
    /* The fd first: while we hold it, the pid that we look at can't become another's. */
    if (pidfd >= 0 && (!process_look(process->pid, &now) || now.start != process->start)) {
        close(pidfd);
        errno = ESRCH;
        return -1;
    }
    return pidfd;
}

bool state_process(int state, struct process *process)
{
    char text[64];
    if (!state_read(state, "pid", text, sizeof text))
        return false;
    if (!process_parse(text, process))
        refuse(STATUS_STATE, "the state's pid does not hold a pid and its start time: delete --force removes it");
    return true;
}

enum container_status state_status(int state, struct process *process)
{
    struct process now;
    process->pid = 0;
    if (!state_process(state, process))
        return CREATING;
    if (!process_look(process->pid, &now) || now.start != process->start)
        return STOPPED;
    return faccessat(state, "start", F_OK, 0) == 0 ? CREATED : RUNNING;
}

const char *status_name(enum container_status status)
{
    static const char *const names[] = {"creating", "created", "running", "stopped"};
    return names[status];
}
