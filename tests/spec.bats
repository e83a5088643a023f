#!/usr/bin/env bats
# ocr-spec: a config.json to start from.

load lib

spec() {
    rm -f "$BUNDLE/config.json"
    ocr spec --bundle "$BUNDLE" "$@"
}

@test "what it writes is valid, strictly, and nothing is printed" {
    run spec
    assert_status 0
    [ -z "$output" ]
    run ocr-validate --strict --bundle "$BUNDLE"
    assert_status 0
    [ -z "$output" ]
}

@test "a container runs with it" {
    spec
    container_runs 'echo "pid $$ of $(hostname)"; ls /dev/null /proc/self/status /sys/kernel; touch /x || echo read-only'
    run run_container
    assert_status 0
    assert_output "pid 1 of ocr"
    assert_output "read-only"
}

@test "no inheritable and no ambient capability (CVE-2022-29162), no new privileges" {
    spec
    container_runs 'grep -E "Cap(Inh|Amb|Bnd)|NoNew" /proc/self/status'
    run run_container
    assert_output $'CapInh:\t0000000000000000'
    assert_output $'CapAmb:\t0000000000000000'
    assert_output $'CapBnd:\t0000000020000420'
    assert_output $'NoNewPrivs:\t1'
}

@test "a terminal is not asked for: there are none yet" {
    spec
    [ "$(jq .process.terminal "$BUNDLE/config.json")" = false ]
}

@test "--rootless: a user namespace that is the caller's, no network namespace, no resources, the host's /sys" {
    spec --rootless
    run jq -c '.linux.uidMappings, .linux.gidMappings, .linux.resources, ([.linux.namespaces[].type] | sort),
        (.mounts[] | select(.destination == "/sys") | .source, .options[0])' "$BUNDLE/config.json"
    [ "${lines[0]}" = "[{\"containerID\":0,\"hostID\":$(id -u),\"size\":1}]" ]
    [ "${lines[1]}" = "[{\"containerID\":0,\"hostID\":$(id -g),\"size\":1}]" ]
    [ "${lines[2]}" = null ]
    [ "${lines[3]}" = '["cgroup","ipc","mount","pid","user","uts"]' ]
    [ "${lines[4]}" = '"/sys"' ]
    [ "${lines[5]}" = '"rbind"' ]
    ocr-validate --strict --bundle "$BUNDLE"
    [ "$(grep -c gid= "$BUNDLE/config.json")" -eq 0 ]
}

@test "--rootless takes the ids of who calls it" {
    command -v setpriv >/dev/null || skip "no setpriv"
    mkdir -m 777 "$BATS_TEST_TMPDIR/shared"
    cp -r "$top/build/stages" "$BATS_TEST_TMPDIR/stages"
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/.." 2>/dev/null || true
    setpriv --reuid 1000 --regid 1001 --clear-groups "$BATS_TEST_TMPDIR/stages/ocr-spec" -b "$BATS_TEST_TMPDIR/shared" --rootless ||
        skip "the test folder can't be reached by others"
    [ "$(jq -c '[.linux.uidMappings[0].hostID, .linux.gidMappings[0].hostID]' "$BATS_TEST_TMPDIR/shared/config.json")" = '[1000,1001]' ]
}

@test "a file that exists is not changed, nor what a link names" {
    local before
    before=$(cat "$BUNDLE/config.json")
    run ocr spec --bundle "$BUNDLE"
    assert_status 1
    assert_output "ocr-spec: config.json: exists already"
    [ "$(cat "$BUNDLE/config.json")" = "$before" ]
    ln -sf "$BATS_TEST_TMPDIR/elsewhere" "$BUNDLE/config.json"
    run ocr spec --bundle "$BUNDLE"
    assert_status 1
    [ ! -e "$BATS_TEST_TMPDIR/elsewhere" ]
}

@test "-b and -f, with = and without, and the folder one is in" {
    ocr spec -b "$BUNDLE" -f one.json
    ocr spec --bundle="$BUNDLE" --file=two.json
    cmp "$BUNDLE/one.json" "$BUNDLE/two.json"
    rm "$BUNDLE/config.json"
    cd "$BUNDLE"
    ocr spec
    cmp one.json config.json
}

@test "a folder that isn't there, and wrong options" {
    run ocr spec -b "$BUNDLE/nowhere"
    assert_status 1
    assert_output "ocr-spec: $BUNDLE/nowhere: is no folder that can be entered"
    run ocr spec --bogus
    assert_status 2
    run ocr spec -b
    assert_status 2
    assert_output "ocr-spec: option -b needs a value"
    run ocr spec --help
    assert_status 0
    assert_output "usage: ocr-spec"
}

@test "a failure is one record of the log" {
    run ocr --log "$BATS_TEST_TMPDIR/log" --log-format json spec -b "$BUNDLE"
    [ "$(jq -r '.level + " " + .stage + " " + .msg' "$BATS_TEST_TMPDIR/log")" = "error ocr-spec ocr-spec: config.json: exists already" ]
}
