/*
 * A session keyring of the container's own, so that the payload has not the
 * caller's keys. See keyctl(2) (KEYCTL_JOIN_SESSION_KEYRING), session-keyring(7).
 *
 * It has the container's id as its name, as with other runtimes. A keyring of
 * that name may be there already, and the kernel joins it when we may search
 * it: a container that knows another's id could lay one out in advance and
 * share its keys. A new keyring can be searched only by who possesses it, so
 * one that others can search is not ours.
 */
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"
#include "process.h"

static long join(const char *name)
{
    long keyring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
    if (keyring < 0 && errno != ENOSYS) /* a kernel without keys has none that the payload could get */
        die("keyctl", name, "join a session keyring (--no-new-keyring does without)");
    return keyring;
}

/* keyctl(2), KEYCTL_DESCRIBE: "type;uid;gid;permissions;name", permissions in hexadecimal, a byte each for possessor,
 * user, group and others. 8 is search, in linux/key.h. */
static bool others_may_search(long keyring)
{
    char text[512];
    unsigned permissions;
    if (syscall(SYS_keyctl, KEYCTL_DESCRIBE, keyring, text, sizeof text) < 0)
        die("keyctl", NULL, "describe the session keyring");
    return sscanf(text, "%*[^;];%*d;%*d;%x", &permissions) != 1 || permissions & 0x080808;
}

void join_keyring(const char *id)
{
    long keyring = join(id);
    if (id && keyring >= 0 && others_may_search(keyring))
        join(NULL);
}
