/*
 * JSON into the plan, by the tables that compile.jq makes of spec-schema/.
 *
 * A value that is absent or null stays zero. A value of the wrong type or out
 * of range is a fault, and loading goes on, so that all faults are told.
 */
#include <string.h>

#include "error.h"
#include "validate.h"

static const struct load_options *options;

static void load_struct(char *at, const struct schema_type *type, struct json_object *object);

static const char *type_name(struct json_object *value)
{
    static const char *const names[] = {"null",      "a boolean", "a fraction", "an integer",
                                        "an object", "an array",  "a string"};
    return names[json_object_get_type(value)];
}

static void wrong_type(struct json_object *value, const char *wanted)
{
    fault("must be %s, is %s", wanted, type_name(value));
}

static void load_bool(bool *to, struct json_object *value)
{
    if (json_object_is_type(value, json_type_boolean))
        *to = json_object_get_boolean(value);
    else
        wrong_type(value, "a boolean");
}

/* json-c keeps an integer as int64 or, beyond that, as uint64. */
static bool load_integer(uint64_t *to, const struct schema_field *f, struct json_object *value)
{
    if (!json_object_is_type(value, json_type_int)) {
        wrong_type(value, "an integer");
        return false;
    }
    int64_t small = json_object_get_int64(value);
    uint64_t large = json_object_get_uint64(value);
    bool beyond = small == INT64_MAX && large > INT64_MAX;
    if (options->clamped && (large == UINT64_MAX || small == INT64_MIN)) {
        fault("is beyond 64 bits");
        return false;
    }
    if (beyond ? !(f->kind == KIND_UINT64 && f->max == INT64_MAX) : small < f->min || small > f->max) {
        if (f->kind == KIND_UINT64 && f->max == INT64_MAX)
            fault("must be at least %lld", (long long)f->min);
        else
            fault("must be between %lld and %lld", (long long)f->min, (long long)f->max);
        return false;
    }
    *to = beyond ? large : (uint64_t)small;
    return true;
}

static const char *load_string(const struct schema_field *f, struct json_object *value)
{
    if (!json_object_is_type(value, json_type_string)) {
        wrong_type(value, "a string");
        return NULL;
    }
    const char *text = json_object_get_string(value);
    size_t length = (size_t)json_object_get_string_len(value);
    const char *want = NULL;
    if (strlen(text) != length)
        want = "must not hold a NUL character";
    else if (f->nonempty && f->shape != SHAPE_LIST && length == 0)
        want = "must not be empty";
    else if (f->format && f->shape != SHAPE_MAP)
        want = f->format(text);
    if (want) {
        fault("%s", want);
        return NULL;
    }
    return image_string(text, length);
}

static void load_enum(uint32_t *to, const struct schema_field *f, struct json_object *value)
{
    if (!json_object_is_type(value, json_type_string)) {
        wrong_type(value, "a string");
        return;
    }
    const char *text = json_object_get_string(value);
    size_t length = (size_t)json_object_get_string_len(value);
    for (const struct schema_enum *e = f->enums; strlen(text) == length && e->name; e++) {
        if (strcmp(e->name, text) == 0) {
            *to = e->value;
            return;
        }
    }
    fault("\"%.60s\" is none of the values that the spec has for it", text);
}

static void load_value(void *to, const struct schema_field *f, struct json_object *value)
{
    uint64_t number;
    switch (f->kind) {
    case KIND_BOOL: load_bool(to, value); break;
    case KIND_INT32:
    case KIND_UINT32:
        if (load_integer(&number, f, value))
            *(uint32_t *)to = (uint32_t)number;
        break;
    case KIND_INT64:
    case KIND_UINT64:
        if (load_integer(&number, f, value))
            *(uint64_t *)to = number;
        break;
    case KIND_STRING: *(const char **)to = load_string(f, value); break;
    case KIND_ENUM: load_enum(to, f, value); break;
    case KIND_STRUCT: load_struct(to, f->type, value); break;
    case KIND_CAPABILITY_SET: *(uint64_t *)to = load_capabilities(value); break;
    case KIND_MOUNT_OPTIONS: load_mount_options(to, value); break;
    case KIND_OPAQUE: *(bool *)to = true; break;
    }
}

static void load_list(char *at, const struct schema_field *f, struct json_object *value)
{
    if (!json_object_is_type(value, json_type_array)) {
        wrong_type(value, "an array");
        return;
    }
    size_t length = json_object_array_length(value);
    if (length == 0)
        return;
    char *list = image_alloc(f->size, length + 1);
    *(char **)(at + f->offset) = list;
    *(uint32_t *)(at + f->len_offset) = (uint32_t)length;
    for (size_t i = 0; i < length; i++) {
        pointer_push_index(i);
        load_value(list + i * f->size, f, json_object_array_get_idx(value, i));
        pointer_pop();
    }
}

static void check_key(const struct schema_field *f, const char *key)
{
    const char *want = *key == '\0' ? "must not be empty" : f->format ? f->format(key) : NULL;
    if (want)
        fault("the key %s", want);
    bool known = !f->keys;
    for (const char *const *k = f->keys; k && *k; k++)
        known |= strcmp(*k, key) == 0;
    if (!known)
        fault("is no key that the spec knows");
}

static void load_map(char *at, const struct schema_field *f, struct json_object *value)
{
    if (!json_object_is_type(value, json_type_object)) {
        wrong_type(value, "an object");
        return;
    }
    char *entry = image_alloc(f->size, (size_t)json_object_object_length(value));
    *(char **)(at + f->offset) = entry;
    *(uint32_t *)(at + f->len_offset) = (uint32_t)json_object_object_length(value);
    json_object_object_foreach(value, key, member) {
        pointer_push(key);
        check_key(f, key);
        *(const char **)entry = image_string(key, strlen(key));
        load_value(entry + f->value_offset, f, member);
        pointer_pop();
        entry += f->size;
    }
}

/* An empty value asks for nothing: it can always be honoured. */
static bool asks_for_nothing(struct json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_boolean: return !json_object_get_boolean(value);
    case json_type_string: return json_object_get_string_len(value) == 0;
    case json_type_array: return json_object_array_length(value) == 0;
    case json_type_object: return json_object_object_length(value) == 0;
    default: return false;
    }
}

static void load_field(char *at, const struct schema_field *f, struct json_object *value)
{
    unsigned before = fault_count();
    size_t start = image_used();
    char *to = at + f->offset;
    if (f->shape == SHAPE_LIST) {
        load_list(at, f, value);
        if (f->nonempty && json_object_is_type(value, json_type_array) && json_object_array_length(value) == 0)
            fault("must not be empty");
    } else if (f->shape == SHAPE_MAP) {
        load_map(at, f, value);
    } else if (f->kind == KIND_STRUCT && !json_object_is_type(value, json_type_object)) {
        wrong_type(value, "an object"); /* and none in the plan */
    } else if (f->shape == SHAPE_MAYBE || f->kind == KIND_STRUCT) {
        to = *(char **)to = image_alloc(f->size, 1);
        load_value(to, f, value);
    } else {
        load_value(to, f, value);
    }
    if (f->size_offset)
        *(uint64_t *)(at + f->size_offset) = image_used() - start;
    if (fault_count() > before)
        return;
    if (f->refuse && !asks_for_nothing(value))
        fault("%s", f->refuse);
    else if (options->strict && f->elsewhere)
        fault("is for %s: nothing acts on it here", f->elsewhere);
    else if (options->strict && !f->by && f->kind != KIND_STRUCT && !f->refuse && !asks_for_nothing(value))
        fault("nothing acts on this field");
}

static void report_unknown(const struct schema_type *type, struct json_object *object)
{
    json_object_object_foreach(object, key, value) {
        const struct schema_field *f = type->fields;
        while (f->name && (f->internal || strcmp(f->name, key) != 0))
            f++;
        if (f->name)
            continue;
        (void)value;
        pointer_push(key);
        fault("is no field of the runtime-spec");
        pointer_pop();
    }
}

static void load_struct(char *at, const struct schema_type *type, struct json_object *object)
{
    if (!json_object_is_type(object, json_type_object)) {
        wrong_type(object, "an object");
        return;
    }
    if (options->strict)
        report_unknown(type, object);
    for (const struct schema_field *f = type->fields; f->name; f++) {
        struct json_object *value = NULL;
        if (f->internal)
            continue;
        json_object_object_get_ex(object, f->name, &value);
        if (!value && !f->required) { /* absent or null: in the spec's own decoder they are the same */
            if (f->absent)
                *(int64_t *)(void *)(at + f->offset) = f->absent;
            continue;
        }
        pointer_push(f->name);
        if (value)
            load_field(at, f, value);
        else
            fault("is required");
        pointer_pop();
    }
}

void load(struct plan *plan, struct json_object *config, const struct load_options *load_options)
{
    options = load_options;
    load_struct((char *)plan, schema_root, config);
}
