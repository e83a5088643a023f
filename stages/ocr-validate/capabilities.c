/* A list of capability names as a set: bit N is capability N of capabilities(7). */
#include <string.h>
#include <sys/capability.h>

#include "error.h"
#include "validate.h"

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
        cap_value_t number;
        pointer_push_index(i);
        if (!json_object_is_type(item, json_type_string) ||
            strlen(name) != (size_t)json_object_get_string_len(item)) {
            fault("must be a string");
        } else if (strncmp(name, "CAP_", 4) != 0 || cap_from_name(name, &number) < 0) {
            /* spec, config.md "Linux Process": a name that can't be mapped to the kernel's is worth a warning. */
            at("/process/capabilities");
            warn("\"%.40s\" is no capability that libcap knows: ignored", name);
            at("");
        } else {
            set |= UINT64_C(1) << number;
        }
        pointer_pop();
    }
    return set;
}
