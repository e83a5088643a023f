#!/usr/bin/env bats
# Failure: every stage can fail, and every failure leaves nothing. What a message says is in the tests of the stage;
# here it is the sentence's shape, the one record of --log, the exit status, and what is left: nothing, and the same id
# works at once.

bats_require_minimum_version 1.5.0
load lib

# fails STATUS STAGE POINTER: `ocr run` and `ocr create` fail so, with one sentence and one record, and leave nothing.
fails() {
    local command
    for command in run create; do
        rm -f "$BATS_TEST_TMPDIR/log"
        run ocr --log "$BATS_TEST_TMPDIR/log" --log-format json "$command" --bundle "$BUNDLE" "$ID"
        assert_status "$1"
        assert_one_record "$2" "$3"
        assert_nothing_left
        run ocr run --bundle "$BUNDLE" --config "$BATS_TEST_DIRNAME/config.json" "$ID"
        assert_status 0
    done
}

# The last command's output is one line, of this stage and with this pointer, and the log has the same as one object.
assert_one_record() {
    [ "${#lines[@]}" -eq 1 ] || { echo "not one line: $output" >&2; return 1; }
    [[ $output = "$1: ${2:+$2: }"* ]] || { echo "not of $1 $2: $output" >&2; return 1; }
    jq -se --arg stage "$1" --arg pointer "$2" --arg line "$output" '
        length == 1 and (.[0] |
            .level == "error" and .stage == $stage and (.pointer // "") == $pointer and .msg == $line and
            (.time | test("^20[0-9-]{8}T[0-9:]{8}\\.[0-9]{9}Z$")) and
            ((keys - ["level", "msg", "time", "stage", "pointer", "path", "call", "errno"]) == []) and
            ((has("errno") | not) or (.errno > 0 and (.call | length) > 0)))' \
        "$BATS_TEST_TMPDIR/log" >/dev/null || { cat "$BATS_TEST_TMPDIR/log" >&2; return 1; }
}

# A command of the walk by hand, which stops where $1 says: what a stage does when the one before it was left out.
walk() {
    ocr-validate --bundle "$BUNDLE" ocr-claim --root "$ROOT" "$ID" "$@"
}

@test "ocr-validate: a config that is refused" {
    config '.process.user.uid = -1'
    fails 3 ocr-validate /process/user/uid
}

@test "ocr-validate: no bundle" {
    run ocr create --bundle "$BATS_TEST_TMPDIR/nothing" "$ID"
    [ "$status" -ne 0 ]
    [[ $output = "ocr-validate: "*"$BATS_TEST_TMPDIR/nothing"*"No such file or directory" ]]
    assert_nothing_left
}

@test "ocr-claim: an id that is taken" {
    ocr create --bundle "$BUNDLE" "$ID"
    run ocr --log "$BATS_TEST_TMPDIR/log" --log-format json create --bundle "$BUNDLE" "$ID"
    assert_status 4
    assert_one_record ocr-claim ""
    ocr state "$ID" | jq -e '.status == "created"'
}

@test "ocr-claim: a state folder that can't be made" {
    touch "$BATS_TEST_TMPDIR/file"
    run command ocr --root "$BATS_TEST_TMPDIR/file/x" create --bundle "$BUNDLE" "$ID"
    assert_status 1
    [[ $output = "ocr-claim: "*"Not a directory" ]]
}

@test "ocr-cgroup: a limit that the kernel refuses, or that it doesn't have" {
    config '.linux.resources.cpu.cpus = "4000"'
    fails 1 ocr-cgroup /linux/resources/cpu/cpus
}

@test "ocr-nsinit: a namespace of another kind, of none, and one that never opens" {
    config '.linux.namespaces |= map(select(.type != "network")) + [{"type": "network", "path": "/proc/self/ns/ipc"}]'
    fails 3 ocr-nsinit /linux/namespaces/5
    config '.linux.namespaces[5].path = "/nowhere"'
    fails 1 ocr-nsinit /linux/namespaces/5
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    config --arg path "$BATS_TEST_TMPDIR/fifo" '.linux.namespaces[5].path = $path'
    fails 3 ocr-nsinit /linux/namespaces/5
}

@test "ocr-nsinit: a sysctl that the kernel does not have, which the container's side finds" {
    config '.linux.sysctl = {"net.nothing": "1"}'
    fails 1 ocr-nsinit /linux/sysctl/net.nothing
}

@test "ocr-nsinit: a pid file that can't be written" {
    run ocr create --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/no/folder/pid" "$ID"
    assert_status 1
    assert_output "ocr-nsinit: write the pid file"
    assert_nothing_left
}

@test "ocr-mounts: a source that does not exist" {
    config '.mounts += [{"destination": "/x", "type": "bind", "source": "/nowhere", "options": ["bind"]}]'
    fails 1 ocr-mounts /mounts/7
}

@test "ocr-mounts: a file system that the kernel does not have" {
    config '.mounts += [{"destination": "/x", "type": "nosuchfs", "source": "x"}]'
    fails 1 ocr-mounts /mounts/7
}

@test "ocr-mounts: no root file system" {
    config '.root.path = "nothing"'
    run run_container
    [ "$status" -ne 0 ]
    [ "${#lines[@]}" -eq 1 ]
    assert_nothing_left
}

@test "ocr-pivot: without the root file system of ocr-mounts" {
    run walk ocr-cgroup ocr-nsinit ocr-pivot ocr-process
    assert_status 2
    [[ $output = "ocr-pivot: the baton carries no rootfs"* ]]
    assert_nothing_left
}

@test "ocr-wait-fifo or ocr-process: a program that does not exist" {
    config '.process.args = ["/nothing"]'
    rm -f "$BATS_TEST_TMPDIR/log"
    run -127 ocr --log "$BATS_TEST_TMPDIR/log" --log-format json create --bundle "$BUNDLE" "$ID"
    assert_one_record ocr-wait-fifo /process/args/0
    assert_nothing_left
    rm -f "$BATS_TEST_TMPDIR/log"
    run -127 ocr --log "$BATS_TEST_TMPDIR/log" --log-format json run --bundle "$BUNDLE" "$ID"
    assert_one_record ocr-process /process/args/0
    assert_nothing_left
}

@test "ocr-process: a limit that may not be raised, found by start" {
    [ "$(prlimit --nofile --noheadings --output HARD)" -lt 1048577 ] || skip "the hard limit is as high as can be"
    config '.process.rlimits = [{"type": "RLIMIT_NOFILE", "hard": 1073741817, "soft": 1073741817}]'
    run ocr run --bundle "$BUNDLE" "$ID"
    assert_status 1
    [[ $output = "ocr-process: /process/rlimits/0: "* ]]
    assert_nothing_left
    ocr create --bundle "$BUNDLE" "$ID"
    run ocr --log "$BATS_TEST_TMPDIR/log" --log-format json start "$ID"
    assert_status 1
    assert_one_record ocr-process /process/rlimits/0
    ocr delete "$ID"
    assert_nothing_left
}

@test "a stage that can't be executed, on either side" {
    run walk ocr-nothing
    assert_status 1
    assert_output "ocr-claim: execute ocr-nothing: No such file or directory"
    assert_nothing_left
    run walk ocr-cgroup ocr-nsinit ocr-nothing
    assert_status 1
    assert_output "ocr-nsinit: execute ocr-nothing: No such file or directory"
    assert_nothing_left
}

@test "a container side that dies without a word: what it was then is named" {
    run walk ocr-cgroup ocr-nsinit ocr-mounts sh -c 'kill -KILL $$'
    assert_status 1
    assert_output "ended without a word, while it was sh ("
    assert_nothing_left
}

@test "a program between two stages that ends leaves what delete removes" {
    local stage
    for stage in "" ocr-cgroup; do
        # shellcheck disable=SC2086
        run walk $stage sh -c 'exit 9'
        assert_status 9
        [ -e "$ROOT/$ID" ]
        ocr delete "$ID"
        assert_nothing_left
    done
}

@test "a state folder on a full disk, and on one that can't be written to" {
    mkdir -p "$ROOT.small"
    run unshare -m sh -c '
        mount -t tmpfs -o size=4k,mode=700 tmpfs "$1" && "$2/bin/ocr" --root "$1" create --bundle "$3" "$4"
        status=$?; ls -A "$1"; exit $status' sh "$ROOT.small" "$top" "$BUNDLE" "$ID"
    assert_status 1
    [[ $output = *"No space left on device" ]]
    run unshare -m sh -c '
        mount -t tmpfs -o mode=700,ro tmpfs "$1" && "$2/bin/ocr" --root "$1" create --bundle "$3" "$4"' \
        sh "$ROOT.small" "$top" "$BUNDLE" "$ID"
    assert_status 1
    [[ $output = *"Read-only file system" ]]
    assert_nothing_left
}

@test "a create that is interrupted undoes itself once it is two processes" {
    ocr-validate --bundle "$BUNDLE" ocr-claim --root "$ROOT" "$ID" ocr-cgroup ocr-nsinit sh -c 'echo >"$0"; exec sleep 1000' \
        "$BATS_TEST_TMPDIR/ready" 2>"$BATS_TEST_TMPDIR/err" &
    local walk=$! status=0
    until [ -e "$BATS_TEST_TMPDIR/ready" ]; do kill -0 $walk; done
    kill -TERM $walk
    wait $walk || status=$?
    [ "$status" = 1 ]
    grep -q 'ocr-nsinit: interrupted by signal 15' "$BATS_TEST_TMPDIR/err"
    assert_nothing_left
}

# How long a create takes, in microseconds.
time_of_create() {
    local begin=${EPOCHREALTIME/./}
    ocr create --bundle "$BUNDLE" "$ID"
    echo $((${EPOCHREALTIME/./} - begin))
    ocr delete --force "$ID"
}

# Waits for some microseconds without another process.
pause() {
    local seconds
    printf -v seconds '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000))
    read -rt "$seconds" -u "$never" || true
}

@test "SIGKILL of the walk at a hundred moments, and delete --force: nothing is left" {
    exec {never}<> <(:)
    container_runs 'sleep 1000'
    local length i walk made=0
    length=$(time_of_create)
    for i in {1..100}; do
        command ocr --root "$ROOT" create --bundle "$BUNDLE" --pid-file "$BUNDLE/pid" "$ID" >/dev/null 2>&1 &
        walk=$!
        pause $((length * i / 80))
        kill -KILL $walk 2>/dev/null || made=$((made + 1))
        wait $walk 2>/dev/null || true
        ocr delete --force "$ID" || { echo "moment $i" >&2; return 1; }
        assert_nothing_left || { echo "moment $i" >&2; return 1; }
    done
    echo "# $made of 100 were created before the kill" >&3
    run run_container_to_end
    assert_status 0
}

# The same id works at once.
run_container_to_end() {
    ocr run --bundle "$BUNDLE" --config "$BATS_TEST_DIRNAME/config.json" "$ID"
}

@test "SIGKILL of a delete at some moments, and another delete: nothing is left" {
    exec {never}<> <(:)
    container_runs 'sleep 1000'
    local i delete
    for i in {1..20}; do
        ocr run --detach --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1
        command ocr --root "$ROOT" delete --force "$ID" &
        delete=$!
        pause $((i * 500))
        kill -KILL $delete 2>/dev/null || true
        wait $delete 2>/dev/null || true
        ocr delete --force "$ID" || { echo "moment $i" >&2; return 1; }
        assert_nothing_left || { echo "moment $i" >&2; return 1; }
    done
}

@test "SIGKILL of run in the foreground: what it leaves can be deleted" {
    container_runs 'echo ready; sleep 1000'
    command ocr --root "$ROOT" run --bundle "$BUNDLE" "$ID" >"$BATS_TEST_TMPDIR/out" 2>&1 &
    local walk=$!
    until grep -q ready "$BATS_TEST_TMPDIR/out" && [ -e "$ROOT/$ID/pid" ]; do kill -0 $walk; done
    kill -KILL $walk
    wait $walk || true
    ocr delete --force "$ID"
    assert_nothing_left
}
