#!/usr/bin/env bats
# ocr-baton: shows what the baton carries, and changes nothing. And what it shows: the baton as the stages pass it.

load lib

walk() {
    ocr-validate -b "$BUNDLE" --root "$ROOT" "$@"
}

@test "alone it shows each fd: its name, what it is, its seals" {
    run walk ocr-baton
    assert_status 0
    [[ $output =~ ^plan\ +[0-9]+\ +/memfd:ocr-plan\ .*\ bytes,\ sealed:\ write\ shrink\ grow\ seal$ ]]
}

@test "words come after the fds" {
    run walk ocr-claim --root "$ROOT" "$ID" ocr-baton
    [ "${lines[-1]}" = "id=$ID" ]
    [[ ${lines[-2]} =~ ^state\ +[0-9]+\ +$ROOT/$ID\ read$ ]]
}

@test "before NEXT it prints to standard error, and NEXT finds the baton as it was" {
    run bash -c 'ocr-validate -b "$1" ocr-baton ocr-baton 2>/dev/null' - "$BUNDLE"
    assert_status 0
    [ "${#lines[@]}" -eq 1 ]
    run walk ocr-baton ocr-baton ocr-baton
    assert_status 0
    [ "${#lines[@]}" -eq 3 ]
    [ "${lines[0]}" = "${lines[2]}" ]
}

@test "it can stand between any two stages of a whole walk" {
    container_runs 'echo inside; exit 7'
    run walk ocr-baton ocr-claim --root "$ROOT" "$ID" ocr-baton ocr-cgroup ocr-baton ocr-nsinit --foreground \
        ocr-baton ocr-mounts ocr-baton ocr-pivot ocr-baton ocr-process
    assert_status 7
    assert_output inside
    [ "$(grep -c '^plan ' <<<"$output")" -eq 6 ]
    assert_output "/memfd:ocr-plan"
    assert_nothing_left
}

@test "a shell between two stages looks around, and goes on by exec" {
    container_runs 'echo "inside as $$"'
    run walk ocr-claim --root "$ROOT" "$ID" sh -c '
        echo "a shell, with $(ocr-baton | grep -c .) lines"
        exec ocr-cgroup ocr-nsinit --foreground ocr-mounts ocr-pivot ocr-process'
    assert_status 0
    assert_output "a shell, with 3 lines"
    assert_output "inside as 1"
    assert_nothing_left
}

@test "on the container side no fd of the host is carried but what the next stages need" {
    config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW"}'
    container_runs 'ls -l /proc/self/fd'
    run walk ocr-claim --root "$ROOT" "$ID" ocr-cgroup ocr-nsinit --foreground ocr-mounts ocr-pivot ocr-baton ocr-process
    assert_status 0
    local carried
    carried=$(sed -n 's/^\([a-z][a-z0-9.]*\) *[0-9]*  .*/\1/p' <<<"$output" | sort | tr '\n' ' ')
    [[ $carried =~ ^bpf\ plan\ programs\ (start\ started\ )?sync\ $ ]] || { echo "carried: $carried" && return 1; }
    # Of the payload: 0, 1, 2 and the one that ls reads.
    [ "$(grep -c '^l[r-][w-]x' <<<"$output")" -eq 4 ]
}

@test "every fd but the two of the socket is close-on-exec" {
    run walk ocr-claim --root "$ROOT" "$ID" sh -c 'ls -l /proc/self/fd | grep -c "socket:\|memfd\|$1"; echo "$OCR_BATON"' - "$ROOT"
    [ "${lines[0]}" -eq 2 ]
    [[ ${lines[1]} =~ ^[0-9]+,[0-9]+$ ]]
}

@test "--preserve-fds: the socket is numbered above what is the container's" {
    run bash -c 'exec 3</dev/null 4</dev/null; ocr-validate -b "$1" --preserve-fds 2 sh -c "echo \$OCR_BATON"' - "$BUNDLE"
    assert_status 0
    [ "${output%,*}" -gt 4 ]
    [ "${output#*,}" -gt 4 ]
}

@test "what can't be executed is undone like the failure of a stage" {
    run walk ocr-claim --root "$ROOT" "$ID" ocr-baton ocr-no-such-stage
    assert_status 1
    assert_output "ocr-baton: execute ocr-no-such-stage: No such file or directory"
    assert_nothing_left
}

@test "without a baton, with a made-up one, or with an empty queue it says so" {
    run ocr-baton
    assert_status 2
    assert_output "ocr-baton: no baton"
    local baton
    for baton in '' x 0,1 3 99999,99998; do
        OCR_BATON=$baton run ocr-baton
        assert_status 2
    done
    run walk sh -c 'ocr-claim --root "$1" "no id" true; exec ocr-baton' - "$ROOT"
    assert_status 1
    assert_output "ocr-baton: take the baton: Resource temporarily unavailable"
}
