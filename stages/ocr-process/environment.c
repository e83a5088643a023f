/*
 * The payload's environment: process.env as it is, and HOME, which the spec's
 * process.user implies and no engine but podman sets.
 *
 * /etc/passwd belongs to the image. It may be a fifo, a device or 4 GB of
 * nothing: it is never opened unless it is a regular file, opening never
 * blocks, and so much of it is read and no more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "executable.h"
#include "fd.h"
#include "process.h"
#include "sys.h"

enum { PASSWD_MAX = 1 << 20 };

/* Not through a link in /proc: the image has no say in which of our fds is read. */
static int open_passwd(void)
{
    struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
    struct stat st;
    /* First stat(2): opening a device can do something by itself. Then again, for what was opened in the end. */
    if (stat("/etc/passwd", &st) < 0 || !S_ISREG(st.st_mode))
        return -1;
    int fd = sys_openat2(AT_FDCWD, "/etc/passwd", &how);
    if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
        return fd;
    close(fd);
    return -1;
}

/* The next of a line's parts, which end with a colon. */
static char *part(char **line)
{
    char *start = *line, *end = start + strcspn(start, ":");
    *line = *end ? end + 1 : end;
    *end = '\0';
    return start;
}

/* passwd(5): name:password:UID:GID:comment:directory:shell */
static const char *home_in_line(char *line, const char *uid)
{
    part(&line), part(&line);
    if (strcmp(part(&line), uid) != 0)
        return NULL;
    part(&line), part(&line);
    return part(&line);
}

static const char *find_home(uint32_t number)
{
    static char text[PASSWD_MAX + 1], uid[16];
    size_t length = 0;
    OWNED_FD fd = open_passwd();
    for (ssize_t got = 1; fd >= 0 && got > 0 && length<PASSWD_MAX; length += got> 0 ? (size_t)got : 0)
        got = read(fd, text + length, PASSWD_MAX - length);
    snprintf(uid, sizeof uid, "%u", number);
    for (char *line = text, *next; *line; line = next) {
        next = line + strcspn(line, "\n");
        if (*next)
            *next++ = '\0';
        const char *home = home_in_line(line, uid);
        if (home && *home)
            return home;
    }
    if (length == PASSWD_MAX)
        warn("/etc/passwd: user %u is not in its first %d bytes: HOME is /", number, PASSWD_MAX);
    return "/";
}

const char **environment(const struct plan_process *process)
{
    if (env_value(process->env, "HOME"))
        return process->env;
    const char *home = find_home(process->user ? process->user->uid : 0);
    const char **env = calloc(process->env_len + 2, sizeof *env);
    char *setting = malloc(strlen(home) + sizeof "HOME=");
    if (!env || !setting)
        die("malloc", NULL, "set HOME");
    if (process->env_len)
        memcpy(env, process->env, process->env_len * sizeof *env);
    sprintf(setting, "HOME=%s", home);
    env[process->env_len] = setting;
    return env;
}
