/* linux.resources.cpu: cpus and mems. See cpuset(7). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups.h"
#include "error.h"

enum { LIST_MAX = 4096, NUMBER_MAX = 16384 }; /* NR_CPUS is at most 8192 */

/* Version 1: a cgroup has no CPU and no memory node before it is given some, of its parent's, and takes no process
 * until then. Fills in what is missing in the one at `path` and above; leaves what it has in `list`. */
static void inherit(const struct hierarchy *h, const char *path, const char *file, char *list, bool is_new)
{
    char above[PATH_MAX], name[PATH_MAX + 32];
    list[0] = '\0';
    if (!is_new)
        read_file(h, path, file, list, LIST_MAX);
    if (list[0] || !*path)
        return;
    const char *slash = strrchr(path, '/');
    snprintf(above, sizeof above, "%.*s", slash ? (int)(slash - path) : 0, path);
    inherit(h, above, file, list, false);
    snprintf(name, sizeof name, "%s/%s", path, file);
    write_file(h, name, list);
}

static void add_numbers(unsigned char *set, const char *list)
{
    for (char *end; *list; list = end) {
        unsigned long first = strtoul(list, &end, 10), last = first;
        if (end == list) {
            end++;
            continue;
        }
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        for (unsigned long i = first; i <= last && i < NUMBER_MAX; i++)
            set[i] = 1;
    }
}

/* Version 2 takes any list and then uses what its parent has of it; if that is nothing, all that the parent has. */
static void check_effective(const struct cgroups *cgroups, const struct hierarchy *h, const char *file,
                            const char *asked)
{
    static unsigned char wanted[NUMBER_MAX], given[NUMBER_MAX];
    char list[LIST_MAX];
    memset(wanted, 0, sizeof wanted);
    memset(given, 0, sizeof given);
    read_file(h, cgroups->path, file, list, sizeof list);
    add_numbers(wanted, asked);
    add_numbers(given, list);
    if (memcmp(wanted, given, sizeof wanted) != 0)
        refuse(STATUS_FAILED, "asks for %.80s, but there is only %.80s", asked, list);
}

static void set_list(struct cgroups *cgroups, struct hierarchy *h, const char *member, const char *asked)
{
    char file[32];
    at("/linux/resources/cpu/%s", member);
    snprintf(file, sizeof file, "cpuset.%s", member);
    set(cgroups, h, file, "%s", asked);
    snprintf(file, sizeof file, "cpuset.%s.effective", member);
    if (h->v2)
        check_effective(cgroups, h, file, asked);
}

void limit_cpuset(struct cgroups *cgroups, const struct plan_cpu *cpu)
{
    const char *cpus = cpu && cpu->cpus && *cpu->cpus ? cpu->cpus : NULL;
    const char *mems = cpu && cpu->mems && *cpu->mems ? cpu->mems : NULL;
    char list[LIST_MAX];
    for (unsigned i = 0; i < cgroups->count; i++) {
        struct hierarchy *h = &cgroups->list[i];
        if (h->v2 || !strstr(h->name, "cpuset"))
            continue;
        inherit(h, cgroups->path, "cpuset.cpus", list, h->made);
        inherit(h, cgroups->path, "cpuset.mems", list, h->made);
    }
    if (!cpus && !mems)
        return;
    at("/linux/resources/cpu/%s", cpus ? "cpus" : "mems");
    struct hierarchy *h = controller(cgroups, "cpuset");
    if (cpus)
        set_list(cgroups, h, "cpus", cpus);
    if (mems)
        set_list(cgroups, h, "mems", mems);
}
