#!/usr/bin/env bats
# ocr run: the walk without the waiting, and what stays in the foreground. Signals and reaping are in monitor.bats.

bats_require_minimum_version 1.5.0
load lib

@test "standard input and output are the caller's" {
    container_runs 'read -r line; echo "out $line"; echo err >&2'
    local out
    out=$(echo hello | ocr run --bundle "$BUNDLE" "$ID" 2>"$BATS_TEST_TMPDIR/err")
    [ "$out" = "out hello" ]
    [ "$(cat "$BATS_TEST_TMPDIR/err")" = err ]
    assert_nothing_left
}

@test "the exit status is the program's" {
    container_runs 'exit 42'
    run run_container
    assert_status 42
    assert_nothing_left
}

@test "a program that does not exist: 127, and nothing left" {
    config '.process.args = ["nothing"]'
    run -127 run_container
    assert_output 'executable file not found in $PATH'
    assert_nothing_left
}

@test "while it runs it is a container like any other" {
    container_runs 'echo ready; sleep 1000'
    ocr run --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" >"$BATS_TEST_TMPDIR/out" &
    local walk=$! status=0
    until grep -q ready "$BATS_TEST_TMPDIR/out"; do kill -0 $walk; done
    until [ -e "$BATS_TEST_TMPDIR/pid" ]; do kill -0 $walk; done
    ocr state "$ID" | jq -e --argjson pid "$(cat "$BATS_TEST_TMPDIR/pid")" '.status == "running" and .pid == $pid'
    ocr kill "$ID" KILL
    wait $walk || status=$?
    [ "$status" = 137 ]
    assert_nothing_left
}

@test "delete --force ends it, and its caller hears of that" {
    container_runs 'echo ready; sleep 1000'
    ocr run --bundle "$BUNDLE" "$ID" >"$BATS_TEST_TMPDIR/out" 2>&1 &
    local walk=$! status=0
    until grep -q ready "$BATS_TEST_TMPDIR/out" && [ -e "$ROOT/$ID/pid" ]; do kill -0 $walk; done
    ocr delete --force "$ID"
    wait $walk || status=$?
    [ "$status" = 137 ]
    [ "$(cat "$BATS_TEST_TMPDIR/out")" = ready ]
    assert_nothing_left
}

@test "--detach comes back when the program runs, and the container stays" {
    container_runs 'echo started >/out; sleep 1000'
    ocr run --detach --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" </dev/null >/dev/null 2>&1
    ocr state "$ID" | jq -e --argjson pid "$(cat "$BATS_TEST_TMPDIR/pid")" '.status == "running" and .pid == $pid'
    run ocr start "$ID"
    assert_status 4
    ocr delete --force "$ID"
    assert_nothing_left
}

@test "--keep leaves the container, stopped" {
    container_runs 'exit 5'
    run ocr run --keep --bundle "$BUNDLE" "$ID"
    assert_status 5
    ocr state "$ID" | jq -e '.status == "stopped"'
    ocr delete "$ID"
    assert_nothing_left
}

@test "the same id works again at once" {
    local i
    for i in 1 2 3 4 5; do
        run run_container
        assert_status 0
    done
    assert_nothing_left
}

@test "many at the same time do not disturb each other" {
    container_runs 'exit 9'
    local i pids=() status
    for i in 1 2 3 4 5 6 7 8; do
        ocr run --bundle "$BUNDLE" "$ID-$i" &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        status=0
        wait "$i" || status=$?
        [ "$status" = 9 ]
    done
    for i in 1 2 3 4 5 6 7 8; do assert_nothing_left "$ID-$i"; done
}
