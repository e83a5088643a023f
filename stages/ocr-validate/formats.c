/* The formats that strings of config.json have. Each tells what the text must be, or NULL: it is. */
#include <string.h>

#include "schema.h"

static bool only(const char *text, const char *characters)
{
    return text[strspn(text, characters)] == '\0';
}

static bool has_control_character(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

/* A part of a path that leads nowhere else. */
static bool is_name(const char *text)
{
    return *text && !strchr(text, '/') && strcmp(text, ".") != 0 && strcmp(text, "..") != 0 &&
           !has_control_character(text);
}

/* spec, config.md "Specification version": SemVer v2.0.0; every 1.x is compatible, and so is every 0.x before it. */
const char *format_oci_version(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || text[digits] != '.' || !strchr("01", text[0]) || digits > 1)
        return "must be a version of the runtime-spec, 1.x.y";
    text += digits + 1;
    digits = strspn(text, "0123456789");
    if (digits == 0 || text[digits] != '.')
        return "must be a version of the runtime-spec, 1.x.y";
    text += digits + 1;
    digits = strspn(text, "0123456789");
    return digits && (text[digits] == '\0' || text[digits] == '-' || text[digits] == '+')
               ? NULL
               : "must be a version of the runtime-spec, 1.x.y";
}

const char *format_absolute_path(const char *text)
{
    return text[0] == '/' ? NULL : "must be an absolute path";
}

/* environ(7): NAME=VALUE. */
const char *format_env(const char *text)
{
    return strchr(text, '=') && text[0] != '=' ? NULL : "must be NAME=VALUE";
}

/* cpuset(7) "List format", also of nodes. */
const char *format_cpu_list(const char *text)
{
    return only(text, "0123456789,- \n") ? NULL : "must be a list like 0-3,7";
}

/* No part of it may lead out of the hierarchy, and none may break the journal's lines. */
const char *format_cgroups_path(const char *text)
{
    if (has_control_character(text))
        return "must not hold control characters";
    for (const char *part = text; *part; part += strspn(part, "/")) {
        size_t length = strcspn(part, "/");
        if (length == 2 && part[0] == '.' && part[1] == '.')
            return "must not hold \"..\"";
        part += length;
    }
    return NULL;
}

/* A file of a controller (memory.high): none of the cgroup core's own, which move processes or delegate. */
const char *format_cgroup_file(const char *text)
{
    if (!is_name(text) || !strchr(text, '.') || strncmp(text, "cgroup.", 7) == 0)
        return "must name a file of a controller, as in memory.high";
    return NULL;
}

const char *format_device_access(const char *text)
{
    return only(text, "rwm") ? NULL : "must be made of r, w and m";
}

/* As the kernel names them: 2MB, 1GB. */
const char *format_page_size(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    bool unit = strcmp(text + digits, "KB") == 0 || strcmp(text + digits, "MB") == 0 ||
                strcmp(text + digits, "GB") == 0;
    return digits && unit ? NULL : "must be a page size like 2MB";
}

const char *format_name(const char *text)
{
    return is_name(text) ? NULL : "must be a name, without / or control characters";
}

const char *format_printable(const char *text)
{
    return has_control_character(text) ? "must not hold control characters" : NULL;
}
