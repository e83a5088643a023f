# ocr-validate: config.json is read, checked and compiled.
# Not tested here: rules between fields (rules.bats), mount options (mount-options.bats), the compiler (schema.bats).
load lib

setup() {
    BUNDLE=$BATS_TEST_TMPDIR
    cp "$BATS_TEST_DIRNAME/config.json" "$BUNDLE/config.json"
}
teardown() { :; }

validate() {
    ocr-validate --bundle "$BUNDLE" "$@"
}

# refuses TEXT...: validate ends with status 3 and says each of the texts.
refuses() {
    run validate
    assert_status 3
    local text
    for text; do assert_output "$text"; done
}

# plan FILTER: a value of the plan.
plan() {
    validate --print | jq -c "$1"
}

# Refused by a process with 300 MB of address space in at most 5 seconds.
bounded() {
    run bash -c 'ulimit -v 300000; exec timeout 5 ocr-validate -c "$1"' - "$1"
    assert_status 3
}

@test "the default config passes, and nothing is said" {
    run validate
    assert_status 0
    [ -z "$output" ]
}

@test "what ocr spec prints passes" {
    ocr-spec --bundle "$BUNDLE/new" 2>/dev/null || { mkdir -p "$BUNDLE/new" && ocr-spec --bundle "$BUNDLE/new"; }
    run ocr-validate --strict --bundle "$BUNDLE/new"
    assert_status 0 # of a terminal, too: what is asked for must be there, or this fails
}

@test "a bundle without config.json is a fault of the config" {
    rm "$BUNDLE/config.json"
    refuses "$BUNDLE/config.json: No such file or directory"
}

@test "a folder, a fifo or a device in the place of config.json is refused at once" {
    rm "$BUNDLE/config.json"
    mkfifo "$BUNDLE/config.json"
    refuses "no regular file"
    ln -sf /dev/zero "$BUNDLE/config.json"
    refuses "no regular file"
    rm "$BUNDLE/config.json"
    mkdir "$BUNDLE/config.json"
    refuses "no regular file"
}

@test "--config - reads standard input" {
    run ocr-validate --bundle "$BUNDLE" --config - <"$BUNDLE/config.json"
    assert_status 0
    run ocr-validate --bundle "$BUNDLE" --config - <<<'{}'
    assert_status 3
}

@test "all faults are told at once, each with its pointer" {
    config '.process.user.uid = true | .process.cwd = "here" | .linux.namespaces += [{type: "x"}] | del(.ociVersion)
            | .linux.resources.memory = {limit: "1G"}'
    refuses "/process/user/uid: must be an integer, is a boolean" "/process/cwd: must be an absolute path" \
        '/linux/namespaces/6/type: "x" is none of' "/ociVersion: is required" \
        "/linux/resources/memory/limit: must be an integer, is a string"
    [ "${#lines[@]}" -eq 5 ]
}

@test "before another program only the first fault is told, and the program isn't run" {
    config '.process.user.uid = [] | .process.user.gid = {}'
    run validate touch "$BUNDLE/ran"
    assert_status 3
    assert_output "/process/user/uid: must be an integer, is an array (and 1 more"
    [ ! -e "$BUNDLE/ran" ]
}

@test "a value of the wrong type is refused, whichever it is" {
    local path value
    for path in .process.user.uid .process.user.additionalGids .process.terminal .process.args .process.args[0] \
        .process.env .process.rlimits[0] .root .root.path .mounts .mounts[0] .mounts[0].options .mounts[0].options[0] \
        .linux.namespaces[0].type .linux.resources .linux.sysctl .annotations .hostname .process.capabilities.bounding; do
        # {} and [] are right where an object or a list is wanted: take each field's own set of wrong ones.
        case $path in
        *additionalGids | *.args | *.env | *.mounts | *options | *bounding) set -- true '"5"' 5 '{}' 1.5 ;;
        .root | *sysctl | *annotations | *resources | *'rlimits[0]' | *'mounts[0]') set -- true '"5"' 5 '[]' 1.5 ;;
        *uid) set -- true '"5"' '[]' '{}' 1.5 -1 4294967295 4294967296 ;;
        *terminal) set -- 1 '"true"' '[]' '{}' ;;
        *) set -- true 5 '[]' '{}' 1.5 ;;
        esac
        for value; do
            cp "$BATS_TEST_DIRNAME/config.json" "$BUNDLE/config.json"
            config "$path = $value"
            run validate
            [ "$status" -eq 3 ] || { echo "$path = $value: status $status: $output"; return 1; }
            case $output in
            *"ocr-validate: /"*) ;;
            *) echo "$path = $value: no pointer: $output" && return 1 ;;
            esac
        done
    done
}

@test "null is as good as absent, and no good for a required field" {
    config '.hostname = null | .linux.resources = null | .process.oomScoreAdj = null'
    run validate
    assert_status 0
    [ "$(plan .process.oomScoreAdj)" = null ]
    config '.process.cwd = null'
    refuses "/process/cwd: is required"
}

@test "integers of 64 bits are exact to the last" {
    config '.process.rlimits = [{type: "RLIMIT_CORE", soft: 12, hard: 34}] | .linux.resources.memory = {limit: 56}'
    sed -i 's/: 12,/: 18446744073709551614,/; s/: 34$/: 18446744073709551615/; s/: 56$/: 9223372036854775807/' \
        "$BUNDLE/config.json"
    run validate --print
    assert_status 0
    assert_output '"soft": 18446744073709551614'
    assert_output '"hard": 18446744073709551615'
    assert_output '"limit": 9223372036854775807'
}

@test "an integer beyond 64 bits is refused, not rounded" {
    config '.process.rlimits = [{type: "RLIMIT_CORE", soft: 0, hard: 34}]'
    sed -i 's/: 34$/: 18446744073709551616/' "$BUNDLE/config.json"
    refuses "/process/rlimits/0/hard: is beyond 64 bits"
    config '.process.rlimits = [] | .linux.resources.memory = {limit: 56}'
    sed -i 's/: 56$/: -9223372036854775809/' "$BUNDLE/config.json"
    refuses "/linux/resources/memory/limit: is beyond 64 bits"
}

@test "a NUL in a string or in a key is refused" {
    config '.hostname = "a\u0000b"'
    refuses "/hostname: must not hold a NUL"
    config '.hostname = "a" | .process.args[0] = "\u0000"'
    refuses "/process/args/0: must not hold a NUL"
    config '.process.args[0] = "a" | .mounts[1].options[0] = "ro\u0000"'
    refuses "/mounts/1/options/0: must not hold a NUL"
    config 'del(.mounts) | .annotations["a\u0000b"] = "c"'
    refuses "a key holds a NUL"
    printf '{"ociVersion": "1.0.0\0"}' >"$BUNDLE/config.json"
    refuses "control character"
}

@test "invalid UTF-8 and half surrogate pairs are refused, whole ones are one character" {
    printf '{"hostname": "\xff"}' >"$BUNDLE/config.json"
    refuses "byte 14"
    local half
    for half in '\ud800' '\udfff' '\ud83d\u0041' '\ud83d\ud83d' '\ud83d'; do
        printf '{"hostname": "%s"}' "$half" >"$BUNDLE/config.json"
        refuses "half of a surrogate pair"
    done
    cp "$BATS_TEST_DIRNAME/config.json" "$BUNDLE/config.json"
    sed -i 's/"ocr"/"\\ud83d\\ude00"/' "$BUNDLE/config.json"
    [ "$(plan .hostname)" = '"😀"' ]
}

@test "an object with two members of one name is refused" {
    sed -i 's/"uid": 0/"uid": 1000, "uid": 0/' "$BUNDLE/config.json"
    refuses "two members of the same name"
    cp "$BATS_TEST_DIRNAME/config.json" "$BUNDLE/config.json"
    sed -i 's/"uid": 0/"uid": 1000, "\\u0075id": 0/' "$BUNDLE/config.json"
    refuses "two members of the same name"
}

@test "text that is no JSON is refused, with the byte where it ends to be" {
    local text
    for text in '' '{' '{"a":' '{"a": "' "{\"a\": \"\\" '{"a": "\u00' '[]' '5' '"x"' '{"a": 01}' "{'a': 1}" '{"a": 1,}' '{} {}' \
        '{"a" 1}'; do
        printf '%s' "$text" >"$BUNDLE/config.json"
        run validate
        [ "$status" -eq 3 ] || { echo "$text: status $status: $output"; return 1; }
    done
    printf '{"a": tru}' >"$BUNDLE/config.json"
    refuses "byte 9"
}

@test "100 MB, a hundred thousand levels, a million values or objects: refused at once, in bounded memory" {
    local file=$BATS_TEST_TMPDIR/large
    truncate -s 100M "$file"
    bounded "$file"
    assert_output "more than 8388608 bytes"
    { printf '{"a": '; head -c 100000 /dev/zero | tr '\0' '['; } >"$file"
    bounded "$file"
    assert_output "nesting too deep"
    { printf '{"a": [0'; yes ,0 | head -n 1000000 | tr -d '\n'; printf ']}'; } >"$file"
    bounded "$file"
    assert_output "more than 200000 values"
    { printf '{"a": [{}'; yes ',{}' | head -n 150000 | tr -d '\n'; printf ']}'; } >"$file"
    bounded "$file"
    assert_output "more than 20000 objects"
}

@test "as much as is allowed is loaded in bounded memory, too" {
    local file=$BATS_TEST_TMPDIR/large
    jq -c '.process.user.additionalGids = [range(150000)] | .annotations = ([range(40000) | {("key" + tostring): "v"}] | add)
           | .mounts = [range(15000) | {destination: "/d", type: "tmpfs", source: "x", options: ["ro"]}]' \
        "$BUNDLE/config.json" >"$file" && truncate -s -1 "$file"
    run bash -c 'ulimit -v 300000; exec timeout 5 ocr-validate -c "$1"' - "$file"
    assert_status 3 # there are more values than that
    jq -c '.process.user.additionalGids = [range(65536)] | .annotations = ([range(10000) | {("key" + tostring): "v"}] | add)
           | .mounts = [range(15000) | {destination: "/d", type: "tmpfs", source: "x", options: ["ro"]}]' \
        "$BUNDLE/config.json" >"$file"
    run bash -c 'ulimit -v 300000; exec timeout 5 ocr-validate -c "$1"' - "$file"
    assert_status 0
}

@test "a hundred thousand faults: a hundred are told, the others counted" {
    config '.process.user.additionalGids = [range(100000) | "x"]'
    refuses "/process/user/additionalGids/99: must be an integer" "and 99900 more"
    [ "${#lines[@]}" -eq 101 ]
}

@test "a key with / and ~ is told as a JSON pointer has it; a control character can't reach the terminal" {
    config '.annotations["a/b~c"] = 5 | .annotations["\u001b[2J"] = 5'
    refuses "/annotations/a~1b~0c: must be a string, is an integer"
    case $output in *$'\e'*) return 1 ;; esac
}

@test "unknown fields are ignored; --strict tells of them and of those that nothing acts on" {
    config '.unknown = {a: 1} | .process.unknown = 1 | .process.commandLine = "x" | .vm = {}
            | .linux.resources.memory = {checkBeforeUpdate: true, useHierarchy: true}'
    run validate
    assert_status 0
    run validate --strict
    assert_status 3
    assert_output "/unknown: is no field of the runtime-spec"
    assert_output "/process/unknown: is no field"
    assert_output "/process/commandLine: is for Windows"
    assert_output "/vm: is for virtual machines"
    assert_output "/linux/resources/memory/checkBeforeUpdate: nothing acts on this field"
    [ "${#lines[@]}" -eq 5 ]
}

@test "what is not supported is refused, but not when it asks for nothing" {
    local change
    for change in '.process.selinuxLabel' '.linux.mountLabel'; do
        config "$change = \"\""
        run validate
        assert_status 0
    done
    config '.hooks = {prestart: []} | .linux.netDevices = {} | .linux.intelRdt = {} | .mounts[0].uidMappings = []'
    run validate
    assert_status 0
    jq -r '.structs | to_entries[] | .value | to_entries[] | select(.value.refuse) | .value.refuse' \
        "$BATS_TEST_DIRNAME/../spec-schema/config.json" | sort -u >"$BUNDLE/refused"
    if grep -q hooks "$BUNDLE/refused"; then
        config '.hooks = {prestart: [{path: "/bin/true"}]}'
        refuses "/hooks/prestart: hooks are not supported"
    fi
}

@test "fileMode may hold the type bits that Go programs and stat(2) put there" {
    config '.linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 3, fileMode: 8630},
                              {path: "/dev/y", type: "c", major: 1, minor: 3, fileMode: 69206454}]'
    run validate
    assert_status 0
}

@test "names become numbers" {
    config '.process.capabilities.permitted = ["CAP_CHOWN", "CAP_CHECKPOINT_RESTORE"] | .process.capabilities.effective = []
            | .linux.namespaces = [{type: "mount"}] | del(.hostname)'
    [ "$(plan .process.capabilities.permitted)" = '"0x10000000001"' ]
    [ "$(plan .linux.namespaces[0].type)" = 131072 ]
}

@test "an unknown capability is a warning with its pointer" {
    config '.process.capabilities.bounding += ["CAP_NONE", "chown"]'
    run validate
    assert_status 0
    assert_output '/process/capabilities/bounding/3: "CAP_NONE" is no capability'
    assert_output '/process/capabilities/bounding/4: "chown" is no capability'
}

@test "the plan is in a sealed memfd that others map; --print shows all of it" {
    run validate ocr-baton
    assert_status 0
    assert_output plan
    [ "$(plan .process.args)" = '["/bin/true"]' ]
    [ "$(plan .bundle)" = "\"$BUNDLE\"" ]
    [ "$(plan .rootfs)" = "\"$BUNDLE/rootfs\"" ]
    [ "$(plan '.mounts | length')" = 7 ]
}

@test "closed standard fds, --preserve-fds of what is not open" {
    run bash -c 'ocr-validate -b "$1" true <&- >&- 2>&-' - "$BUNDLE"
    assert_status 0
    run validate --preserve-fds 5 true
    assert_status 1
    assert_output "--preserve-fds 5"
}

@test "--help, and a wrong option" {
    run ocr-validate --help
    assert_status 0
    assert_output "usage: ocr-validate"
    run ocr-validate --nonsense
    assert_status 2
}
