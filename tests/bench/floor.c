/*
 * floor: what a container costs in the kernel alone.
 *
 *     floor BUNDLE ID [STEP]
 *
 * One static process that does, hard-coded, the kernel work of `run` with the tests' default config: cgroups with the
 * device rules, six namespaces, the mounts, devices, links, masks and read-only paths, pivot_root, limits,
 * capabilities, and /bin/true. It reads no config, checks nothing about the root file system and keeps no state: it is
 * not a runtime, it is the figure that no runtime gets below. With STEP (step.c) it executes as many programs, which
 * do nothing, as a walk has from ocr-nsinit on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const hierarchies[] = {"cpu",     "cpuacct", "cpuset", "memory",  "devices",
                                          "freezer", "blkio",   "pids",   "systemd", "unified"};
enum { HIERARCHIES = sizeof hierarchies / sizeof *hierarchies };
static const char cgroups[] = "/sys/fs/cgroup";
static int v2;

static void need(long result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    need(fd, path);
    need(write(fd, text, strlen(text)), path);
    close(fd);
}

/* The path of the container's cgroup in the i-th hierarchy, or NULL when there is none. */
static const char *cgroup(int i, const char *id)
{
    static char path[512];
    if (v2 && i > 0)
        return NULL;
    snprintf(path, sizeof path, "%s/%s/%s", cgroups, v2 ? "." : hierarchies[i], id);
    return path;
}

/* cgroup v1: mkdir and devices. */
static void make_cgroups_v1(const char *id)
{
    static const char *const rules[] = {"c *:* m",   "b *:* m",   "c 1:3 rwm", "c 1:5 rwm",   "c 1:7 rwm",
                                        "c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm", "c 136:* rwm", "c 5:2 rwm"};
    char file[600];
    for (int i = 0; i < HIERARCHIES; i++) {
        const char *path = cgroup(i, id);
        snprintf(file, sizeof file, "%s/%s/cgroup.procs", cgroups, hierarchies[i]);
        if (access(file, W_OK) < 0)
            continue; /* not mounted here */
        need(mkdir(path, 0755), path);
        if (strcmp(hierarchies[i], "cpuset") == 0) {
            snprintf(file, sizeof file, "%s/cpuset.cpus", path);
            put(file, "0-1");
            snprintf(file, sizeof file, "%s/cpuset.mems", path);
            put(file, "0");
        }
        if (strcmp(hierarchies[i], "devices") == 0) {
            snprintf(file, sizeof file, "%s/devices.deny", path);
            put(file, "a");
            snprintf(file, sizeof file, "%s/devices.allow", path);
            for (size_t r = 0; r < sizeof rules / sizeof *rules; r++)
                put(file, rules[r]);
        }
    }
}

/* As a task, not as a process, which would wait for an RCU grace period. */
static void enter_cgroups_v1(const char *id)
{
    char file[600];
    for (int i = 0; i < HIERARCHIES; i++) {
        snprintf(file, sizeof file, "%s/tasks", cgroup(i, id));
        if (access(file, W_OK) == 0)
            put(file, "0");
    }
}

/* cgroup v2: mkdir and a device program, here one that allows all. */
static int make_cgroup_v2(const char *id)
{
    const char *path = cgroup(0, id);
    need(mkdir(path, 0755), path);
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1},
                              {.code = BPF_JMP | BPF_EXIT}};
    union bpf_attr load = {.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE, .insn_cnt = 2};
    load.insns = (unsigned long)code;
    load.license = (unsigned long)"GPL";
    int program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
    need(program, "bpf");
    union bpf_attr attach = {.attach_type = BPF_CGROUP_DEVICE};
    attach.target_fd = (unsigned)dir;
    attach.attach_bpf_fd = (unsigned)program;
    need(syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach), "bpf");
    close(program);
    return dir;
}

static void mounts(const char *rootfs)
{
    static const char *const nodes[] = {"null", "zero", "full", "random", "urandom", "tty"};
    static const int numbers[][2] = {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}};
    char path[64];
    need(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "rslave");
    need(mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL), "rootfs");
    need(chdir(rootfs), "chdir");
    need(mount("proc", "proc", "proc", 0, NULL), "proc");
    need(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"), "dev");
    mkdir("dev/pts", 0755), mkdir("dev/shm", 0755), mkdir("dev/mqueue", 0755);
    need(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"),
         "pts");
    need(mount("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, "mode=1777,size=65536k"), "shm");
    need(mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL), "mqueue");
    need(mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY, NULL), "sys");
    if (v2) {
        need(mount("cgroup", "sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY, NULL),
             "cgroup2");
    } else {
        need(mount("tmpfs", "sys/fs/cgroup", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, "mode=755"), "cgroup");
        for (int i = 0; i < HIERARCHIES; i++) {
            struct statfs fs;
            snprintf(path, sizeof path, "/sys/fs/cgroup/%s", hierarchies[i]);
            if (statfs(path, &fs) < 0 || (fs.f_type != CGROUP_SUPER_MAGIC && fs.f_type != CGROUP2_SUPER_MAGIC))
                continue;
            mkdir(path + 1, 0755);
            int named = strcmp(hierarchies[i], "systemd") == 0;
            need(mount("cgroup", path + 1, fs.f_type == CGROUP2_SUPER_MAGIC ? "cgroup2" : "cgroup",
                       MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY,
                       fs.f_type == CGROUP2_SUPER_MAGIC ? NULL
                       : named                          ? "none,name=systemd"
                                                        : hierarchies[i]),
                 path);
        }
        need(mount(NULL, "sys/fs/cgroup", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC | MS_NODEV,
                   NULL),
             "cgroup ro");
    }
    umask(0);
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
        snprintf(path, sizeof path, "dev/%s", nodes[i]);
        need(mknod(path, S_IFCHR | 0666, makedev((unsigned)numbers[i][0], (unsigned)numbers[i][1])), path);
    }
    umask(022);
    need(symlink("/proc/self/fd", "dev/fd") | symlink("/proc/self/fd/0", "dev/stdin") |
             symlink("/proc/self/fd/1", "dev/stdout") | symlink("/proc/self/fd/2", "dev/stderr") |
             symlink("/proc/kcore", "dev/core") | symlink("pts/ptmx", "dev/ptmx"),
         "links");
}

static void pivot_and_mask(void)
{
    static const char *const masked[] = {
        "/proc/acpi",       "/proc/asound",      "/proc/kcore",       "/proc/keys", "/proc/latency_stats",
        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"};
    static const char *const readonly[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
    need(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    need(umount2(".", MNT_DETACH), "umount");
    need(chdir("/"), "chdir");
    for (size_t i = 0; i < sizeof readonly / sizeof *readonly; i++)
        if (mount(readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL) == 0)
            need(mount(NULL, readonly[i], NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), readonly[i]);
    for (size_t i = 0; i < sizeof masked / sizeof *masked; i++)
        if (mount("/dev/null", masked[i], NULL, MS_BIND, NULL) < 0 && errno == ENOTDIR)
            need(mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, "nr_blocks=1,nr_inodes=1"), masked[i]);
}

static void confine(void)
{
    struct rlimit files = {1024, 1024};
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    unsigned keep = 1U << CAP_AUDIT_WRITE | 1U << CAP_KILL | 1U << CAP_NET_BIND_SERVICE;
    struct __user_cap_data_struct data[2] = {{.effective = keep, .permitted = keep}};
    need(setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
    for (int c = 0; c <= 40; c++)
        if (c >= 32 || !(keep & 1U << c))
            need(prctl(PR_CAPBSET_DROP, c), "capbset");
    need(setgid(0) | setuid(0), "setuid");
    need(syscall(SYS_capset, &header, data), "capset");
    need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

static void execute(int step)
{
    char *const environment[] = {"PATH=/bin", NULL};
    if (step >= 0) /* ocr-mounts, ocr-pivot, ocr-process */
        fexecve(step, (char *[]){"step", "2", "/bin/true", NULL}, environment);
    else
        execve("/bin/true", (char *[]){"/bin/true", NULL}, environment);
    _exit(127);
}

static void child(const char *rootfs, const char *id, int step)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    if (!v2) { /* the cgroup namespace is the cgroups that we are in when it is made */
        enter_cgroups_v1(id);
        need(unshare(CLONE_NEWCGROUP), "unshare");
    }
    need(setsid(), "setsid");
    need(sethostname("floor", 5), "sethostname");
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    need(ioctl(fd, SIOCSIFFLAGS, &lo), "lo");
    mounts(rootfs);
    pivot_and_mask();
    confine();
    execute(step);
}

int main(int argc, char **argv)
{
    struct statfs fs;
    char rootfs[4096];
    int status = 0, step = -1;
    if (argc != 3 && argc != 4)
        return 2;
    if (argc == 4)
        need(step = open(argv[3], O_PATH | O_CLOEXEC), argv[3]);
    snprintf(rootfs, sizeof rootfs, "%s/rootfs", argv[1]);
    need(statfs(cgroups, &fs), cgroups);
    v2 = fs.f_type == CGROUP2_SUPER_MAGIC;
    struct clone_args args = {.exit_signal = SIGCHLD};
    args.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
    if (v2) {
        args.flags |= CLONE_INTO_CGROUP | CLONE_NEWCGROUP;
        args.cgroup = (unsigned)make_cgroup_v2(argv[2]);
    } else {
        make_cgroups_v1(argv[2]);
    }
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    need(pid, "clone3");
    if (pid == 0)
        child(rootfs, argv[2], step);
    waitpid(pid, &status, 0);
    for (int i = 0; i < HIERARCHIES; i++)
        if (cgroup(i, argv[2]))
            rmdir(cgroup(i, argv[2]));
    if (step >= 0 && status == 0) /* ocr-delete */
        fexecve(step, (char *[]){"step", "0", NULL}, (char *[]){NULL});
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
