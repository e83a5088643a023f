/*
 * Where a mount goes. The destination is resolved inside the root to an fd and
 * the fd is mounted on, so no link of the image and nobody who renames things
 * in a shared volume meanwhile can lead the mount elsewhere (CVE-2021-30465).
 *
 * /proc and /sys must be what they seem, since labels, sysctls, masks and the
 * container's own programs rely on them: procfs and sysfs go onto a real
 * directory only (CVE-2019-19921, CVE-2025-54867), and nothing goes over or
 * into procfs (CVE-2019-16884, CVE-2025-52881), but the files that lxcfs fakes.
 */
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#include "error.h"
#include "mounts.h"
#include "path.h"
#include "sys.h"

/* The path without empty parts, "." and "..", as if no part was a link. */
static void clean(char *out, size_t size, const char *path)
{
    size_t used = 0;
    for (const char *p = path; *p; p += strspn(p, "/")) {
        size_t length = strcspn(p, "/");
        if (length == 2 && strncmp(p, "..", 2) == 0) {
            while (used && out[--used] != '/')
                ;
        } else if (length && !(length == 1 && *p == '.')) {
            if (used + length + 2 > size)
                fail(STATUS_CONFIG, ENAMETOOLONG, NULL, NULL, "%.60s...", path);
            out[used++] = '/';
            memcpy(out + used, p, length);
            used += length;
        }
        p += length;
    }
    out[used] = '\0';
}

/* Files of /proc that only tell something, and that lxcfs and engines put a container's own version over. */
static bool is_harmless(const char *in_proc)
{
    static const char *const files[] = {"cpuinfo",
                                        "diskstats",
                                        "loadavg",
                                        "meminfo",
                                        "slabinfo",
                                        "stat",
                                        "swaps",
                                        "uptime",
                                        "net/dev",
                                        "sys/kernel/ns_last_pid",
                                        "sys/crypto/fips_enabled"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(in_proc, files[i]) == 0)
            return true;
    return false;
}

static bool is_procfs(int fd, const char *destination)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0)
        die("fstatfs", destination, "look at %s", destination);
    return fs.f_type == PROC_SUPER_MAGIC;
}

_Noreturn static void refuse_in_proc(const char *destination)
{
    refuse(STATUS_CONFIG,
           "mount on %s: nothing may be mounted over or inside /proc but procfs itself and the files "
           "cpuinfo, diskstats, loadavg, meminfo, slabinfo, stat, swaps and uptime",
           destination);
}

/* procfs and sysfs: every part of the path must be a directory, none a link. */
static int open_without_links(int root, const char *destination)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS};
    int fd = sys_openat2(root, destination, &how);
    if (fd < 0 && errno == ENOENT) {
        fd = make_in_root(root, destination, true);
        if (fd >= 0)
            close(fd);
        fd = fd < 0 ? fd : sys_openat2(root, destination, &how);
    }
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
        fail(STATUS_CONFIG, errno, "openat2", destination,
             "mount on %s: it must be a real directory, not a link or a "
             "file",
             destination);
    return fd;
}

static struct statx look(int fd, const char *destination)
{
    struct statx st;
    if (sys_statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE | STATX_INO | STATX_MNT_ID, &st) < 0)
        die("statx", destination, "look at %s", destination);
    return st;
}

/* By now links are resolved: this is what the mount would really cover. The root itself would hide all that was made
 * in it, and the later stages would never see it; procfs must stay what it is. */
static void check_covered(int root, const struct target *t, const struct statx *st, const char *destination)
{
    static struct statx root_st;
    if (!root_st.stx_mask)
        root_st = look(root, "/");
    bool in_root_mount = st->stx_mnt_id == root_st.stx_mnt_id;
    if (in_root_mount && st->stx_ino == root_st.stx_ino)
        refuse(STATUS_CONFIG, "mount on %s: this is the container's root itself", destination);
    if (!in_root_mount && !t->may_be_proc && is_procfs(t->fd, destination))
        refuse_in_proc(destination);
}

struct target open_target(int root, const struct plan_mount *mount, enum mount_kind kind)
{
    const char *destination = mount->destination;
    struct target t = {.fd = -1};
    char path[PATH_MAX];
    clean(path, sizeof path, destination);
    bool over_proc = strcmp(path, "/proc") == 0, in_proc = strncmp(path, "/proc/", 6) == 0;
    bool is_proc = kind == KIND_PROC || kind == KIND_BIND_PROC;
    bool harmless = in_proc && kind == KIND_BIND_FILE && is_harmless(path + 6);
    if ((over_proc && !is_proc) || (in_proc && !harmless))
        refuse_in_proc(destination);
    t.may_be_proc = harmless || over_proc;

    if (kind == KIND_PROC || kind == KIND_SYSFS || over_proc) {
        t.fd = open_without_links(root, destination);
    } else {
        t.fd = open_in_root(root, destination, O_PATH);
        t.existed = t.fd >= 0;
        if (t.fd < 0 && errno == ENOENT)
            t.fd = make_in_root(root, destination, kind != KIND_BIND_FILE);
    }
    if (t.fd < 0)
        die("openat2", destination, "find or make %s in the root file system", destination);
    struct statx st = look(t.fd, destination);
    t.mode = st.stx_mode;
    check_covered(root, &t, &st, destination);
    return t;
}

void attach(int mount, int target, const char *doing)
{
    if (sys_move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        die("move_mount", NULL, "%s", doing);
}
