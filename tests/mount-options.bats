# A mount's options become numbers, as ocr-validate --print shows them: MOUNT_ATTR_* of mount_setattr(2), MS_* of
# mount(2), and what is left for the file system.
load lib

setup() {
    BUNDLE=$BATS_TEST_TMPDIR
    cp "$BATS_TEST_DIRNAME/config.json" "$BUNDLE/config.json"
}
teardown() { :; }

# options OPTION...: what they become, without what is zero, false or empty.
options() {
    config '.mounts = [{destination: "/x", type: "tmpfs", source: "x", options: $ARGS.positional}]' --args -- "$@"
    ocr-validate --bundle "$BUNDLE" --print |
        jq -c '.mounts[0].options | with_entries(select(.value | . != "0x0" and . != false and . != []))'
}

# jq takes --args last, so the file comes before it.
config() {
    local filter=$1
    shift
    jq "$filter" "$BUNDLE/config.json" "$@" >"$BUNDLE/config.new"
    mv "$BUNDLE/config.new" "$BUNDLE/config.json"
}

# become JSON OPTION...
become() {
    local expected=$1 got
    shift
    got=$(options "$@")
    [ "$got" = "$expected" ] || { printf '%s: expected %s, got %s\n' "$*" "$expected" "$got" && return 1; }
}

@test "attributes of the mount" {
    become '{"attr_set":"0xe"}' nosuid nodev noexec
    become '{"attr_set":"0x1","superblock_set":"0x1"}' ro
    become '{"attr_clear":"0x1","superblock_clear":"0x1"}' rw
    become '{"attr_set":"0x80"}' nodiratime
    become '{"attr_set":"0x200000"}' nosymfollow
}

@test "of two that exclude each other the last one wins" {
    become '{"attr_clear":"0x2"}' nosuid suid
    become '{"attr_set":"0x2"}' suid nosuid
    become '{"attr_set":"0x1","superblock_set":"0x1"}' rw ro
}

@test "the access times are one field: setting one clears the others" {
    become '{"attr_set":"0x10","attr_clear":"0x70"}' noatime
    become '{"attr_set":"0x20","attr_clear":"0x70"}' strictatime
    become '{"attr_clear":"0x70"}' relatime
    become '{"attr_set":"0x20","attr_clear":"0x70"}' noatime strictatime
    become '{"attr_clear":"0x70"}' noatime atime
}

@test "the r forms are for the whole tree" {
    become '{"recursive_set":"0x1","bind":true,"bind_recursive":true}' rbind rro
    become '{"recursive_set":"0xe"}' rnosuid rnodev rnoexec
    become '{"recursive_clear":"0x1"}' rrw
    become '{"recursive_clear":"0x2"}' rsuid
    become '{"recursive_set":"0x10","recursive_clear":"0x70"}' rnoatime
    become '{"recursive_clear":"0x70"}' rrelatime
}

@test "bind and rbind" {
    become '{"bind":true}' bind
    become '{"bind":true,"bind_recursive":true}' rbind
}

@test "propagation" {
    become '{"propagation":"0x100000"}' shared
    become '{"propagation":"0x104000"}' rshared
    become '{"propagation":"0x80000"}' slave
    become '{"propagation":"0x84000"}' rslave
    become '{"propagation":"0x40000"}' private
    become '{"propagation":"0x44000"}' rprivate
    become '{"propagation":"0x20000"}' unbindable
    become '{"propagation":"0x24000"}' runbindable
}

@test "flags of the file system" {
    become '{"superblock_set":"0x10"}' sync
    become '{"superblock_clear":"0x10"}' async
    become '{"superblock_set":"0x80"}' dirsync
    become '{"superblock_set":"0x2000000"}' lazytime
}

@test "what is none of these is the file system's" {
    become '{"data":["size=65536k","mode=755","newinstance"]}' size=65536k mode=755 newinstance
    become '{"tmpcopyup":true}' tmpcopyup
    become '{}' defaults ""
    become '{"data":["rsize=1","ronly","nosuid2"]}' rsize=1 ronly nosuid2
}

@test "what can't be done is refused, with the option's pointer" {
    local option
    for option in remount idmap ridmap; do
        config '.mounts[2].options = ["ro", $ARGS.positional[0]]' --args "$option"
        run ocr-validate --bundle "$BUNDLE"
        if [ "$status" -eq 0 ]; then
            ! grep -q 'id-mapped mounts are not supported' "$BATS_TEST_DIRNAME/../spec-schema/config.json" || return 1
            [ "$option" != remount ] || return 1
            continue
        fi
        assert_status 3
        assert_output "/mounts/2/options/1: "
    done
}

@test "the plain options of the default config" {
    run ocr-validate --bundle "$BUNDLE" --print
    assert_status 0
    [ "$(jq -c '.mounts[1].options | [.attr_set, .attr_clear, .data]' <<<"$output")" = \
        '["0x22","0x70",["mode=755","size=65536k"]]' ]
}
