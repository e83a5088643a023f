# From the schema: a config with every field, each with a value that its own line allows.
. as $schema

| def of_format: {
    "absolute_path": "/x", "env": "A=1", "oci_version": "1.3.0", "page_size": "2MB", "device_access": "rwm"
  }[.];

def of_type: . as $type
  | if $schema.enums[$type] then $schema.enums[$type] | keys[-1]
    else {"bool": true, "string": "1", "opaque": {}, "capability_set": ["CAP_KILL"],
          "mount_options": ["ro", "rbind", "size=1"]}[$type] // 1 end;

# What is refused unless it asks for nothing, asks for nothing.
def field: . as $field
  | if $schema.structs[.type] then $schema.structs[.type] | with_entries(select(.value.internal | not) | .value |= field)
    elif .refuse and .type == "bool" then false
    elif .refuse and .type == "string" then ""
    else (.format // "" | of_format) // (.type | of_type) end
  | if $field.list then [.] elif $field.map then {(($field.keys // ["a.b"])[0]): .} else . end;

{type: $schema.root} | field
