#!/usr/bin/env bats
# ocr-monitor: stays with a container in the foreground.

load lib

@test "the container's exit status is ours" {
    local want
    for want in 0 1 42 255; do
        container_runs "exit $want"
        run run_container
        assert_status "$want"
        assert_nothing_left
    done
}

@test "a container that a signal ended gives 128 and its number" {
    container_runs 'kill -KILL $$; sleep 9 & kill -KILL $!; wait $!'
    config '.linux.namespaces |= map(select(.type != "pid"))'
    run run_container
    assert_status 137
    assert_nothing_left
}

@test "signals are passed on to the container" {
    container_runs 'trap "echo got TERM; exit 7" TERM; echo ready; while :; do sleep 0.1; done'
    "$top/bin/ocr" --root "$ROOT" run --bundle "$BUNDLE" "$ID" >"$BATS_TEST_TMPDIR/out" &
    local pid=$! status=0
    until grep -q ready "$BATS_TEST_TMPDIR/out"; do :; done
    kill -TERM "$pid"
    wait "$pid" || status=$?
    [ "$status" = 7 ]
    grep -q 'got TERM' "$BATS_TEST_TMPDIR/out"
    assert_nothing_left
}

@test "processes that outlive the main one without a pid namespace are ended" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    container_runs 'sleep 7654 & exit 3'
    run run_container
    assert_status 3
    refute pgrep -f 'sleep 7654'
    assert_nothing_left
}

@test "without a pidfd in the baton it says so" {
    run ocr-validate -b "$BUNDLE" ocr-claim --root "$ROOT" "$ID" ocr-monitor 1
    assert_status 2
    assert_output "carries no pidfd"
    assert_nothing_left
}
