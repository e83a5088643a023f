/* Which hierarchies are mounted, and the container's cgroup in each of them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cgroups.h"
#include "error.h"
#include "fd.h"
#include "state.h"

/* By convention the folder of a hierarchy has the name of its controllers. That it is one is checked: a system
 * without version 2 may still have an empty folder "unified". */
static bool add(struct cgroups *cgroups, const char *folder, const char *name, bool v2)
{
    struct statfs fs;
    struct hierarchy *h = &cgroups->list[cgroups->count];
    if (cgroups->count == HIERARCHIES_MAX || strlen(name) >= sizeof h->name || strchr(folder, '/'))
        return false;
    snprintf(h->mount, sizeof h->mount, CGROUP_TOP "%s%s", *folder ? "/" : "", folder);
    int root = openat(AT_FDCWD, h->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return false;
    if (fstatfs(root, &fs) < 0 || fs.f_type != (v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC)) {
        close(root);
        return false;
    }
    snprintf(h->name, sizeof h->name, "%s", name);
    h->v2 = v2;
    h->root = root;
    h->dir = -1;
    cgroups->count++;
    return true;
}

/* A line of /proc/self/cgroup: NUMBER:CONTROLLERS:PATH; CONTROLLERS is empty for version 2, name=NAME for a
 * hierarchy without any. See cgroups(7). */
static void add_line(struct cgroups *cgroups, char *line)
{
    char *name = strchr(line, ':'), *path = name ? strchr(name + 1, ':') : NULL;
    if (!path)
        return;
    *path = '\0';
    name++;
    if (strncmp(name, "name=", 5) == 0)
        name += 5;
    if (!*name) {
        add(cgroups, "unified", "unified", true);
    } else if (!add(cgroups, name, name, false) && strchr(name, ',')) {
        char first[64];
        snprintf(first, sizeof first, "%.*s", (int)strcspn(name, ","), name);
        add(cgroups, first, name, false);
    }
}

static void swap(struct cgroups *cgroups, unsigned a, unsigned b)
{
    static struct hierarchy kept;
    kept = cgroups->list[a];
    cgroups->list[a] = cgroups->list[b];
    cgroups->list[b] = kept;
}

/* The order of the journal. `ocr kill --all` takes the first: version 2, where one write ends all processes, whatever
 * they do. What is undone first stands last: the freezer, since nothing dies that it holds. */
static void put_in_order(struct cgroups *cgroups)
{
    for (unsigned i = 0; i < cgroups->count; i++)
        if (cgroups->list[i].v2)
            swap(cgroups, i, 0);
    for (unsigned i = 0; i < cgroups->count; i++)
        if (strcmp(cgroups->list[i].name, "freezer") == 0)
            swap(cgroups, i, cgroups->count - 1);
}

void find_hierarchies(struct cgroups *cgroups)
{
    static char text[64 << 10];
    struct statfs fs;
    if (statfs(CGROUP_TOP, &fs) < 0)
        die("statfs", CGROUP_TOP, "look at " CGROUP_TOP);
    if (fs.f_type == CGROUP2_SUPER_MAGIC) {
        add(cgroups, "", "unified", true);
    } else {
        OWNED_FD fd = openat(AT_FDCWD, "/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
        ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
        if (length < 0)
            die("read", "/proc/self/cgroup", "read /proc/self/cgroup");
        for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
            add_line(cgroups, line);
        put_in_order(cgroups);
    }
    if (!cgroups->count)
        refuse(STATUS_FAILED,
               "no cgroup file system is mounted at " CGROUP_TOP ": mount one, or use --cgroup-manager disabled");
}

/* The lines for all cgroups at once. Returns how long the journal was before. */
static off_t journal_all(const struct cgroups *cgroups, int state)
{
    static char lines[HIERARCHIES_MAX * (PATH_MAX + 128)];
    struct stat st;
    size_t length = 0;
    for (unsigned i = 0; i < cgroups->count; i++)
        length += (size_t)snprintf(lines + length, sizeof lines - length, "cgroup %s/%s\n", cgroups->list[i].mount,
                                   cgroups->path);
    OWNED_FD fd = openat(state, "journal", O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) < 0 || write(fd, lines, length) != (ssize_t)length)
        die("write", "journal", "write the state's journal");
    return st.st_size;
}

static void shorten_journal(int state, off_t size)
{
    OWNED_FD fd = openat(state, "journal", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || ftruncate(fd, size) < 0)
        die("ftruncate", "journal", "shorten the state's journal");
}

/* The usual case: where the cgroup will be there is only what has to be above it. False: something was unexpected;
 * nothing is in the journal then. */
static bool make_all(struct cgroups *cgroups, int state)
{
    if (faccessat(cgroups->list[0].root, cgroups->path, F_OK, 0) == 0)
        return false;
    off_t before = journal_all(cgroups, state);
    for (unsigned i = 0; i < cgroups->count; i++) {
        struct hierarchy *h = &cgroups->list[i];
        if (mkdirat(h->root, cgroups->path, 0755) < 0) {
            int error = errno;
            if (error == EEXIST || error == ENOENT) {
                shorten_journal(state, before);
                return false;
            }
            errno = error;
            die("mkdir", cgroups->path, "make the cgroup %s/%s", h->mount, cgroups->path);
        }
        h->made = true;
    }
    return true;
}

/* Makes the cgroups above ours that are missing. They go again when nobody else is in them by then. */
static void make_parents(const struct cgroups *cgroups, const struct hierarchy *h, int state)
{
    char part[PATH_MAX];
    for (const char *slash = strchr(cgroups->path, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - cgroups->path), cgroups->path);
        if (faccessat(h->root, part, F_OK, 0) == 0)
            continue;
        journal_add(state, "cgroup-parent %s/%s", h->mount, part);
        mkdirat(h->root, part, 0755); /* what went wrong shows when ours can't be made */
    }
}

/* A cgroup that exists becomes ours only if nothing is in it: its processes would get our limits, and our end. */
static void check_unused(const struct cgroups *cgroups, struct hierarchy *h)
{
    struct stat st;
    char first;
    OWNED_FD members = openat(hierarchy_dir(cgroups, h), "cgroup.procs", O_RDONLY | O_CLOEXEC);
    ssize_t n = members < 0 ? -1 : read(members, &first, 1);
    if (n < 0 || fstat(h->dir, &st) < 0)
        die("read", cgroups->path, "look into the cgroup %s/%s", h->mount, cgroups->path);
    /* A directory of a cgroup file system has a link for each that is in it (kernfs). */
    at("/linux/cgroupsPath");
    if (n > 0 || st.st_nlink > 2)
        refuse(STATUS_FAILED, "the cgroup %s/%s exists and is in use: %s are in it", h->mount, cgroups->path,
               n > 0 ? "processes" : "other cgroups");
    at("%s", "");
}

/* One hierarchy, looked at before anything is done. */
static void make_carefully(const struct cgroups *cgroups, struct hierarchy *h, int state)
{
    bool ours = h->made;
    for (int tries = 0; tries < 16; tries++) {
        make_parents(cgroups, h, state);
        h->made = faccessat(h->root, cgroups->path, F_OK, 0) < 0;
        if (!h->made)
            check_unused(cgroups, h);
        journal_add(state, "cgroup %s/%s", h->mount, cgroups->path);
        if (!h->made || mkdirat(h->root, cgroups->path, 0755) == 0) {
            h->made |= ours;
            return;
        }
        if (errno != ENOENT) /* ENOENT: another container's end has just removed a parent that it had made */
            break;
    }
    die("mkdir", cgroups->path, "make the cgroup %s/%s", h->mount, cgroups->path);
}

void make_cgroups(struct cgroups *cgroups, int state)
{
    if (make_all(cgroups, state))
        return;
    for (unsigned i = 0; i < cgroups->count; i++)
        make_carefully(cgroups, &cgroups->list[i], state);
}
