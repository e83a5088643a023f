/*
 * ocr-features: what this build can do on this kernel, as JSON.
 *
 * Takes nothing. Names are those of spec-schema/ and libmount's table, the ones
 * ocr-validate accepts; what has to be tried is tried: the kernel's namespaces,
 * its last capability, seccomp's actions and flags, libseccomp's architectures.
 * Gives the features document on standard output. Fails at: nothing but writing
 * it. See features.md and features-linux.md of the runtime-spec, seccomp(2).
 */
#include <errno.h>
#include <json-c/json.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"
#include "mount-option-table.h"
#include "schema.h"
#include "usage.h"

static const char usage[] =
    "usage: ocr-features\n"
    "\n"
    "Prints what this build can do on this kernel, as the features document of the runtime-spec.\n";

static const struct schema_field *field(const struct schema_type *type, const char *name)
{
    const struct schema_field *f = type->fields;
    while (f->name && strcmp(f->name, name) != 0)
        f++;
    if (!f->name)
        refuse(STATUS_FAILED, "the schema has no %s in %s", name, type->name);
    return f;
}

/* Is this field of config.json acted on? */
static bool supported(const struct schema_type *type, const char *name)
{
    return !field(type, name)->refuse;
}

static const struct schema_type *type_of(const struct schema_type *type, const char *name)
{
    return field(type, name)->type;
}

/* The names of an enum for which the test holds. */
static struct json_object *names(const struct schema_field *f, bool (*test)(const struct schema_enum *e))
{
    struct json_object *list = json_object_new_array();
    for (const struct schema_enum *e = f->enums; e->name; e++)
        if (!test || test(e))
            json_object_array_add(list, json_object_new_string(e->name));
    return list;
}

static bool has_namespace(const struct schema_enum *e)
{
    char path[64];
    /* The kernel's names are the spec's, but for these two. */
    const char *name = strcmp(e->name, "mount") == 0 ? "mnt" : strcmp(e->name, "network") == 0 ? "net" : e->name;
    snprintf(path, sizeof path, "/proc/self/ns/%s", name);
    return access(path, F_OK) == 0;
}

static bool has_action(const struct schema_enum *e)
{
    uint32_t action = e->value;
    return action != SECCOMP_RET_USER_NOTIF /* ocr-validate refuses it: there are no listeners yet */
           && syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/* A filter at address 0: the kernel looks at the flags first (EINVAL) and at the filter then (EFAULT). */
static bool has_flag(const struct schema_enum *e)
{
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, (unsigned long)e->value, NULL) < 0 && errno == EFAULT;
}

static bool has_architecture(const struct schema_enum *e)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int error = filter ? seccomp_arch_add(filter, e->value) : -ENOMEM;
    seccomp_release(filter);
    return error == 0 || error == -EEXIST || error == -EDOM; /* EDOM: of the other byte order */
}

static struct json_object *capabilities(void)
{
    struct json_object *list = json_object_new_array();
    for (cap_value_t number = 0; CAP_IS_SUPPORTED(number); number++) {
        char upper[64], *name = cap_to_name(number), *to = upper;
        for (const char *from = name; from && *from && to < upper + sizeof upper - 1; from++)
            *to++ = *from >= 'a' && *from <= 'z' ? (char)(*from - 'a' + 'A') : *from;
        *to = '\0';
        if (strncmp(upper, "CAP_", 4) == 0) /* libcap has a number for what it knows no name of */
            json_object_array_add(list, json_object_new_string(upper));
        cap_free(name);
    }
    return list;
}

/* libmount's table, what only the spec has, and the recursive form of what mount_setattr(2) can set. */
static struct json_object *mount_options(void)
{
    enum {
        RECURSIVE = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NODIRATIME | MS_NOATIME | MS_STRICTATIME |
                    MS_RELATIME | 0x100 /* MS_NOSYMFOLLOW */
    };
    struct json_object *list = json_object_new_array();
    json_object_array_add(list, json_object_new_string("defaults"));
    json_object_array_add(list, json_object_new_string("tmpcopyup"));
    for (const struct mount_option *o = mount_option_table; o->name; o++) {
        char recursive[32];
        snprintf(recursive, sizeof recursive, "r%s", o->name);
        if (o->flags == MS_REMOUNT) /* a container's mounts are new */
            continue;
        json_object_array_add(list, json_object_new_string(o->name));
        if (o->flags & RECURSIVE)
            json_object_array_add(list, json_object_new_string(recursive));
    }
    return list;
}

static struct json_object *hooks(void)
{
    struct json_object *list = json_object_new_array();
    for (const struct schema_field *f = type_of(schema_root, "hooks")->fields; f->name; f++)
        if (!f->refuse)
            json_object_array_add(list, json_object_new_string(f->name));
    return list;
}

static void add(struct json_object *object, const char *name, struct json_object *value)
{
    json_object_object_add(object, name, value);
}

static struct json_object *flag(const char *name, bool value)
{
    struct json_object *object = json_object_new_object();
    add(object, name, json_object_new_boolean(value));
    return object;
}

static struct json_object *seccomp(const struct schema_type *linux)
{
    const struct schema_type *profile = type_of(linux, "seccomp");
    struct json_object *object = flag("enabled", true);
    add(object, "actions", names(field(profile, "defaultAction"), has_action));
    add(object, "operators", names(field(type_of(type_of(profile, "syscalls"), "args"), "op"), NULL));
    add(object, "archs", names(field(profile, "architectures"), has_architecture));
    add(object, "knownFlags", names(field(profile, "flags"), NULL));
    add(object, "supportedFlags", names(field(profile, "flags"), has_flag));
    return object;
}

static struct json_object *cgroup(const struct schema_type *linux)
{
    struct json_object *object = flag("v1", true);
    add(object, "v2", json_object_new_boolean(true));
    add(object, "systemd", json_object_new_boolean(false));
    add(object, "systemdUser", json_object_new_boolean(false));
    add(object, "rdma", json_object_new_boolean(supported(type_of(linux, "resources"), "rdma")));
    return object;
}

static struct json_object *linux_features(void)
{
    const struct schema_type *linux = type_of(schema_root, "linux"), *process = type_of(schema_root, "process");
    const struct schema_type *policy = type_of(linux, "memoryPolicy");
    struct json_object *object = json_object_new_object(), *memory = json_object_new_object();
    add(object, "namespaces", names(field(type_of(linux, "namespaces"), "type"), has_namespace));
    add(object, "capabilities", capabilities());
    add(object, "cgroup", cgroup(linux));
    add(object, "seccomp", seccomp(linux));
    add(object, "apparmor", flag("enabled", supported(process, "apparmorProfile")));
    add(object, "selinux", flag("enabled", supported(process, "selinuxLabel")));
    add(object, "intelRdt", flag("enabled", supported(linux, "intelRdt")));
    add(memory, "modes", names(field(policy, "mode"), NULL));
    add(memory, "flags", names(field(policy, "flags"), NULL));
    add(object, "memoryPolicy", memory);
    struct json_object *extensions = json_object_new_object();
    add(extensions, "idmap", flag("enabled", supported(type_of(schema_root, "mounts"), "uidMappings")));
    add(object, "mountExtensions", extensions);
    add(object, "netDevices", flag("enabled", supported(linux, "netDevices")));
    return object;
}

int main(int argc, char **argv)
{
    stage_is("ocr-features");
    if (argc > 1)
        usage_exit(usage, strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    struct json_object *object = json_object_new_object(), *annotations = json_object_new_object();
    const struct scmp_version *libseccomp = seccomp_version();
    char version[32];
    snprintf(version, sizeof version, "%u.%u.%u", libseccomp->major, libseccomp->minor, libseccomp->micro);
    add(annotations, "io.github.seccomp.libseccomp.version", json_object_new_string(version));
    add(object, "ociVersionMin", json_object_new_string("1.0.0"));
    add(object, "ociVersionMax", json_object_new_string("1.3.0"));
    add(object, "hooks", hooks());
    add(object, "mountOptions", mount_options());
    add(object, "linux", linux_features());
    add(object, "annotations", annotations);
    int style = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;
    if (puts(json_object_to_json_string_ext(object, style)) < 0 || fflush(stdout) != 0)
        die("write", NULL, "print the features");
    return 0;
}
