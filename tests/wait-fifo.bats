#!/usr/bin/env bats
# ocr-wait-fifo: a created container holds still, can't be looked into, and ends or goes on as it is told.

bats_require_minimum_version 1.5.0 # for the status that `run` is told to expect

load lib

# create [OPTION...]: a container whose payload says that it ran. $pid is its process.
create() {
    container_runs 'echo ran >/tmp/ran; exec sleep 100'
    rm -f "$BUNDLE/rootfs/tmp/ran"
    ocr create --bundle "$BUNDLE" "$ID" "$@" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1
    pid=$(cut -d' ' -f1 "$ROOT/$ID/pid")
}

has_run() { [ -e "$BUNDLE/rootfs/tmp/ran" ]; }

@test "the payload runs after start and not before" {
    create
    has_status created
    sleep 0.2
    run ! has_run
    ocr start "$ID"
    soon has_run
    has_status running
}

@test "what can't be executed is the failure of create, in the words that engines know" {
    config '.process.args = ["nosuch"]'
    run -127 ocr create --bundle "$BUNDLE" "$ID"
    [ "$output" = 'ocr-wait-fifo: /process/args/0: exec nosuch: executable file not found in $PATH' ]
    config '.process.args = ["/etc"]'
    run ocr create --bundle "$BUNDLE" "$ID"
    assert_status 126
    assert_output 'exec /etc: permission denied'
    config '.process.args = ["/bin/sh"] | .process.cwd = "/etc/passwd"'
    run ocr create --bundle "$BUNDLE" "$ID"
    assert_status 1
    assert_output 'ocr-wait-fifo: /process/cwd: change to /etc/passwd: Not a directory'
    assert_nothing_left
}

@test "what fails after start is the failure of start" {
    create
    rm "$BUNDLE/rootfs/bin/sh"
    run -127 ocr start "$ID"
    assert_output 'ocr-process: /process/args/0: exec /bin/sh: no such file or directory'
    soon has_status stopped
}

@test "signals that end a process end a created container" {
    local signal
    for signal in TERM INT HUP QUIT USR1 ALRM 40; do
        create
        ocr kill "$ID" "$signal"
        soon has_status stopped
        ocr delete "$ID"
    done
}

@test "they do so whatever the caller had blocked or ignored" {
    container_runs true
    env --block-signal=TERM --ignore-signal=TERM "$top/bin/ocr" --root "$ROOT" create -b "$BUNDLE" "$ID" >/dev/null 2>&1
    ocr kill "$ID" TERM
    soon has_status stopped
}

@test "signals that do not end a process leave it waiting" {
    create
    local signal
    for signal in CHLD CONT WINCH URG TSTP; do kill -s "$signal" "$pid"; done
    kill -s STOP "$pid" && kill -s CONT "$pid"
    sleep 0.1
    has_status created
    ocr start "$ID"
    soon has_run
}

@test "it is in no session of the caller's" {
    create
    [ "$(ps -o sid= -p "$pid" | tr -d ' ')" = "$pid" ]
}

@test "it outlives the process that created it" {
    create
    has_status created
    [ "$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")" != "$$" ]
}

@test "it holds two fifos, memfds, the baton and the stages' folder, and nothing else" {
    create --preserve-fds 0
    local fd held
    for fd in "/proc/$pid/fd"/*; do
        case ${fd##*/} in 0 | 1 | 2) continue ;; esac
        held=$(readlink "$fd")
        case $held in
        "$ROOT/$ID/start" | "$ROOT/$ID/started" | /memfd:ocr-* | socket:* | /) ;;
        *) echo "held: $held" >&2 && return 1 ;;
        esac
    done
    # Both ends of the baton's socketpair, and none to the host side.
    [ "$(find "/proc/$pid/fd" -lname 'socket:*' | wc -l)" = 2 ]
    # / is the mount of the stages: read-only, and in no mount namespace.
    for fd in "/proc/$pid/fd"/*; do
        [ "$(readlink "$fd")" = / ] || continue
        [ -e "$fd/ocr-process" ]
        run ! touch "$fd/new"
        assert_output "Read-only"
    done
}

@test "another container in its pid namespace can't look into it" {
    create
    config --arg pid "/proc/$pid/ns/pid" '.linux.namespaces |= map(if .type == "pid" then .path = $pid else . end)'
    container_runs 'cat /proc/1/comm; for f in exe cwd root fd/3 fd/5 fd/7; do readlink "/proc/1/$f" && echo "seen: $f"; done
        cat /proc/1/environ; echo >/proc/1/fd/7; cat /proc/1/maps; true'
    run command ocr --root "$ROOT" run --bundle "$BUNDLE" "$ID-other"
    assert_output ocr-wait-fifo
    [ "$(grep -c 'Permission denied' <<<"$output")" = 3 ]
    [ "${#lines[@]}" = 4 ]
    has_status created
}

@test "its program can't be written to, not even by the host's root" {
    create
    [ "$(basename "$(readlink "/proc/$pid/exe")")" = ocr-wait-fifo ]
    exec 9<"/proc/$pid/exe"
    ocr delete --force "$ID"
    run sh -c ': >>/proc/self/fd/9'
    exec 9<&-
    [ "$status" -ne 0 ]
    assert_output "Read-only file system"
}

@test "it needs less than 200 kB" {
    create
    [ -r "/proc/$pid/smaps_rollup" ] || skip "this kernel has no smaps_rollup"
    local pss
    pss=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")
    echo "PSS: $pss kB"
    [ "$pss" -lt 200 ]
}

@test "by hand it needs the fifos" {
    run ocr-validate -b "$BUNDLE" ocr-wait-fifo true
    assert_status 2
    assert_output "ocr-wait-fifo: the baton carries no start"
    run ocr-wait-fifo
    assert_status 2
    run ocr-wait-fifo --help
    assert_status 0
}
