/*
 * The container's user: setgroups(2), setresgid(2), setresuid(2), in this order,
 * since the first two need what the third gives up.
 *
 * The system calls themselves: a libc would first stop all threads, of which
 * there are none.
 */
#include <errno.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "error.h"
#include "process.h"
#include "sys.h"

/* A user namespace can have setgroups(2) denied (user_namespaces(7)). Then the caller's groups stay, as they would for
 * the caller's own programs; groups that the config asks for can't be had. */
static void set_groups(const struct plan *plan, const struct plan_user *user)
{
    at("/process/user/additionalGids");
    if (syscall(SYS_setgroups, user->additional_gids_len, user->additional_gids) == 0)
        return;
    if (errno != EPERM || user->additional_gids_len || !plan_namespace(plan, CLONE_NEWUSER))
        die("setgroups", NULL, "set %u additional groups", user->additional_gids_len);
}

/*
 * A pipe that the caller made for the payload's stdio is the caller's: another
 * user could write to fd 1 but not open /dev/stdout. As peers do, we give it to
 * the user, but nothing else: a file, a fifo with a name or a terminal of the
 * host keeps its owner.
 */
static void give_pipes(uint32_t uid)
{
    struct statfs fs;
    struct stat st;
    for (int fd = 0; fd <= 2; fd++)
        if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && st.st_uid != uid && fstatfs(fd, &fs) == 0 &&
            fs.f_type == PIPEFS_MAGIC && fchown(fd, uid, (gid_t)-1) < 0 && errno != EPERM && errno != EINVAL)
            die("fchown", NULL, "give the pipe that is fd %d to the user %u", fd, uid);
}

void become_user(const struct plan *plan)
{
    static const struct plan_user root;
    const struct plan_user *user = plan->process->user ? plan->process->user : &root;
    if (user->uid)
        give_pipes(user->uid);
    set_groups(plan, user);
    at("/process/user/gid");
    if (syscall(SYS_setresgid, user->gid, user->gid, user->gid) < 0)
        die("setresgid", NULL, "become group %u", user->gid);
    at("/process/user/uid");
    if (syscall(SYS_setresuid, user->uid, user->uid, user->uid) < 0)
        die("setresuid", NULL, "become user %u", user->uid);
    at("");
}
