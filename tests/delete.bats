#!/usr/bin/env bats
# ocr-delete: undoes a container.
#
# Most states here are made by hand, of files, as ocr-claim and ocr-nsinit would leave them: that is how to have what a
# killed create leaves, or what somebody else wrote.

load lib

setup_file() {
    # A cgroup file system where a test can make a cgroup of its own, whatever the machine's set-up is.
    local dir
    for dir in /sys/fs/cgroup/unified /sys/fs/cgroup/pids /sys/fs/cgroup; do
        if mkdir "$dir/ocr-test-$$" 2>/dev/null; then
            rmdir "$dir/ocr-test-$$"
            [ ! -e "$dir/cgroup.procs" ] || export CGROUPS=$dir
            [ -z "${CGROUPS:-}" ] || break
        fi
    done
}

# state_of_hand [LINE...]: a state directory with a journal of these lines.
state_of_hand() {
    mkdir -p "$ROOT"
    mkdir -m 700 "$ROOT/$ID"
    printf '%s\n' "$@" >"$ROOT/$ID/journal"
}

# A process that nobody waits for: when it has ended, it is gone.
some_process() {
    process=$( (setsid sleep 1000 >/dev/null 2>&1 </dev/null 3>&- & echo $!))
    start=$(cut -d' ' -f22 "/proc/$process/stat")
}

# Gone, or dead and only not yet reaped by whoever has to.
is_gone() {
    ! grep -s '^State:' "/proc/$1/status" | grep -qv Z
}

@test "a container that does not exist is an error, and none with --force" {
    run ocr-delete --root "$ROOT" "$ID"
    assert_status 4
    assert_output "container \"$ID\" does not exist"
    run ocr-delete --root "$ROOT" --force "$ID"
    assert_status 0
    [ -z "$output" ]
}

@test "one that has stopped is removed" {
    some_process
    state_of_hand "walk 1 1" "process $process $start"
    echo "$process $start" >"$ROOT/$ID/pid"
    kill -9 "$process"
    until is_gone "$process"; do :; done
    run ocr-delete --root "$ROOT" "$ID"
    assert_status 0
    assert_nothing_left
}

@test "one that runs is not, without --force" {
    some_process
    state_of_hand "walk 1 1" "process $process $start"
    echo "$process $start" >"$ROOT/$ID/pid"
    run ocr-delete --root "$ROOT" "$ID"
    assert_status 4
    assert_output "that is not stopped: running"
    kill -0 "$process"
    run ocr-delete --root "$ROOT" --force "$ID"
    assert_status 0
    is_gone "$process"
    assert_nothing_left
}

@test "one that is created is not, without --force" {
    some_process
    state_of_hand "process $process $start"
    echo "$process $start" >"$ROOT/$ID/pid"
    mkfifo "$ROOT/$ID/start" "$ROOT/$ID/started"
    run ocr-delete --root "$ROOT" "$ID"
    assert_status 4
    assert_output "that is not stopped: created"
    run ocr-delete --root "$ROOT" -f "$ID"
    assert_status 0
    is_gone "$process"
    assert_nothing_left
}

@test "the process that still creates it is ended first, with --force" {
    some_process
    state_of_hand "walk $process $start"
    run ocr-delete --root "$ROOT" "$ID"
    assert_status 4
    assert_output "that is not stopped: creating"
    kill -0 "$process"
    run ocr-delete --root "$ROOT" --force "$ID"
    assert_status 0
    is_gone "$process"
    assert_nothing_left
}

@test "what a dead create left is removed without --force too" {
    state_of_hand "walk 1 1"
    run ocr-delete --root "$ROOT" "$ID"
    assert_status 0
    assert_nothing_left
}

@test "killed between making the directory and its journal: an empty one is removed with --force" {
    state_of_hand
    rm "$ROOT/$ID/journal"
    run ocr-delete --root "$ROOT" "$ID"
    assert_status 4
    run ocr-delete --root "$ROOT" --force "$ID"
    assert_status 0
    assert_nothing_left
}

@test "a pid that is another process's now is left alone, in the journal and in the pid file" {
    some_process
    state_of_hand "walk $process $((start - 1))" "process $process $((start + 1))"
    echo "$process $((start + 1))" >"$ROOT/$ID/pid"
    run ocr-delete --root "$ROOT" --force "$ID"
    assert_status 0
    assert_nothing_left
    kill -0 "$process"
    kill -9 "$process"
}

@test "a cgroup goes with its processes and the cgroups below it" {
    [ -n "${CGROUPS:-}" ] || skip "no cgroup can be made here"
    some_process
    mkdir -p "$CGROUPS/$ID/a/b" "$CGROUPS/$ID/c"
    echo "$process" >"$CGROUPS/$ID/a/b/cgroup.procs"
    state_of_hand "walk 1 1" "cgroup $CGROUPS/$ID"
    run ocr-delete --root "$ROOT" "$ID"
    assert_status 0
    is_gone "$process"
    assert_nothing_left
}

@test "what the journal calls a cgroup and is none is not touched" {
    mkdir "$BATS_TEST_TMPDIR/precious"
    state_of_hand "cgroup $BATS_TEST_TMPDIR/precious"
    run ocr-delete --root "$ROOT" --force "$ID"
    assert_status 1
    assert_output "remove the cgroup $BATS_TEST_TMPDIR/precious"
    [ -d "$BATS_TEST_TMPDIR/precious" ]
    rm -r "${ROOT:?}/$ID"
}

@test "the top of the cgroups is not touched" {
    [ -n "${CGROUPS:-}" ] || skip "no cgroup can be made here"
    state_of_hand "cgroup $CGROUPS"
    run ocr-delete --root "$ROOT" --force "$ID"
    assert_status 1
    assert_output "remove the cgroup $CGROUPS"
    rm -r "${ROOT:?}/$ID"
}

@test "a journal with a line of another kind stops it before anything is done" {
    some_process
    local line
    for line in "rm -rf /" "cgroup relative" "process x y" "process -1 5" "walk 12" ""; do
        state_of_hand "process $process $start" "$line"
        run ocr-delete --root "$ROOT" --force "$ID"
        assert_status 4
        assert_output "by hand"
        kill -0 "$process"
        rm -r "${ROOT:?}/$ID"
    done
    kill -9 "$process"
}

@test "a last line that was cut off is ignored: what it stands for was never done" {
    state_of_hand "walk 1 1"
    printf 'cgroup /sys/fs/cg' >>"$ROOT/$ID/journal"
    run ocr-delete --root "$ROOT" "$ID"
    assert_status 0
    assert_nothing_left
}

@test "a broken pid file is an error, and --force removes it" {
    state_of_hand "walk 1 1"
    echo "not a pid" >"$ROOT/$ID/pid"
    run ocr-delete --root "$ROOT" "$ID"
    assert_status 4
    assert_output "delete --force"
    run ocr-delete --root "$ROOT" --force "$ID"
    assert_status 0
    assert_nothing_left
}

@test "a directory that is not a state is not taken apart" {
    state_of_hand "walk 1 1"
    echo precious >"$ROOT/$ID/notes"
    run ocr-delete --root "$ROOT" --force "$ID"
    assert_status 4
    assert_output '"notes"'
    [ -e "$ROOT/$ID/journal" ]
    rm -r "${ROOT:?}/$ID"
    mkdir -m 755 "$ROOT/$ID"
    run ocr-delete --root "$ROOT" --force "$ID"
    assert_status 4
    [ -d "$ROOT/$ID" ]
    rm -r "${ROOT:?}/$ID"
}

@test "links in a state directory are removed and not followed" {
    mkdir "$BATS_TEST_TMPDIR/precious"
    echo 1 >"$BATS_TEST_TMPDIR/precious/file"
    state_of_hand "walk 1 1"
    ln -s "$BATS_TEST_TMPDIR/precious" "$ROOT/$ID/bundle"
    ln -s "$BATS_TEST_TMPDIR/precious/file" "$ROOT/$ID/plan"
    run ocr-delete --root "$ROOT" "$ID"
    assert_status 0
    [ -e "$BATS_TEST_TMPDIR/precious/file" ]
    assert_nothing_left
}

@test "a link in the place of a state directory is refused" {
    mkdir -m 700 "$BATS_TEST_TMPDIR/elsewhere"
    mkdir -p "$ROOT"
    ln -s "$BATS_TEST_TMPDIR/elsewhere" "$ROOT/$ID"
    run ocr-delete --root "$ROOT" --force "$ID"
    [ "$status" -ne 0 ]
    [ -d "$BATS_TEST_TMPDIR/elsewhere" ]
    rm "$ROOT/$ID"
}

@test "ids that lead out of the folder are refused" {
    mkdir -p "$ROOT"
    mkdir -m 700 "$BATS_TEST_TMPDIR/x"
    local id
    for id in ../x . .. "" "a/b" "a b" "a*" $'a\nb' "$BATS_TEST_TMPDIR/x"; do
        run ocr-delete --root "$ROOT" --force -- "$id"
        assert_status 2
    done
    [ -d "$BATS_TEST_TMPDIR/x" ]
}

@test "of many deletes of one container at the same time, each ends well and it is gone" {
    some_process
    state_of_hand "process $process $start"
    echo "$process $start" >"$ROOT/$ID/pid"
    local pids=() pid
    for _ in 1 2 3 4 5 6 7 8; do
        ocr-delete --root "$ROOT" --force "$ID" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    is_gone "$process"
    assert_nothing_left
}

@test "--undo takes the container from the baton and exits with the status given" {
    run ocr-validate --bundle "$BUNDLE" ocr-claim --root "$ROOT" "$ID" ocr-delete --undo 42
    assert_status 42
    [ -z "$output" ]
    assert_nothing_left
}

@test "--undo that can't undo says so once and does not begin again" {
    run ocr-validate --bundle "$BUNDLE" ocr-claim --root "$ROOT" "$ID" sh -c '
        echo nonsense >>"$0/journal"; exec ocr-delete --undo 42' "$ROOT/$ID"
    assert_status 42
    [ "${#lines[@]}" -eq 1 ]
    assert_output nonsense
    rm -r "${ROOT:?}/$ID"
}

@test "a real container is removed while it runs, with everything" {
    container_runs 'sleep 1000 & sleep 1000'
    ocr run --detach --bundle "$BUNDLE" "$ID"
    run ocr delete "$ID"
    assert_status 4
    run ocr delete --force "$ID"
    assert_status 0
    assert_nothing_left
}
