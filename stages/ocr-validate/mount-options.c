/* The options of a mount, sorted into what each is for: see common/mount-options.h. */
#include <string.h>

#include "error.h"
#include "mount-option-table.h"
#include "sys.h"
#include "validate.h"

/* From mount(2)'s flags to mount_setattr(2)'s; those that are missing belong to the superblock. */
static const struct {
    uint32_t ms;
    uint64_t attr;
} attributes[] = {
    {MS_RDONLY, MOUNT_ATTR_RDONLY},
    {MS_NOSUID, MOUNT_ATTR_NOSUID},
    {MS_NODEV, MOUNT_ATTR_NODEV},
    {MS_NOEXEC, MOUNT_ATTR_NOEXEC},
    {MS_NODIRATIME, MOUNT_ATTR_NODIRATIME},
    {MS_NOATIME, MOUNT_ATTR_NOATIME},
    {MS_STRICTATIME, MOUNT_ATTR_STRICTATIME},
    {MS_RELATIME, MOUNT_ATTR_RELATIME},
    {0x100 /* MS_NOSYMFOLLOW */, 0x200000 /* MOUNT_ATTR_NOSYMFOLLOW, Linux 5.14 */},
};
enum { ATIME = MS_NOATIME | MS_STRICTATIME | MS_RELATIME };
enum { PROPAGATION = MS_SHARED | MS_SLAVE | MS_PRIVATE | MS_UNBINDABLE };

/* Sets or takes away one attribute. The atime modes exclude each other: relatime is 0, so "clear" must hold the
 * whole field when any is set; taking one away means the kernel's default, relatime. */
static void change_attribute(uint64_t *set, uint64_t *clear, uint32_t ms, uint64_t attr, bool inverse)
{
    if (ms & ATIME) {
        *set = (*set & ~(uint64_t)MOUNT_ATTR__ATIME) | (inverse ? 0 : attr);
        *clear |= MOUNT_ATTR__ATIME;
    } else if (inverse) {
        *set &= ~attr;
        *clear |= attr;
    } else {
        *set |= attr;
        *clear &= ~attr;
    }
}

static void apply(struct mount_options *o, const struct mount_option *option, bool recursive)
{
    if (option->flags & PROPAGATION) {
        o->propagation = option->flags;
        return;
    }
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        if (attributes[i].ms != option->flags)
            continue;
        if (recursive)
            change_attribute(&o->recursive_set, &o->recursive_clear, option->flags, attributes[i].attr,
                             option->inverse);
        else
            change_attribute(&o->attr_set, &o->attr_clear, option->flags, attributes[i].attr, option->inverse);
    }
    if (recursive)
        return;
    /* "ro" is both: of the mount, and of a new superblock. */
    uint32_t superblock = option->flags & (MS_RDONLY | MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | MS_LAZYTIME |
                                           MS_I_VERSION | MS_SILENT);
    if (option->inverse) {
        o->superblock_set &= ~superblock;
        o->superblock_clear |= superblock;
    } else {
        o->superblock_set |= superblock;
        o->superblock_clear &= ~superblock;
    }
}

static const struct mount_option *find(const char *name)
{
    const struct mount_option *o = mount_option_table;
    while (o->name && strcmp(o->name, name) != 0)
        o++;
    return o->name ? o : NULL;
}

/* "rro", "rnosuid": the attribute for a whole tree (spec: config.md "Linux mount options"). */
static const struct mount_option *find_recursive(const char *name)
{
    const struct mount_option *o = name[0] == 'r' ? find(name + 1) : NULL;
    for (size_t i = 0; o && i < sizeof attributes / sizeof *attributes; i++)
        if (attributes[i].ms == o->flags)
            return o;
    return NULL;
}

static void load_option(struct mount_options *o, const char *text, size_t length)
{
    const struct mount_option *option = find(text);
    if (strcmp(text, "defaults") == 0 || length == 0)
        return;
    if (strcmp(text, "idmap") == 0 || strcmp(text, "ridmap") == 0) {
        fault("id-mapped mounts are not supported yet");
    } else if (strcmp(text, "tmpcopyup") == 0) {
        o->tmpcopyup = true;
    } else if (option && option->flags == MS_REMOUNT) {
        fault("\"remount\" changes a mount that is there; a container's mounts are new");
    } else if (option && option->flags & MS_BIND) {
        o->bind = true;
        o->bind_recursive = option->flags & MS_REC;
    } else if (option) {
        apply(o, option, false);
    } else if ((option = find_recursive(text))) {
        apply(o, option, true);
    } else {
        o->data[o->data_len++] = image_string(text, length);
    }
}

void load_mount_options(struct mount_options *o, struct json_object *list)
{
    if (!json_object_is_type(list, json_type_array)) {
        fault("must be an array of strings");
        return;
    }
    size_t length = json_object_array_length(list);
    o->data = image_alloc(sizeof *o->data, length + 1);
    for (size_t i = 0; i < length; i++) {
        struct json_object *item = json_object_array_get_idx(list, i);
        const char *text = json_object_get_string(item);
        pointer_push_index(i);
        if (!json_object_is_type(item, json_type_string))
            fault("must be a string");
        else if (strlen(text) != (size_t)json_object_get_string_len(item))
            fault("must not hold a NUL character");
        else
            load_option(o, text, (size_t)json_object_get_string_len(item));
        pointer_pop();
    }
}
