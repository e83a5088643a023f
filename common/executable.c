#include "executable.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "sys.h"

const char *env_value(const char *const *env, const char *name)
{
    size_t length = strlen(name);
    for (; env && *env; env++)
        if (strncmp(*env, name, length) == 0 && (*env)[length] == '=')
            return *env + length + 1;
    return NULL;
}

/* 0, or why execve(2) would not take it. stat(2) and not open(2): the file may be a fifo or a device. */
static int check(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return errno;
    if (!S_ISREG(st.st_mode))
        return EACCES;
    return sys_faccessat2(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

/* The first that can be executed. One that can't is remembered, for the error; a folder that we may not search counts
 * as one that has no such file, as it does for a shell. */
static const char *search(const char *name, const char *folders, int *error)
{
    static char path[4096];
    for (const char *part = folders, *end; part; part = *end ? end + 1 : NULL) {
        end = part + strcspn(part, ":");
        struct stat st;
        int length = (int)(end -
                           part); /* an empty part is the working directory: POSIX, "8.3 Other Environment Variables" */
        if (end - part > (long)sizeof path ||
            snprintf(path, sizeof path, "%.*s%s%s", length, part, length ? "/" : "./", name) >= (int)sizeof path)
            continue;
        int why = check(path);
        if (!why)
            return path;
        if (why == EACCES && stat(path, &st) == 0 && S_ISREG(st.st_mode))
            *error = EACCES;
    }
    return NULL;
}

_Noreturn static void cannot(const char *name, int error)
{
    bool missing = error == ENOENT || error == ENOTDIR;
    fail(missing ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE, error, "execve", name, "exec %s", name);
}

const char *executable_find(const char *name, const char *const *env)
{
    const char *folders = env_value(env, "PATH");
    int error = 0;
    if (strchr(name, '/')) {
        if ((error = check(name)))
            cannot(name, error);
        return name;
    }
    const char *found = *name && folders ? search(name, folders, &error) : NULL;
    if (!found && error)
        cannot(name, error);
    if (!found)
        fail(STATUS_NOT_FOUND, 0, "execve", name, "exec %s: executable file not found in $PATH", name);
    return found;
}
