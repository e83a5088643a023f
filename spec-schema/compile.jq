# Compiles config.json into C.
#
#   jq -r --arg output types|tables -f compile.jq config.json
#
# `types` is the header that a stage includes to read a plan; `tables` is what
# the loader, the printer and the linter walk. Both come from one list of
# fields, so a field's name is written once.

# JSON name -> C name: throttleReadIOPSDevice -> throttle_read_iops_device.
def c_name:
  gsub("(?<a>[a-z0-9])(?<b>[A-Z])"; "\(.a)_\(.b)")
  | gsub("(?<a>[A-Z])(?<b>[A-Z][a-z])"; "\(.a)_\(.b)")
  | ascii_downcase;

# The last capital run keeps together: containerID -> container_id, blockIO -> block_io.

def scalars: {
  "bool": "bool", "int32": "int32_t", "int64": "int64_t", "uint32": "uint32_t", "uint64": "uint64_t",
  "string": "const char *", "capability_set": "uint64_t", "mount_options": "struct mount_options", "opaque": "bool"
};

def limits($type): {
  "int32": ["INT32_MIN", "INT32_MAX"], "int64": ["INT64_MIN", "INT64_MAX"],
  "uint32": ["0", "UINT32_MAX"], "uint64": ["0", "INT64_MAX"]
}[$type] // ["0", "0"];

# What a value of this field is: a scalar, an enum's number or a struct.
def kind($s): .type as $t
  | if $s.structs[$t] then "STRUCT" elif $s.enums[$t] then "ENUM" else $t | ascii_upcase end;

def shape: if .list then "LIST" elif .map then "MAP" elif .maybe then "MAYBE" else "ONE" end;

# C type of one value, with the space or star that comes before a declarator.
def c_type($s): .type as $t
  | if $s.structs[$t] then "struct plan_\($t) " | sub("plan_plan"; "plan")
    elif $s.enums[$t] then "uint32_t "
    else scalars[$t] as $c | if $c | endswith("*") then $c else "\($c) " end end;

def is_struct($s): $s.structs[.type] != null;

# A list of strings ends with NULL, so that it can be handed to execve(2).
# A map is a list of entries, each a key and its value.
def member($s; $name): ($name | c_name) as $n | c_type($s) as $c
  | if .map then "    struct { const char *key; \($c)value; } *\($n);\n    uint32_t \($n)_len;"
    elif .list then "    \($c)*\($n);\n    uint32_t \($n)_len;"
    elif .maybe then "    \($c)*\($n);"
    elif is_struct($s) then "    \($c)*\($n);" + (if .sized then "\n    uint64_t \($n)_size;" else "" end)
    else "    \($c)\($n);" end;

def struct_tag: if . == "plan" then "struct plan" else "struct plan_\(.)" end;

# Structs in an order in which each comes after those it holds by value in a map.
def types:
  . as $s
  | "/* Compiled from spec-schema/config.json by compile.jq: do not edit. */",
    "#ifndef PLAN_TYPES_H\n#define PLAN_TYPES_H",
    "#include <stdbool.h>\n#include <stdint.h>",
    "#include \"mount-options.h\"\n",
    ( [ $s.structs | to_entries | reverse | .[] ] | .[]
      | "\(.key | struct_tag) {",
        ( .value | to_entries[]
          | .key as $name | .value
          | (if .internal then "    /* not in config.json: \(.internal) */" else empty end),
            member($s; $name) ),
        "};\n" ),
    "#endif";

def quote: @json;
def number($n): if $n == null then null else "\($n)" end;

def field($s; $struct): .key as $name | .value
  | ($name | c_name) as $n | limits(.type) as $range
  | (if .map or .list then "offsetof(\($struct | struct_tag), \($n)_len)" else "0" end) as $len
  | (if .map then "sizeof(*((\($struct | struct_tag) *)0)->\($n))" elif .list or .maybe or is_struct($s)
     then "sizeof(*((\($struct | struct_tag) *)0)->\($n))"
     else "0" end) as $size
  | (if .map then "offsetof(__typeof__(*((\($struct | struct_tag) *)0)->\($n)), value)" else "0" end) as $value
  | "    {.name = \($name | quote), .kind = KIND_\(kind($s)), .shape = SHAPE_\(shape),"
    + " .offset = offsetof(\($struct | struct_tag), \($n)), .len_offset = \($len),"
    + " .size = \($size), .value_offset = \($value),"
    + (if is_struct($s) then " .type = &type_\(.type)," else "" end)
    + (if $s.enums[.type] then " .enums = enum_\(.type)," else "" end)
    + " .min = \(.min // $range[0]), .max = \(.max // $range[1]),"
    + (if .absent then " .absent = \(.absent)," else "" end)
    + (if .required then " .required = true," else "" end)
    + (if .nonempty then " .nonempty = true," else "" end)
    + (if .internal then " .internal = true," else "" end)
    + (if .format then " .format = format_\(.format)," else "" end)
    + (if .sized then " .size_offset = offsetof(\($struct | struct_tag), \($n)_size)," else "" end)
    + (if .keys then " .keys = (const char *const[]){\([.keys[] | quote] | join(", ")), NULL}," else "" end)
    + (if .refuse then " .refuse = \(.refuse | quote)," else "" end)
    + (if .elsewhere then " .elsewhere = \(.elsewhere | quote)," else "" end)
    + (if .by then " .by = \(.by | quote)," else "" end)
    + "},";

def tables:
  . as $s
  | "/* Compiled from spec-schema/config.json by compile.jq: do not edit. */",
    "#include \"schema.h\"\n",
    ( $s.enums | to_entries[]
      | "static const struct schema_enum enum_\(.key)[] = {",
        ( .value | to_entries[] | "    {\(.key | quote), (uint32_t)(\(.value))}," ),
        "    {NULL, 0},\n};\n" ),
    ( $s.structs | to_entries | reverse | .[]
      | .key as $struct
      | "static const struct schema_field fields_\($struct)[] = {",
        ( .value | to_entries[] | field($s; $struct) ),
        "    {.name = NULL},\n};",
        "static const struct schema_type type_\($struct) = {\"\($struct)\", sizeof(\($struct | struct_tag)), fields_\($struct)};\n" ),
    "const struct schema_type *const schema_root = &type_\($s.root);";

if $output == "types" then types else tables end
