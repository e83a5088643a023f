#!/usr/bin/env bats
# ocr-kill: sends a signal to a container.

load lib

# A container that tells each signal that it gets.
start_teller() {
    local signals="HUP INT USR1 USR2 TERM WINCH 36 63"
    container_runs "for s in $signals; do trap \"echo got \$s\" \$s; done; echo ready; while :; do sleep 0.02; done"
    ocr run --detach --bundle "$BUNDLE" "$ID" >"$BATS_TEST_TMPDIR/out" 2>&1
    hears ready
}

# Waits for a line in what the container prints.
hears() {
    local tries=0
    until grep -qx "$1" "$BATS_TEST_TMPDIR/out"; do
        [ $((tries += 1)) -le 100 ] || { echo "not heard: $1" >&2; cat "$BATS_TEST_TMPDIR/out" >&2; return 1; }
        sleep 0.02
    done
}

@test "without a signal it is TERM" {
    start_teller
    ocr kill "$ID"
    hears "got TERM"
}

@test "signals by name, with and without SIG, in any case, and by number" {
    start_teller
    local pair
    for pair in HUP=HUP SIGINT=INT sigusr1=USR1 Usr2=USR2 28=WINCH RTMIN+2=36 rtmax-1=63; do
        ocr kill "$ID" "${pair%=*}"
        hears "got ${pair#*=}"
    done
}

@test "signal 0 asks whether it runs" {
    ocr create --bundle "$BUNDLE" "$ID"
    run ocr kill "$ID" 0
    assert_status 0
    ocr kill "$ID" KILL
    run ocr kill "$ID" 0
    assert_status 4
}

@test "a signal that nobody knows is refused, and nothing is sent" {
    ocr create --bundle "$BUNDLE" "$ID"
    local signal
    for signal in FOO SIG "" -1 65 999 1x " 9" RTMIN+31 RTMAX-99 SIGSIGKILL KILLKILLKILLKILL; do
        run ocr kill -- "$ID" "$signal"
        assert_status 2
        assert_output "unknown signal"
    done
    [ "$(ocr state "$ID" | jq -r .status)" = created ]
}

@test "a created container can be killed" {
    ocr create --bundle "$BUNDLE" "$ID"
    ocr kill "$ID" 9
    soon has_status stopped
    ocr delete "$ID"
    assert_nothing_left
}

@test "one that has stopped is told as engines expect it" {
    ocr create --bundle "$BUNDLE" "$ID"
    ocr kill "$ID" KILL
    run ocr kill "$ID" TERM
    assert_status 4
    assert_output "container not running"
}

@test "one that does not exist is told as engines expect it" {
    run ocr kill "$ID" TERM
    assert_status 4
    assert_output "does not exist"
}

@test "a process that was given the container's old pid gets nothing" {
    ocr create --bundle "$BUNDLE" "$ID"
    ocr kill "$ID" KILL
    sleep 1000 3>&- &
    local other=$!
    echo "$other $(($(cut -d' ' -f22 "/proc/$other/stat") - 1))" >"$ROOT/$ID/pid"
    run ocr kill "$ID" KILL
    assert_status 4
    run ocr delete --force "$ID"
    assert_status 0
    kill -0 "$other"
    kill -9 "$other"
}

@test "--all reaches every process, once" {
    container_runs 'trap "echo first" USR1
        sh -c "trap \"echo second\" USR1; echo ready; while :; do sleep 0.02; done" &
        while :; do sleep 0.02; done'
    ocr run --detach --bundle "$BUNDLE" "$ID" >"$BATS_TEST_TMPDIR/out" 2>&1
    hears ready
    ocr kill --all "$ID" USR1
    hears first
    hears second
    sleep 0.2
    [ "$(grep -c first "$BATS_TEST_TMPDIR/out")" = 1 ]
    [ "$(grep -c second "$BATS_TEST_TMPDIR/out")" = 1 ]
}

@test "--all works when the first process has ended" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    container_runs 'sleep 1000 & sleep 1000 & exit 0'
    ocr run --detach --bundle "$BUNDLE" "$ID" >/dev/null 2>&1
    soon has_status stopped
    run ocr kill --all "$ID" KILL
    assert_status 0
    run ocr delete "$ID"
    assert_status 0
    assert_nothing_left
}

@test "--all without a cgroup says why it can't" {
    command ocr --root "$ROOT" --cgroup-manager disabled create --bundle "$BUNDLE" "$ID"
    run ocr kill --all "$ID" TERM
    assert_status 1
    assert_output "has no cgroup"
}

@test "kill against delete: no kill fails in another way than that the container is gone" {
    local status
    for _ in 1 2 3 4 5 6 7 8; do
        ocr create --bundle "$BUNDLE" "$ID"
        ocr delete --force "$ID" &
        run ocr kill "$ID" TERM
        wait $!
        case $status in
        0) ;;
        4) [[ $output = *"does not exist"* || $output = *"not running"* ]] ;;
        *) echo "$output" && return 1 ;;
        esac
        assert_nothing_left
    done
}
