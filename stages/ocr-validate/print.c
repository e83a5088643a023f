/* The plan as JSON: what the stages will see, numbers for names. */
#include <stdio.h>

#include "error.h"
#include "validate.h"

static struct json_object *show_struct(const char *at, const struct schema_type *type);

static struct json_object *hex(uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "0x%llx", (unsigned long long)number);
    return json_object_new_string(text);
}

static struct json_object *show_options(const struct mount_options *o)
{
    struct json_object *object = json_object_new_object(), *data = json_object_new_array();
    json_object_object_add(object, "attr_set", hex(o->attr_set));
    json_object_object_add(object, "attr_clear", hex(o->attr_clear));
    json_object_object_add(object, "recursive_set", hex(o->recursive_set));
    json_object_object_add(object, "recursive_clear", hex(o->recursive_clear));
    json_object_object_add(object, "superblock_set", hex(o->superblock_set));
    json_object_object_add(object, "superblock_clear", hex(o->superblock_clear));
    json_object_object_add(object, "propagation", hex(o->propagation));
    json_object_object_add(object, "bind", json_object_new_boolean(o->bind));
    json_object_object_add(object, "bind_recursive", json_object_new_boolean(o->bind_recursive));
    json_object_object_add(object, "tmpcopyup", json_object_new_boolean(o->tmpcopyup));
    for (uint32_t i = 0; i < o->data_len; i++)
        json_object_array_add(data, json_object_new_string(o->data[i]));
    json_object_object_add(object, "data", data);
    return object;
}

static struct json_object *show_value(const void *at, const struct schema_field *f)
{
    switch (f->kind) {
    case KIND_BOOL:
    case KIND_OPAQUE: return json_object_new_boolean(*(const bool *)at);
    case KIND_INT32: return json_object_new_int(*(const int32_t *)at);
    case KIND_ENUM:
    case KIND_UINT32: return json_object_new_int64(*(const uint32_t *)at);
    case KIND_INT64: return json_object_new_int64(*(const int64_t *)at);
    case KIND_UINT64: return json_object_new_uint64(*(const uint64_t *)at);
    case KIND_CAPABILITY_SET: return hex(*(const uint64_t *)at);
    case KIND_STRING: {
        const char *text = *(const char *const *)at;
        return text ? json_object_new_string(text) : NULL;
    }
    case KIND_MOUNT_OPTIONS: return show_options(at);
    case KIND_STRUCT: return show_struct(at, f->type);
    }
    return NULL;
}

static struct json_object *show_field(const char *at, const struct schema_field *f)
{
    const char *member = at + f->offset;
    if (f->shape == SHAPE_ONE && f->kind != KIND_STRUCT)
        return show_value(member, f);
    const char *target = *(const char *const *)member;
    if (!target)
        return NULL;
    if (f->shape == SHAPE_ONE || f->shape == SHAPE_MAYBE)
        return show_value(target, f);
    uint32_t length = *(const uint32_t *)(at + f->len_offset);
    struct json_object *all = f->shape == SHAPE_MAP ? json_object_new_object() : json_object_new_array();
    for (const char *item = target; length--; item += f->size) {
        if (f->shape == SHAPE_MAP)
            json_object_object_add(all, *(const char *const *)item, show_value(item + f->value_offset, f));
        else
            json_object_array_add(all, show_value(item, f));
    }
    return all;
}

static struct json_object *show_struct(const char *at, const struct schema_type *type)
{
    struct json_object *object = json_object_new_object();
    for (const struct schema_field *f = type->fields; f->name; f++) {
        struct json_object *value = show_field(at, f);
        if (value)
            json_object_object_add(object, f->name, value);
    }
    return object;
}

void print_plan(const struct plan *plan)
{
    struct json_object *object = show_struct((const char *)plan, schema_root);
    int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;
    if (puts(json_object_to_json_string_ext(object, flags)) < 0 || fflush(stdout) != 0)
        die("write", NULL, "print the plan");
    json_object_put(object);
}
