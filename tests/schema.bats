# The schema's compiler, and that its three products say the same.
load lib

setup() {
    schema=$top/spec-schema/config.json
}
teardown() { :; }

# c_names: the C names of all fields in the compiled types, as the compiler makes them from the JSON names.
c_names() {
    sed -n 's/.*[ *]\([a-z0-9_]*\);$/\1/p' "$top/build/plan-types.h" | sort -u
}

@test "every struct of the schema is in the types, and every field with the name that C style gives it" {
    local struct
    for struct in $(jq -r '.structs | keys[]' "$schema"); do
        [ "$struct" = plan ] || struct=plan_$struct
        grep -q "^struct $struct {" "$top/build/plan-types.h" || { echo "no struct $struct" && return 1; }
    done
    local names
    names=$(c_names)
    for name in throttle_read_iops_device container_id block_io no_new_privileges oom_score_adj l3_cache_schema cwd \
        disable_oom_killer exec_cpu_affinity kernel_tcp linux additional_gids; do
        grep -qx "$name" <<<"$names" || { echo "no field $name" && return 1; }
    done
}

@test "the tables have each field of the schema once" {
    local wanted got
    wanted=$(jq -r '.structs[] | keys[]' "$schema" | sort)
    got=$(sed -n 's/^    {.name = "\([^"]*\)".*/\1/p' "$top/build/schema.c" | sort)
    [ "$wanted" = "$got" ] || { diff <(echo "$wanted") <(echo "$got") && return 1; }
}

@test "every enum value of the schema is in the tables" {
    [ "$(jq '[.enums[] | length] | add' "$schema")" -eq "$(grep -c '^    {".*(uint32_t)' "$top/build/schema.c")" ]
}

@test "every type that a field names is there, and no struct or enum is left over" {
    run jq -r '(.structs + .enums | keys) as $known | ["bool", "int32", "int64", "uint32", "uint64", "string",
        "capability_set", "mount_options", "opaque"] as $scalars
        | [.structs[][].type] as $used
        | ($used - $known - $scalars | map("used but unknown: \(.)")[]),
          ($known - $used - [.root] | map("never used: \(.)")[])' "$schema"
    assert_status 0
    [ -z "$output" ] || { echo "$output" && return 1; }
}

@test "a field has only the attributes that README.md explains" {
    local attribute
    for attribute in $(jq -r '[.structs[][] | keys[]] | unique[]' "$schema"); do
        grep -q "\`$attribute\`" "$top/spec-schema/README.md" || { echo "README.md: no $attribute" && return 1; }
    done
}

@test "every program that a field names in \"by\" is a program" {
    local program
    for program in $(jq -r '[.structs[][].by | values] | unique[]' "$schema"); do
        [ -x "$top/build/stages/$program" ] || { echo "no $program" && return 1; }
    done
}

@test "a value that can be set has a program that acts on it, or the schema says why there is none" {
    # What the spec has for exec and for later issues; see --strict in ocr-validate(8).
    run jq -r '["console_size", "exec_cpu_affinity", "hook", "net_device", "intel_rdt"] as $later
        | .structs as $structs | $structs | to_entries[] | .key as $struct | .value | to_entries[]
        | select(.value.by or .value.refuse or .value.elsewhere or .value.internal or .value.note
                 or $structs[.value.type] or ([$struct] - $later == []) | not)
        | "\($struct).\(.key)"' "$schema"
    assert_status 0
    [ "$output" = "$(printf 'memory.checkBeforeUpdate\nseccomp.listenerMetadata')" ] || { echo "$output" && return 1; }
}

@test "a field that is added is loaded, checked and printed, with no line of C" {
    command -v cc >/dev/null || skip "no C compiler"
    mkdir -p "$BATS_TEST_TMPDIR/tree" && cd "$BATS_TEST_TMPDIR/tree"
    cp -r "$top"/GNUmakefile "$top"/common "$top"/spec-schema .
    mkdir stages && cp -r "$top/stages/ocr-validate" stages
    jq '.structs.process += {mood: {type: "uint32", max: 7, by: "ocr-validate"}}' "$schema" >spec-schema/config.json
    make -s ocr-validate >log 2>&1 || { cat log && return 1; }
    jq '.process.mood = 5' "$BATS_TEST_DIRNAME/config.json" >config.json
    [ "$(build/stages/ocr-validate --strict --print | jq .process.mood)" = 5 ]
    jq '.process.mood = 8' "$BATS_TEST_DIRNAME/config.json" >config.json
    run build/stages/ocr-validate
    assert_status 3
    assert_output "/process/mood: must be between 0 and 7"
}
