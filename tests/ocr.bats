#!/usr/bin/env bats
# ocr: the front script. Its options and messages; what its commands do is in the tests of the programs.

bats_require_minimum_version 1.5.0
load lib

# The front without this test's --root.
front() {
    command ocr "$@"
}

@test "--version has the lines that engines read" {
    local option
    for option in --version -v; do
        run front $option
        assert_status 0
        [[ ${lines[0]} =~ ^"ocr version "[0-9]+\.[0-9]+\.[0-9]+$ ]]
        [[ ${lines[1]} =~ ^"commit: ". ]]
        [ "${lines[2]}" = "spec: 1.3.0" ]
    done
}

@test "--help names every command, and each has its own" {
    run front --help
    assert_status 0
    local command
    for command in create start run state kill delete list spec features; do
        assert_output "  $command "
        run front $command --help
        assert_status 0
        assert_output "usage: ocr"
        run front --help
    done
}

@test "no command, an unknown one and an unknown option are errors of usage" {
    run front
    assert_status 2
    assert_output "usage: ocr"
    run front checkpoint --help
    assert_status 2
    assert_output 'ocr: unknown command "checkpoint"'
    run front --frobnicate create x
    assert_status 2
    assert_output 'ocr: unknown option --frobnicate'
    run front create --frobnicate x
    assert_status 2
    assert_output 'ocr: create: unknown option --frobnicate'
    run front create --detach x
    assert_status 2
}

@test "--dry-run shows the walk" {
    run front --dry-run --root /r --cgroup-manager disabled create --bundle /b --pid-file /p --preserve-fds 2 --no-pivot \
        --no-new-keyring x
    assert_status 0
    [ "$(grep -oE 'ocr-[a-z-]+( |$)' <<<"$output" | xargs)" = \
        "ocr-validate ocr-claim ocr-cgroup ocr-nsinit ocr-mounts ocr-pivot ocr-wait-fifo ocr-process" ]
    assert_output "ocr-claim --root=/r -- x"
    assert_output "ocr-cgroup --cgroup-manager=disabled"
    assert_output "ocr-nsinit --pid-file=/p"
    assert_output "ocr-pivot --no-pivot"
    assert_output "ocr-process --preserve-fds=2 --no-new-keyring"
    run front --dry-run run x
    [[ $output != *ocr-wait-fifo* ]]
    assert_output "ocr-nsinit --foreground"
    run front --dry-run run --detach x
    [[ $output != *--foreground* ]]
    run front --dry-run --root /r state x
    assert_output "ocr-state --root=/r x"
}

@test "an option's value follows it or a =, and options stand before or after the id" {
    local expected
    expected=$(front --dry-run --root /r create --bundle /b --config /c --pid-file /p --preserve-fds 1 x)
    [ "$(front --root=/r --dry-run create --bundle=/b --config=/c --pid-file=/p --preserve-fds=1 x)" = "$expected" ]
    [ "$(front --dry-run --root /r create x -b /b -f /c --pid-file /p --preserve-fds 1)" = "$expected" ]
    [ "$(front --dry-run --root /r create -b /b -f /c --pid-file /p --preserve-fds 1 -- x)" = "$expected" ]
}

@test "an option without its value, a second id or none is refused" {
    local options
    for options in "--root" "--log" "--log-format xml state x" "--log-level loud state x" "--rootless maybe state x" \
        "--cgroup-manager v3 state x" "create --bundle" "create" "create a b" "run --pid-file"; do
        # shellcheck disable=SC2086
        run front $options
        assert_status 2
        [[ $output = "ocr: "* ]]
    done
}

@test "what can't be done yet is refused, and not skipped" {
    run ocr create --bundle "$BUNDLE" --console-socket /x "$ID"
    assert_status 2
    assert_output "--console-socket"
    run ocr --systemd-cgroup create --bundle "$BUNDLE" "$ID"
    assert_status 2
    assert_output "--systemd-cgroup: cgroups made by systemd"
    run ocr --cgroup-manager systemd run --bundle "$BUNDLE" "$ID"
    assert_status 2
    assert_output "cgroups made by systemd"
    assert_nothing_left
}

@test "--rootless is accepted as other runtimes do" {
    local value
    for value in true false auto; do
        run ocr --rootless $value --rootless=$value list -q
        assert_status 0
    done
}

@test "nothing in an id, a path or an option becomes command text" {
    cd "$BATS_TEST_TMPDIR"
    local text
    # shellcheck disable=SC2016
    for text in '$(touch hit)' '`touch hit`' '; touch hit' "'; touch hit; '" '"; touch hit; "' '* ?' $'a\nb' '${IFS}'; do
        run front --root "$text" state -- "$text"
        assert_status 2
        run front --root "$text" --log "$text" create --bundle "$text" --pid-file "$text" -- "$text"
        [ "$status" -ne 0 ]
        run front --dry-run --root "$text" create --bundle "$text" -- "$text"
        [ "$(eval "printf '%s\n' $output" | grep -cFx -e "--bundle=${text%%$'\n'*}")" -eq 1 ]
        run front "$text"
        [ "$status" -ne 0 ]
    done
    [ ! -e hit ]
}

@test "without any environment it works all the same" {
    ocr create --bundle "$BUNDLE" "$ID"
    env -i "$top/bin/ocr" --root "$ROOT" state "$ID" | jq -e '.status == "created"'
    env -i "$top/bin/ocr" --root "$ROOT" kill "$ID" 9 </dev/null >/dev/null 2>&1
    env -i "$top/bin/ocr" --root "$ROOT" delete --force "$ID" </dev/null >/dev/null 2>&1
    assert_nothing_left
    container_runs 'exit 7'
    run env -i "$top/bin/ocr" --root "$ROOT" run --bundle "$BUNDLE" "$ID"
    assert_status 7
}

@test "a hostile environment changes nothing" {
    cd "$BATS_TEST_TMPDIR"
    echo 'touch hit' >profile
    printf '#!/bin/sh\ntouch %s/hit\n' "$PWD" >"$PWD/ocr-claim"
    cp ocr-claim readlink
    cp ocr-claim ocr-state
    chmod +x ocr-claim readlink ocr-state
    container_runs 'env | sort'
    run env IFS=/-oc ENV="$PWD/profile" BASH_ENV="$PWD/profile" CDPATH=/ PATH="$PWD:$PATH" PS4='$(touch hit)' \
        programs="$PWD" root=/nowhere id=evil print="$PWD/ocr-claim" foreground= keep=--keep command=evil options=0 value=x \
        count=7 no_pivot=--evil LD_LIBRARY_PATH="$PWD" OCR_BATON=3,4 OCR_LOG="$PWD/hit" OCR_LOG_FORMAT=json \
        OCR_LOG_LEVEL=debug POSIXLY_CORRECT=1 "$top/bin/ocr" --root "$ROOT" run --bundle "$BUNDLE" "$ID"
    assert_status 0
    [ "$output" = "$(printf '%s\n' HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PWD=/ SHLVL=1 TERM=xterm)" ] ||
        { echo "$output" >&2; return 1; }
    [ ! -e hit ]
    assert_nothing_left
}

@test "through a symbolic link, from its own folder, and installed it finds its programs" {
    ln -s "$top/bin/ocr" "$BATS_TEST_TMPDIR/link"
    ln -s link "$BATS_TEST_TMPDIR/another"
    run env -i "$BATS_TEST_TMPDIR/another" --root "$ROOT" list
    assert_status 0
    cd "$top/bin"
    run sh ocr --root "$ROOT" list
    assert_status 0
    run ./ocr --root "$ROOT" list
    assert_status 0
    mkdir "$BATS_TEST_TMPDIR/libexec"
    cp "$top/build/stages/ocr-list" "$BATS_TEST_TMPDIR/libexec"
    sed "s|^programs=.*|programs=$BATS_TEST_TMPDIR/libexec|" ocr >"$BATS_TEST_TMPDIR/ocr"
    chmod +x "$BATS_TEST_TMPDIR/ocr"
    cd /
    run env -i "$BATS_TEST_TMPDIR/ocr" --root "$ROOT" list
    assert_status 0
}

@test "on the way it starts no other process and reads no file but itself" {
    command -v strace >/dev/null || skip "no strace"
    container_runs true
    timeout 20 strace -f -o "$BATS_TEST_TMPDIR/trace" "$top/bin/ocr" --root "$ROOT" run --bundle "$BUNDLE" "$ID"
    # Up to the second execve it is the shell; clone3 comes once, in ocr-nsinit.
    [ "$(grep -cE ' (clone|clone3|fork|vfork)\(' "$BATS_TEST_TMPDIR/trace")" = 1 ]
    awk '/ execve\(/ && ++n == 2 { exit } { print }' "$BATS_TEST_TMPDIR/trace" >"$BATS_TEST_TMPDIR/shell"
    [ "$(grep -E ' open(at)?\(' "$BATS_TEST_TMPDIR/shell" | grep -cvE '"/etc/ld.so|/libc\.so|ENOENT')" = 1 ]
}

@test "--log gets each error, as text or as JSON, also by a relative path" {
    cd "$BATS_TEST_TMPDIR"
    run ocr --log text state "$ID"
    assert_status 4
    [[ $(cat text) = 'time="20'*'" level=error msg="ocr-state: container \"'"$ID"'\" does not exist"' ]]
    run ocr --log=json --log-format=json state "$ID"
    assert_status 4
    jq -e --arg id "$ID" '.level == "error" and .stage == "ocr-state" and (.time | fromdate? // test("^20")) and
        .msg == "ocr-state: container \"" + $id + "\" does not exist"' json
    run ocr --log json --log-format json frobnicate
    assert_status 2
    [ "$(wc -l <json)" = 2 ]
    tail -n 1 json | jq -e '.stage == "ocr" and .msg == "ocr: unknown command \"frobnicate\""'
}

@test "--debug tells of each stage, and is silent otherwise" {
    run_detached ocr --debug create --bundle "$BUNDLE" "$ID"
    assert_status 0
    assert_output "ocr-claim: "
    assert_output "ocr-process: " || assert_output "ocr-wait-fifo: "
    ocr delete --force "$ID"
    run_detached ocr --log-level=error create --bundle "$BUNDLE" "$ID"
    [ -z "$output" ]
}

@test "closed standard fds, an odd umask, blocked signals and a removed folder have no effect" {
    container_runs 'ls /proc/self/fd >/fds; umask >/umask; grep SigBlk /proc/self/status >/blocked; pwd >/cwd'
    mkdir "$BATS_TEST_TMPDIR/gone"
    (
        cd "$BATS_TEST_TMPDIR/gone"
        rmdir "$BATS_TEST_TMPDIR/gone"
        umask 0777
        "$top/bin/ocr" --root "$ROOT" run --bundle "$BUNDLE" "$ID" <&- >&- 2>&- 3>&-
    )
    [ "$(xargs <"$BUNDLE/rootfs/fds")" = "0 1 2 3" ] # 3 is of ls itself
    [ "$(cat "$BUNDLE/rootfs/umask")" = 0022 ]
    [ "$(cat "$BUNDLE/rootfs/cwd")" = / ]
    grep -q '0000000000000000$' "$BUNDLE/rootfs/blocked"
    assert_nothing_left
}
