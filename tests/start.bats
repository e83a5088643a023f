#!/usr/bin/env bats
# ocr-start: runs the program of a created container.

bats_require_minimum_version 1.5.0
load lib

@test "the program runs only after start" {
    container_runs 'echo running >/out'
    ocr create --bundle "$BUNDLE" "$ID"
    [ ! -e "$BUNDLE/rootfs/out" ]
    local pid
    pid=$(ocr state "$ID" | jq .pid)
    ocr start "$ID"
    tail --pid="$pid" -f /dev/null
    [ "$(cat "$BUNDLE/rootfs/out")" = running ]
}

@test "a second start is refused" {
    container_runs 'sleep 1000'
    ocr create --bundle "$BUNDLE" "$ID"
    ocr start "$ID"
    run ocr start "$ID"
    assert_status 4
    assert_output "cannot start an already running container"
}

@test "of many starts at the same time one wins, and the program runs once" {
    container_runs 'echo run >>/out; sleep 1000'
    ocr create --bundle "$BUNDLE" "$ID"
    local i pids=() won=0
    for i in 1 2 3 4 5 6; do
        ocr start "$ID" 2>>"$BATS_TEST_TMPDIR/err" &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i" && won=$((won + 1)) || [ $? = 4 ]; done
    [ "$won" = 1 ]
    sleep 0.1
    [ "$(cat "$BUNDLE/rootfs/out")" = run ]
}

@test "one that was killed before it started is refused" {
    ocr create --bundle "$BUNDLE" "$ID"
    ocr kill "$ID" KILL
    soon has_status stopped
    run ocr start "$ID"
    assert_status 4
    assert_output "cannot start a container that has stopped"
}

@test "one that does not exist, and one that is being created, are refused" {
    run ocr start "$ID"
    assert_status 4
    assert_output "does not exist"
    run ocr-validate --bundle "$BUNDLE" ocr-claim --root "$ROOT" "$ID" ocr-start --root "$ROOT" "$ID"
    assert_status 4
    assert_output "being created"
}

@test "a failure after create is start's failure, with the same sentence and status" {
    # The program vanishes between create and start.
    cp "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs/bin/program"
    config '.process.args = ["/bin/program", "true"]'
    ocr create --bundle "$BUNDLE" "$ID"
    rm "$BUNDLE/rootfs/bin/program"
    run -127 ocr start "$ID"
    assert_output "ocr-process: /process/args/0:"
    assert_output "no such file or directory"
    [ "${#lines[@]}" -eq 1 ]
    soon has_status stopped
}

@test "start waits for a container that ends without a word, and says so" {
    ocr create --bundle "$BUNDLE" "$ID"
    local pid
    pid=$(ocr state "$ID" | jq .pid)
    kill -STOP "$pid"
    ocr start "$ID" 2>"$BATS_TEST_TMPDIR/err" &
    local start=$! status=0
    until [ ! -e "$ROOT/$ID/start" ]; do :; done
    kill -KILL "$pid"
    wait "$start" || status=$?
    [ "$status" = 1 ]
    grep -q "ended without a word" "$BATS_TEST_TMPDIR/err"
}
