/*
 * ocr-cgroup: a cgroup for the container, with the limits of linux.resources.
 *
 * Takes: plan, state, the word id. Makes the container's cgroup in every
 * hierarchy that is mounted below /sys/fs/cgroup (version 1, version 2 or both,
 * as in a hybrid system), writes each limit where its controller is, and puts
 * the device rules in force. Gives: cgroup2, cgroup1.NAME, the word cgroup.
 * No process is moved: the container's first one is cloned into version 2 and
 * enters version 1 by itself, in ocr-nsinit. Fails at: limits that the kernel
 * or the machine does not have, a cgroup that is in use. See cgroups(7), the
 * kernel's cgroup-v2.rst and cgroup-v1/, runtime-spec config-linux.md.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "baton.h"
#include "cgroups.h"
#include "error.h"
#include "usage.h"

static const char usage[] = "usage: ocr-cgroup [--cgroup-manager cgroupfs|disabled] NEXT [ARG]...\n"
                            "\n"
                            "Makes the container's cgroup, with its limits.\n"
                            "\n"
                            "      --cgroup-manager M  cgroupfs: make it (the default); disabled: stay in the caller's "
                            "cgroup, without limits\n";

/* True: a cgroup is wanted. */
static bool parse(int argc, char **argv)
{
    static const struct option longs[] = {
        {"cgroup-manager", required_argument, NULL, 'm'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool wanted = true;
    for (int option; (option = getopt_long(argc, argv, "+h", longs, NULL)) != -1;) {
        if (option != 'm')
            usage_exit(usage, option == 'h');
        wanted = strcmp(optarg, "disabled") != 0;
        if (strcmp(optarg, "systemd") == 0)
            refuse(STATUS_USAGE, "--cgroup-manager systemd is not supported yet");
        if (wanted && strcmp(optarg, "cgroupfs") != 0)
            refuse(STATUS_USAGE, "--cgroup-manager %.40s: must be cgroupfs or disabled", optarg);
    }
    if (argc - optind < 1)
        usage_exit(usage, false);
    return wanted;
}

/* Bounds that nobody needs more than, and with which the journal of all its cgroups stays readable. */
enum { CGROUPS_PATH_MAX = 1024, PARTS_MAX = 32 };

/* linux.cgroupsPath, from the hierarchy's root also when it is relative; without one, a name that nothing else has.
 * "//" and "." are left out of it. */
static void choose_path(char path[PATH_MAX], const char *asked, const char *id)
{
    size_t length = 0;
    int parts = 0;
    if (!asked || !*asked) {
        snprintf(path, PATH_MAX, "ocr-%s", id);
        return;
    }
    at("/linux/cgroupsPath");
    for (const char *part = asked + strspn(asked, "/"), *next; *part; part = next) {
        size_t n = strcspn(part, "/");
        next = part + n + strspn(part + n, "/");
        if (n == 1 && part[0] == '.')
            continue;
        if (n == 2 && memcmp(part, "..", 2) == 0)
            refuse(STATUS_CONFIG, "must not hold \"..\"");
        if (n > NAME_MAX || length + n + 2 > CGROUPS_PATH_MAX || ++parts > PARTS_MAX)
            refuse(STATUS_CONFIG, "is too long: at most %d bytes in %d parts", CGROUPS_PATH_MAX, PARTS_MAX);
        if (length)
            path[length++] = '/';
        memcpy(path + length, part, n);
        length += n;
    }
    path[length] = '\0';
    if (!length)
        refuse(STATUS_CONFIG, "names the hierarchy's root, where other processes are");
    at("%s", "");
}

static void set_limits(struct cgroups *cgroups, const struct plan *plan)
{
    static const struct plan_resources none;
    const struct plan_resources *resources = plan->linux && plan->linux->resources ? plan->linux->resources : &none;
    limit_cpuset(cgroups, resources->cpu);
    limit_devices(cgroups, resources);
    if (resources->memory)
        limit_memory(cgroups, resources->memory);
    if (resources->cpu)
        limit_cpu(cgroups, resources->cpu);
    if (resources->block_io)
        limit_io(cgroups, resources->block_io);
    if (resources->pids)
        limit_pids(cgroups, plan);
    if (resources->network)
        limit_network(cgroups, resources->network);
    limit_hugepages(cgroups, resources);
    limit_rdma(cgroups, resources);
    set_unified(cgroups, resources); /* last: what it says holds */
    at("%s", "");
}

/* Version 2: the directory, for clone3(2). Version 1: `tasks`, open for writing, for each hierarchy. Not cgroup.procs:
 * what moves a whole process waits for all of the machine (an RCU grace period, 8 ms and more); a process of one thread
 * that moves itself as a task does not, since Linux 5.4. */
static void hand_on(struct cgroups *cgroups)
{
    char name[32], file[PATH_MAX + 16];
    snprintf(file, sizeof file, "%s/tasks", cgroups->path);
    for (unsigned i = 0; i < cgroups->count; i++) {
        struct hierarchy *h = &cgroups->list[i];
        if (h->v2) {
            baton_put("cgroup2", hierarchy_dir(cgroups, h));
            continue;
        }
        int fd = openat(h->root, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            die("open", file, "open %s/%s", h->mount, file);
        snprintf(name, sizeof name, "cgroup1.%.*s", (int)strcspn(h->name, ","), h->name);
        baton_put(name, fd);
    }
    snprintf(file, sizeof file, "/%s", cgroups->path);
    baton_set_word("cgroup", file);
}

int main(int argc, char **argv)
{
    static struct cgroups cgroups;
    stage_is("ocr-cgroup");
    bool wanted = parse(argc, argv);
    baton_take();
    const struct plan *plan = plan_map(baton_need("plan"));
    int state = baton_need("state");
    const char *id = baton_word("id");
    if (!id)
        refuse(STATUS_USAGE, "the baton has no id: ocr-claim was left out");
    if (wanted) {
        choose_path(cgroups.path, plan->linux ? plan->linux->cgroups_path : NULL, id);
        find_hierarchies(&cgroups);
        make_cgroups(&cgroups, state);
        switch_on_statistics(&cgroups);
        set_limits(&cgroups, plan);
        delegate(&cgroups, plan);
        hand_on(&cgroups);
    }
    baton_pass(argv + optind);
}
