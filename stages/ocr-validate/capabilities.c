/* A list of capability names as a set: bit N is capability N of capabilities(7). */
#include <string.h>

#include "error.h"
#include "validate.h"

static bool load_capability(uint64_t *set, const char *name)
{
    for (const struct schema_enum *c = capability_table; c->name; c++) {
        if (strcmp(c->name, name) == 0) {
            *set |= UINT64_C(1) << c->value;
            return true;
        }
    }
    return false;
}

uint64_t load_capabilities(struct json_object *list)
{
    uint64_t set = 0;
    if (!json_object_is_type(list, json_type_array)) {
        fault("must be an array of capability names");
        return 0;
    }
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *item = json_object_array_get_idx(list, i);
        const char *name = json_object_get_string(item);
        pointer_push_index(i);
        if (!json_object_is_type(item, json_type_string) || strlen(name) != (size_t)json_object_get_string_len(item))
            fault("must be the name of a capability");
        else if (!load_capability(&set, name))
            /* config.md "Linux Process": a name that can't be mapped to the kernel's MUST be logged, and SHOULD NOT
             * be an error. */
            caution(NULL, "\"%.40s\" is no capability that libcap knows: ignored", name);
        pointer_pop();
    }
    return set;
}
