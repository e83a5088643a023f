/*
 * cycle: times the commands of container runtimes, side by side.
 *
 *     cycle ROUNDS TRUE SLEEP STATE NAME=RUNTIME...
 *
 * TRUE and SLEEP are bundles whose process is /bin/true and one that stays; below the folder STATE each runtime keeps
 * its state. In every round each runtime, each time another first, does `run` of the one, and create, state,
 * list, start, kill and delete of the other, so that whatever else happens on the machine meets all of them alike. A
 * NAME that begins with "floor" only runs: RUNTIME TRUE ID.
 *
 * Prints a line `NAME COMMAND MEDIAN` for each, in microseconds from fork to the end of the process, and
 * `NAME pss KIB`: the memory of a created, waiting container (its share of what is shared; proc(5), smaps_rollup).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUN, CREATE, STATE, LIST, START, KILL, DELETE, PSS, COMMANDS, RUNTIMES = 8, WARM_UP = 3 };
static const char *const names[] = {"run", "create", "state", "list", "start", "kill", "delete", "pss"};

static struct runtime {
    const char *name, *path;
    char root[4096], pid_file[4200], id[64];
    double *times[COMMANDS];
} runtimes[RUNTIMES];

static const char *bundle_true, *bundle_sleep;

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double microseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Runs a command to its end and returns how long that took. */
static double timed(char *const argv[])
{
    double start = microseconds();
    int status;
    pid_t pid = vfork();
    if (pid == 0) {
        execv(argv[0], argv);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
        dprintf(2, "cycle: failed:");
        for (int i = 0; argv[i]; i++)
            dprintf(2, " %s", argv[i]);
        dprintf(2, "\n");
        exit(1);
    }
    return microseconds() - start;
}

/*
 * crun 1.8 wants to raise this limit before it loads a device program, though since Linux 5.11 no limit is on that.
 * Where root may not raise it, let it and all others believe that they have: a filter that answers 0.
 */
static void let_raise_memlock(void)
{
    struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prlimit64, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RLIMIT_MEMLOCK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    if (setrlimit(RLIMIT_MEMLOCK, &none) < 0)
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static pid_t container(const struct runtime *runtime)
{
    char text[32] = "";
    int fd = open(runtime->pid_file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0) {
        dprintf(2, "cycle: %s: no pid file\n", runtime->name);
        exit(1);
    }
    close(fd);
    return (pid_t)strtol(text, NULL, 10);
}

static double pss(pid_t pid)
{
    char path[64], line[256];
    double kib = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "Pss:", 4) == 0)
            kib = strtod(line + 4, NULL);
    if (file)
        fclose(file);
    return kib;
}

/* What the kernel puts off (RCU, cgroups that die) is not to be paid by who comes next. */
static void settle(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
}

static void round_of(struct runtime *r, int round)
{
    char *path = (char *)r->path, *root = r->root, *id = r->id;
    double t[COMMANDS] = {0};
    settle();
    if (strncmp(r->name, "floor", 5) == 0) {
        t[RUN] = timed((char *[]){path, (char *)bundle_true, id, NULL});
    } else {
        t[RUN] = timed((char *[]){path, "--root", root, "run", "--bundle", (char *)bundle_true, id, NULL});
        settle();
        t[CREATE] = timed((char *[]){path, "--root", root, "create", "--pid-file", r->pid_file, "--bundle",
                                     (char *)bundle_sleep, id, NULL});
        pid_t pid = container(r);
        t[PSS] = pss(pid);
        t[STATE] = timed((char *[]){path, "--root", root, "state", id, NULL});
        t[LIST] = timed((char *[]){path, "--root", root, "list", NULL});
        t[START] = timed((char *[]){path, "--root", root, "start", id, NULL});
        t[KILL] = timed((char *[]){path, "--root", root, "kill", id, "KILL", NULL});
        waitpid(pid, NULL, 0); /* ours, by PR_SET_CHILD_SUBREAPER */
        t[DELETE] = timed((char *[]){path, "--root", root, "delete", id, NULL});
    }
    for (int i = 0; i < COMMANDS && round >= 0; i++)
        r->times[i][round] = t[i];
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc - 5 > RUNTIMES) {
        dprintf(2, "usage: cycle ROUNDS TRUE SLEEP STATE NAME=RUNTIME...\n");
        return 2;
    }
    int rounds = atoi(argv[1]), count = argc - 5, out = dup(STDOUT_FILENO),
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
    bundle_true = argv[2];
    bundle_sleep = argv[3];
    if (rounds < 1 || out < 0 || null < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return 1;
    fcntl(out, F_SETFD, FD_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    let_raise_memlock();
    for (int i = 0; i < count; i++) {
        struct runtime *r = &runtimes[i];
        r->name = argv[5 + i];
        r->path = strchr(r->name, '=') + 1;
        argv[5 + i][r->path - r->name - 1] = '\0';
        snprintf(r->root, sizeof r->root, "%s/%s", argv[4], r->name);
        snprintf(r->pid_file, sizeof r->pid_file, "%s.pid", r->root);
        snprintf(r->id, sizeof r->id, "bench-%s-%d", r->name, getpid());
        for (int c = 0; c < COMMANDS; c++)
            r->times[c] = calloc((size_t)rounds, sizeof(double));
    }
    for (int round = -WARM_UP; round < rounds; round++)
        for (int i = 0; i < count; i++)
            round_of(&runtimes[(i + round + WARM_UP) % count], round);
    for (int i = 0; i < count; i++)
        for (int c = 0; c < COMMANDS; c++) {
            double *times = runtimes[i].times[c];
            qsort(times, (size_t)rounds, sizeof *times, compare);
            if (times[rounds / 2] > 0)
                dprintf(out, "%s %s %.0f\n", runtimes[i].name, names[c], times[rounds / 2]);
        }
    return 0;
}
