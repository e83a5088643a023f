/*
 * The AppArmor profile that the payload's execve(2) puts it under: "exec NAME"
 * written to attr/apparmor/exec of this thread, which a later write or the
 * execve takes back. See proc(5), aa_change_onexec(2).
 *
 * The /proc here is the container's, so it is believed only after a look: it is
 * procfs itself, its root, and nothing is mounted between it and the file
 * (CVE-2019-16884, CVE-2025-52881).
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "error.h"
#include "fd.h"
#include "process.h"
#include "sys.h"

enum { PROC_ROOT = 1 }; /* the inode of procfs' root: PROC_ROOT_INO in the kernel's proc_fs.h */

static int open_procfs(void)
{
    struct statfs fs;
    struct stat st;
    int fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
        die("open", "/proc", "open /proc, through which the profile is set");
    if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT)
        refuse(STATUS_FAILED, "set the profile: the container's /proc is no procfs");
    return fd;
}

void set_apparmor_profile(const struct plan_process *process)
{
    const char *profile = process->apparmor_profile, *file = "thread-self/attr/apparmor/exec";
    struct open_how how = {.flags = O_WRONLY | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS};
    char text[4096];
    if (!profile || !profile[0])
        return;
    at("/process/apparmorProfile");
    size_t length = (size_t)snprintf(text, sizeof text, "exec %s", profile);
    if (length >= sizeof text)
        refuse(STATUS_CONFIG, "the name of the profile is too long");
    OWNED_FD proc = open_procfs();
    /* The files of a process that isn't dumpable belong to the host's root, whom a user namespace does not have. */
    prctl(PR_SET_DUMPABLE, 1);
    OWNED_FD fd = sys_openat2(proc, file, &how);
    if (fd < 0 && errno == ENOENT)
        refuse(STATUS_FAILED, "AppArmor is not enabled on this kernel");
    if (fd < 0)
        die("openat2", file, "open /proc/%s", file);
    if (write(fd, text, length) != (ssize_t)length)
        die("write", file, "set the profile %s%s", profile, errno == ENOENT ? " (it is not loaded)" : "");
    prctl(PR_SET_DUMPABLE, 0);
    at("");
}
