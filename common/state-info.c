#include "state-info.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fd.h"
#include "json.h"
#include "sys.h"

/* A whole file, from malloc; NULL and errno when it can't be read. */
static char *read_whole(int state, const char *file)
{
    struct stat st;
    OWNED_FD fd = openat(state, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return NULL;
    if (!S_ISREG(st.st_mode)) {
        errno = EINVAL;
        return NULL;
    }
    char *text = malloc((size_t)st.st_size + 1);
    ssize_t length = text ? read(fd, text, (size_t)st.st_size) : -1;
    if (length >= 0) {
        text[length] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

/* As state_status, but a broken file is told and does not end the program. */
static const char *read_status(int state, struct state_info *info)
{
    struct process process, now;
    info->pid = 0;
    info->status = CREATING;
    char *text = read_whole(state, "pid");
    if (!text)
        return errno == ENOENT ? NULL : "its pid can't be read: delete --force removes it";
    bool parsed = process_parse(text, &process);
    free(text);
    if (!parsed)
        return "its pid does not hold a pid and its start time: delete --force removes it";
    info->status = STOPPED;
    if (!process_look(process.pid, &now) || now.start != process.start)
        return NULL;
    info->pid = process.pid;
    info->status = faccessat(state, "start", F_OK, 0) == 0 ? CREATED : RUNNING;
    return NULL;
}

static void read_link(int state, const char *name, char target[PATH_MAX])
{
    ssize_t length = readlinkat(state, name, target, PATH_MAX - 1);
    target[length < 0 ? 0 : length] = '\0';
}

/* The plan is written once, when the container is made. */
static void read_created(int state, char *text, size_t size)
{
    struct stat st;
    struct tm utc;
    if (fstatat(state, "plan", &st, AT_SYMLINK_NOFOLLOW) < 0 && fstat(state, &st) < 0)
        return;
    gmtime_r(&st.st_mtim.tv_sec, &utc);
    size_t length = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + length, size - length, ".%09ldZ", st.st_mtim.tv_nsec);
}

/* Without getpwuid(3), which in a static program of glibc loads shared libraries. */
static void read_owner(int state, char *owner, size_t size)
{
    struct stat st;
    if (fstat(state, &st) < 0)
        return;
    snprintf(owner, size, "%u", st.st_uid);
    FILE *users = st.st_uid ? fopen("/etc/passwd", "re") : NULL;
    if (st.st_uid == 0)
        snprintf(owner, size, "root");
    for (struct passwd *user; users && (user = fgetpwent(users));)
        if (user->pw_uid == st.st_uid)
            snprintf(owner, size, "%s", user->pw_name);
    if (users)
        fclose(users);
}

const char *state_info(int state, const char *id, struct state_info *info)
{
    *info = (struct state_info){.id = id};
    const char *wrong = read_status(state, info);
    if (wrong)
        return wrong;
    read_link(state, "bundle", info->bundle);
    read_link(state, "rootfs", info->rootfs);
    read_created(state, info->created, sizeof info->created);
    read_owner(state, info->owner, sizeof info->owner);
    info->annotations = read_whole(state, "annotations");
    return !info->annotations && errno != ENOENT ? "its annotations can't be read" : NULL;
}

void state_info_print(FILE *out, const struct state_info *info, bool pretty)
{
    const char *gap = pretty ? "\n  " : "", *colon = pretty ? ": " : ":", *end = pretty ? "\n" : "";
    fprintf(out, "{%s\"ociVersion\"%s\"" SPEC_VERSION "\"", gap, colon);
    fprintf(out, ",%s\"id\"%s%s", gap, colon, json_quote(info->id));
    fprintf(out, ",%s\"pid\"%s%d", gap, colon, info->pid);
    fprintf(out, ",%s\"status\"%s\"%s\"", gap, colon, status_name(info->status));
    fprintf(out, ",%s\"bundle\"%s%s", gap, colon, json_quote(info->bundle));
    fprintf(out, ",%s\"rootfs\"%s%s", gap, colon, json_quote(info->rootfs));
    fprintf(out, ",%s\"created\"%s\"%s\"", gap, colon, info->created);
    if (info->annotations && info->annotations[0])
        fprintf(out, ",%s\"annotations\"%s%s", gap, colon, info->annotations);
    fprintf(out, ",%s\"owner\"%s%s%s}", gap, colon, json_quote(info->owner), end);
}
