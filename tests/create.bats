#!/usr/bin/env bats
# ocr create: the walk up to a container that waits.

bats_require_minimum_version 1.5.0
load lib

created() {
    ocr state "$ID" | jq -e '.status == "created"' >/dev/null
}

# The pid of the container's process.
pid_of() {
    ocr state "$ID" | jq .pid
}

@test "create, start, kill and delete: a life" {
    container_runs 'sleep 1000'
    ocr create --bundle "$BUNDLE" "$ID"
    created
    ocr start "$ID"
    ocr kill "$ID" KILL
    tail --pid="$(cut -d' ' -f1 "$ROOT/$ID/pid")" -f /dev/null
    ocr delete "$ID"
    assert_nothing_left
}

@test "the bundle is the current folder without --bundle, and may be relative" {
    cd "$BUNDLE"
    ocr create "$ID"
    [ "$(ocr state "$ID" | jq -r .bundle)" = "$BUNDLE" ]
    cd "$BATS_TEST_TMPDIR"
    ocr create --bundle ./bundle "$ID-2"
    [ "$(ocr state "$ID-2" | jq -r .bundle)" = "$BUNDLE" ]
}

@test "--config takes another file in the place of config.json" {
    mv "$BUNDLE/config.json" "$BATS_TEST_TMPDIR/other.json"
    ocr create --bundle "$BUNDLE" --config "$BATS_TEST_TMPDIR/other.json" "$ID"
    created
}

@test "--pid-file holds the pid when create returns, also by a relative path" {
    cd "$BATS_TEST_TMPDIR"
    ocr create --bundle "$BUNDLE" --pid-file pid "$ID"
    [ "$(cat pid)" = "$(pid_of)" ]
    [ -d "/proc/$(cat pid)" ]
}

@test "an id that is taken is refused, and its container stays as it is" {
    ocr create --bundle "$BUNDLE" "$ID"
    local before
    before=$(ocr state "$ID")
    run ocr create --bundle "$BUNDLE" "$ID"
    assert_status 4
    assert_output "container \"$ID\" exists already"
    [ "$(ocr state "$ID")" = "$before" ]
    ocr start "$ID"
}

@test "of many creates of one id at the same time one wins, and works" {
    local i pids won
    for _ in 1 2 3; do
        pids=() won=0
        for i in 1 2 3 4; do
            ocr create --bundle "$BUNDLE" "$ID" 2>>"$BATS_TEST_TMPDIR/err" >/dev/null &
            pids+=($!)
        done
        for i in "${pids[@]}"; do wait "$i" && won=$((won + 1)) || [ $? = 4 ]; done
        [ "$won" = 1 ]
        created
        ocr delete --force "$ID"
        assert_nothing_left
    done
}

@test "create against delete --force of one id: it exists as a whole or not at all" {
    local i
    for i in 1 2 3 4 5 6 7 8; do
        ocr create --bundle "$BUNDLE" "$ID" >/dev/null 2>&1 &
        ocr delete --force "$ID"
        ocr delete --force "$ID"
        wait $! || true
        if [ -e "$ROOT/$ID" ]; then created; fi
        ocr delete --force "$ID"
        assert_nothing_left
    done
}

@test "ids of other characters are refused" {
    local id
    for id in . .. a/b ../b 'a b' 'a*' $'a\nb' 'ä' "$(printf 'x%.0s' {1..256})"; do
        run ocr create --bundle "$BUNDLE" -- "$id"
        assert_status 2
    done
    run ocr create --bundle "$BUNDLE" -- ""
    assert_status 2
    [ -z "$(ls -A "$ROOT" 2>/dev/null)" ]
}

@test "ids of all allowed characters and any length up to 255 work" {
    local id
    for id in -a_+.Z9 ..x "$(printf 'x%.0s' {1..200})"; do
        ocr create --bundle "$BUNDLE" -- "$id"
        ocr delete --force -- "$id"
        assert_nothing_left "$id"
    done
}

@test "while it waits it holds no fd of the host, and the caller's are closed" {
    exec 7<"$BUNDLE/config.json" 8</
    ocr create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1
    exec 7<&- 8<&-
    local fd target
    for fd in "/proc/$(pid_of)/fd/"*; do
        target=$(readlink "$fd")
        case $target in
        /dev/null | /memfd:* | socket:*) ;;
        "$ROOT/$ID/start" | "$ROOT/$ID/started") ;;
        /) ;; # the read-only mount of the programs, whose root this is; it can't be left through ..
        *) echo "${fd##*/} is $target" >&2 && return 1 ;;
        esac
    done
}

@test "--preserve-fds passes on that many and no more" {
    container_runs 'cat <&3 >/three; cat <&4 >/four; ls /proc/self/fd >/fds'
    echo 3 >"$BATS_TEST_TMPDIR/3"
    echo 4 >"$BATS_TEST_TMPDIR/4"
    ocr create --bundle "$BUNDLE" --preserve-fds 2 "$ID" 3<"$BATS_TEST_TMPDIR/3" 4<"$BATS_TEST_TMPDIR/4" 5</dev/null \
        </dev/null >/dev/null 2>&1
    local pid
    pid=$(pid_of)
    ocr start "$ID"
    tail --pid="$pid" -f /dev/null
    [ "$(cat "$BUNDLE/rootfs/three" "$BUNDLE/rootfs/four" | xargs)" = "3 4" ]
    [ "$(xargs <"$BUNDLE/rootfs/fds")" = "0 1 2 3 4 5" ] # 5 is of ls itself
}

@test "--preserve-fds of an fd that is closed is refused" {
    run ocr create --bundle "$BUNDLE" --preserve-fds 60 "$ID"
    [ "$status" -ne 0 ]
    assert_output "--preserve-fds 60"
    assert_nothing_left
}

@test "the environment of the caller does not reach the container" {
    container_runs 'env >/env'
    SECRET=1 _OCI_SYNCPIPE=3 _OCI_STARTPIPE=4 ocr create --bundle "$BUNDLE" "$ID"
    local pid
    pid=$(pid_of)
    ocr start "$ID"
    tail --pid="$pid" -f /dev/null
    refute grep -E 'SECRET|OCR_|_OCI' "$BUNDLE/rootfs/env"
}

@test "a program that does not exist or can't be executed fails the create, as engines expect it" {
    config '.process.args = ["/bin/nothing"]'
    run -127 ocr create --bundle "$BUNDLE" "$ID"
    assert_output "no such file or directory"
    assert_nothing_left
    config '.process.args = ["nothing"]'
    run -127 ocr create --bundle "$BUNDLE" "$ID"
    assert_output 'executable file not found in $PATH'
    assert_nothing_left
    config '.process.args = ["/etc/passwd"]'
    run -126 ocr create --bundle "$BUNDLE" "$ID"
    assert_output "permission denied"
    assert_nothing_left
}

@test "--cgroup-manager disabled makes no cgroup" {
    ocr --cgroup-manager disabled create --bundle "$BUNDLE" "$ID"
    created
    refute grep -q '^cgroup' "$ROOT/$ID/journal"
    [ "$(cat "/proc/$(pid_of)/cgroup")" = "$(cat /proc/self/cgroup)" ]
}
