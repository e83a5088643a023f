/* A new file system, by fsopen(2), fsconfig(2) and fsmount(2): mounted, but nowhere yet. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "error.h"
#include "mounts.h"
#include "sys.h"

/* What the file system itself says of the failure, such as "tmpfs: Bad value for 'size'" (fsopen(2), "Message
 * retrieval interface"); the first message is the cause. Leaves errno as it is. */
static const char *said(int fs)
{
    static char text[256];
    char message[200];
    int error = errno;
    ssize_t length = read(fs, message, sizeof message);
    errno = error;
    /* "e tmpfs: ..." is an error, "w ..." a warning; some end with a newline */
    if (length < 3 || message[0] != 'e')
        return "";
    length -= message[length - 1] == '\n';
    snprintf(text, sizeof text, " (%.*s)", (int)length - 2, message + 2);
    return text;
}

/* EPERM says little; with a user namespace the cause is nearly always one of these. */
static const char *hint(const char *doing)
{
    if (errno != EPERM && errno != EACCES)
        return "";
    if (strncmp(doing, "mount sysfs ", 12) == 0)
        return " (sysfs needs a network namespace that belongs to the container's user namespace; a bind mount of /sys "
               "does not)";
    if (strncmp(doing, "mount proc ", 11) == 0)
        return " (in a user namespace procfs needs a new pid namespace and a /proc outside that nothing is mounted "
               "over; a bind mount of /proc does not)";
    if (strncmp(doing, "mount mqueue ", 13) == 0)
        return " (mqueue needs an ipc namespace that belongs to the container's user namespace)";
    return "";
}

int new_fs(const char *type, const char *source, const char *doing)
{
    int fs = sys_fsopen(type, FSOPEN_CLOEXEC);
    if (fs < 0)
        die("fsopen", type, "%s%s", doing, errno == ENODEV ? ": the kernel has no such file system" : hint(doing));
    if (source && source[0] && sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
        die("fsconfig", source, "%s: source %s%s", doing, source, said(fs));
    return fs;
}

void set_option(int fs, const char *option, const char *doing)
{
    char key[256];
    const char *value = strchr(option, '=');
    size_t length = value ? (size_t)(value - option) : strlen(option);
    if (length >= sizeof key)
        refuse(STATUS_CONFIG, "%s: option \"%.40s...\": the name is too long", doing, option);
    memcpy(key, option, length);
    key[length] = '\0';
    int result = value ? sys_fsconfig(fs, FSCONFIG_SET_STRING, key, value + 1, 0)
                       : sys_fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL, 0);
    if (result < 0)
        die("fsconfig", option, "%s: option \"%s\"%s", doing, option, said(fs));
}

/* The superblocks of these belong to a namespace or to the kernel, and containers may share them: what is read-only
 * is the mount. Where there is a device or a layer below, the file system must be told before it writes there. */
static bool is_shared_by_namespace(const char *type)
{
    static const char *const types[] = {"proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

void set_superblock_flags(int fs, const struct plan_mount *mount, const char *doing)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } flags[] = {{MS_RDONLY, "ro"},     {MS_SYNCHRONOUS, "sync"},  {MS_DIRSYNC, "dirsync"},
                 {MS_MANDLOCK, "mand"}, {MS_LAZYTIME, "lazytime"}, {MS_I_VERSION, "iversion"}};
    const struct mount_options *o = &mount->options;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (flags[i].flag == MS_RDONLY && is_shared_by_namespace(mount->type))
            continue;
        if (o->superblock_set & flags[i].flag)
            set_option(fs, flags[i].name, doing);
    }
}

int mount_fs(int fs, const struct plan_mount *mount, uint64_t attributes, const char *doing)
{
    if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        die("fsconfig", mount->destination, "%s%s%s", doing, said(fs), hint(doing));
    int fd = sys_fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attributes);
    if (fd < 0)
        die("fsmount", mount->destination, "%s%s%s", doing, said(fs), hint(doing));
    close(fs);
    return fd;
}
