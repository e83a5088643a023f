/* Controllers, and the files of the container's cgroup. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroups.h"
#include "error.h"
#include "fd.h"

int hierarchy_dir(const struct cgroups *cgroups, struct hierarchy *h)
{
    if (h->dir < 0)
        h->dir = openat(h->root, cgroups->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (h->dir < 0)
        die("open", cgroups->path, "open the cgroup %s/%s", h->mount, cgroups->path);
    return h->dir;
}

bool has_file(const struct cgroups *cgroups, struct hierarchy *h, const char *file)
{
    return faccessat(hierarchy_dir(cgroups, h), file, F_OK, 0) == 0;
}

bool try_set(const struct cgroups *cgroups, struct hierarchy *h, const char *file, const char *value)
{
    /* Names hold what config.json says: page sizes, the keys of unified. ocr-validate has checked them; twice is
     * better where one wrong name would move or limit the processes of the host. */
    if (strchr(file, '/') || !strchr(file, '.') || strncmp(file, "cgroup.", 7) == 0)
        refuse(STATUS_CONFIG, "%.80s is not a file of a controller", file);
    OWNED_FD fd = openat(hierarchy_dir(cgroups, h), file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
}

void set(const struct cgroups *cgroups, struct hierarchy *h, const char *file, const char *format, ...)
{
    char value[4096];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(value, sizeof value, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof value)
        refuse(STATUS_CONFIG, "is too long");
    if (!try_set(cgroups, h, file, value))
        die("write", file, "write \"%.80s\" to %s/%s/%s", value, h->mount, cgroups->path, file);
}

void set_number(const struct cgroups *cgroups, struct hierarchy *h, const char *file, int64_t value)
{
    if (value == -1)
        set(cgroups, h, file, "%s", h->v2 ? "max" : "-1");
    else
        set(cgroups, h, file, "%lld", (long long)value);
}

void read_file(const struct hierarchy *h, const char *path, const char *file, char *text, size_t size)
{
    char name[PATH_MAX + 64];
    snprintf(name, sizeof name, "%s%s%s", path, *path ? "/" : "", file);
    OWNED_FD fd = openat(h->root, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);
    if (length < 0)
        die("read", name, "read %s/%s", h->mount, name);
    if (length && text[length - 1] == '\n')
        length--;
    text[length] = '\0';
}

void write_file(const struct hierarchy *h, const char *name, const char *value)
{
    OWNED_FD fd = openat(h->root, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || write(fd, value, strlen(value)) != (ssize_t)strlen(value))
        die("write", name, "write \"%.80s\" to %s/%s", value, h->mount, name);
}

void refuse_version(int version, const char *what)
{
    refuse(STATUS_FAILED, "cgroup version %d has no %s", version, what);
}

/* Is `word` one of the words of `list`? */
static bool holds(const char *list, const char *word, const char *separators)
{
    size_t length = strlen(word);
    for (; *list; list += strspn(list, separators)) {
        size_t n = strcspn(list, separators);
        if (n == length && memcmp(list, word, n) == 0)
            return true;
        list += n;
    }
    return false;
}

static struct hierarchy *version_2(struct cgroups *cgroups)
{
    for (unsigned i = 0; i < cgroups->count; i++)
        if (cgroups->list[i].v2)
            return &cgroups->list[i];
    return NULL;
}

/* Switches a controller on in all cgroups above ours, from the root down: cgroup-v2.rst, "Enabling and Disabling",
 * "Top-down Constraint". Where it is on already, writing changes nothing. Returns the path that failed, or NULL. */
static const char *switch_on(const struct cgroups *cgroups, struct hierarchy *h, const char *name)
{
    static char part[PATH_MAX];
    char file[PATH_MAX + 32], text[64];
    for (const char *end = cgroups->path; end; end = strchr(end + (end > cgroups->path), '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(end - cgroups->path), cgroups->path);
        snprintf(file, sizeof file, "%s%scgroup.subtree_control", part, *part ? "/" : "");
        int n = snprintf(text, sizeof text, "+%s", name);
        OWNED_FD fd = openat(h->root, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 || write(fd, text, (size_t)n) != n)
            return part;
    }
    read_file(h, cgroups->path, "cgroup.controllers", h->controllers, sizeof h->controllers);
    return NULL;
}

/* What version 2 has of this controller is for the container's cgroup, or can be. */
static bool in_version_2(const struct cgroups *cgroups, struct hierarchy *h, const char *name)
{
    char all[512];
    if (!h->controllers[0])
        read_file(h, cgroups->path, "cgroup.controllers", h->controllers, sizeof h->controllers);
    if (holds(h->controllers, name, " "))
        return true;
    read_file(h, "", "cgroup.controllers", all, sizeof all);
    if (!holds(all, name, " "))
        return false;
    const char *failed = switch_on(cgroups, h, name);
    if (failed && errno == EBUSY)
        die("write", failed, "switch on the controller %s in %s/%s, which has processes of its own", name, h->mount,
            failed);
    if (failed)
        die("write", failed, "switch on the controller %s in %s/%s", name, h->mount, failed);
    return true;
}

struct hierarchy *try_controller(struct cgroups *cgroups, const char *name)
{
    for (unsigned i = 0; i < cgroups->count; i++)
        if (!cgroups->list[i].v2 && holds(cgroups->list[i].name, name, ","))
            return &cgroups->list[i];
    struct hierarchy *h = version_2(cgroups);
    return h && in_version_2(cgroups, h, name) ? h : NULL;
}

struct hierarchy *controller(struct cgroups *cgroups, const char *name)
{
    struct hierarchy *h = try_controller(cgroups, name);
    if (!h)
        refuse(STATUS_FAILED, "this system has no cgroup controller %.40s", name);
    return h;
}

void switch_on_statistics(struct cgroups *cgroups)
{
    static const char *const usual[] = {"cpu", "io", "memory", "pids"};
    char all[512] = "";
    struct hierarchy *h = &cgroups->list[0];
    if (cgroups->count != 1 || !h->v2) /* a hybrid system has them in version 1, where they are always on */
        return;
    read_file(h, cgroups->path, "cgroup.controllers", h->controllers, sizeof h->controllers);
    for (unsigned i = 0; i < sizeof usual / sizeof *usual; i++) {
        if (holds(h->controllers, usual[i], " "))
            continue;
        if (!all[0])
            read_file(h, "", "cgroup.controllers", all, sizeof all);
        if (holds(all, usual[i], " "))
            switch_on(cgroups, h, usual[i]); /* nobody asked for a limit: none is missing when it fails */
    }
}
