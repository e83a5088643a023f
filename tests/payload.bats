#!/usr/bin/env bats
# ocr-process: the payload's environment, its folder, and the program itself. The image is hostile.

bats_require_minimum_version 1.5.0 # for the status that `run` is told to expect

load lib

in_container() {
    container_runs "$1"
    run run_container
}

# environment: the payload prints its environment.
environment() {
    config '.process.args = ["/bin/env"]'
    run timeout 20 "$top/bin/ocr" --root "$ROOT" run -b "$BUNDLE" "$ID"
}

# program STATUS [ARG...]: the payload is this, and ends with that status.
program() {
    local expected=$1
    shift
    config --argjson args "$(jq -nc '$ARGS.positional' --args -- "$@")" '.process.args = $args'
    run "-$expected" run_container
}

@test "the environment is process.env and HOME, whatever the caller's is" {
    config '.process.env = ["B=2", "A=1", "E=", "X=a b=c"]'
    IFS=x ENV=/nosuch BASH_ENV=/nosuch LD_PRELOAD='' LD_LIBRARY_PATH=/nosuch OCR_X=1 _OCI_SYNCPIPE=3 LISTEN_FDS=1 PS4=x \
        environment
    assert_status 0
    [ "$output" = $'B=2\nA=1\nE=\nX=a b=c\nHOME=/root' ]
}

@test "without process.env there is HOME alone" {
    config 'del(.process.env)'
    environment
    [ "$output" = HOME=/root ]
}

@test "HOME of the config stays, even empty" {
    config '.process.env = ["HOME=/elsewhere"]'
    environment
    [ "$output" = HOME=/elsewhere ]
    config '.process.env = ["HOME="]'
    environment
    [ "$output" = HOME= ]
}

@test "HOME is that of the uid in the image's passwd" {
    config '.process.env = [] | .process.user = {"uid": 1000, "gid": 0}'
    environment
    [ "$output" = HOME=/home ]
    printf 'x:x:10000:1:::/a\nbad\n:::::\nx:x:+1000:0::/b:\nx:x:1000:1::/first:/bin/sh\ny:x:1000:1::/second' >"$BUNDLE/rootfs/etc/passwd"
    environment
    [ "$output" = HOME=/first ]
}

@test "HOME is / when passwd has no such user, or none with a folder, or does not exist" {
    config '.process.env = [] | .process.user = {"uid": 12, "gid": 0}'
    environment
    [ "$output" = HOME=/ ]
    printf 'x:x:12:1:::\n' >"$BUNDLE/rootfs/etc/passwd"
    environment
    [ "$output" = HOME=/ ]
    rm -r "$BUNDLE/rootfs/etc"
    environment
    [ "$output" = HOME=/ ]
}

@test "a passwd that is a fifo, a folder or a device is not read" {
    local passwd=$BUNDLE/rootfs/etc/passwd
    config '.process.env = []'
    rm "$passwd" && mkfifo "$passwd"
    environment
    [ "$output" = HOME=/ ]
    rm "$passwd" && mkdir "$passwd"
    environment
    [ "$output" = HOME=/ ]
    rmdir "$passwd" && ln -s /dev/zero "$passwd"
    environment
    [ "$output" = HOME=/ ]
    rm "$passwd" && ln -s passwd "$passwd"
    environment
    [ "$output" = HOME=/ ]
}

@test "a passwd of 4 GB is read for one MiB" {
    truncate -s 4G "$BUNDLE/rootfs/etc/passwd"
    config '.process.env = []'
    environment
    assert_output HOME=/root # the line is there, before nothing
    rm "$BUNDLE/rootfs/etc/passwd"
    truncate -s 4G "$BUNDLE/rootfs/etc/passwd"
    environment
    assert_status 0
    assert_output "is not in its first 1048576 bytes: HOME is /"
    assert_output HOME=/
}

@test "a passwd that is a link to an fd of ours is not read" {
    config '.process.env = []'
    local fd
    for fd in 0 3 4 5 6; do
        ln -sf "/proc/self/fd/$fd" "$BUNDLE/rootfs/etc/passwd"
        environment
        [ "$output" = HOME=/ ]
    done
}

@test "a passwd that links out of the image is found inside" {
    echo 'x:x:0:0::/inside:' >"$BUNDLE/rootfs/file"
    ln -sf ../../../../../file "$BUNDLE/rootfs/etc/passwd"
    config '.process.env = []'
    environment
    [ "$output" = HOME=/inside ]
}

@test "the folder is process.cwd, and is made when the image has none" {
    config '.process.cwd = "/home"'
    in_container pwd
    [ "$output" = /home ]
    config '.process.cwd = "/deep/er/folder" | .root.readonly = true'
    in_container pwd
    [ "$output" = /deep/er/folder ]
    [ "$(stat -c %a:%u "$BUNDLE/rootfs/deep/er")" = 755:0 ]
}

@test "a folder that only root can enter is entered, and stays the user's" {
    mkdir -m 700 "$BUNDLE/rootfs/private"
    config '.process.cwd = "/private" | .process.user = {"uid": 1000, "gid": 1000}'
    in_container pwd
    assert_status 0
    [ "$output" = /private ]
}

@test "a folder that is a file is refused" {
    config '.process.cwd = "/etc/passwd"'
    run run_container
    assert_status 1
    assert_output "ocr-process: /process/cwd: change to /etc/passwd: Not a directory"
    assert_nothing_left
}

@test "no fd of the walk is a way out of the root" {
    local fd
    config '.process.args = ["/bin/pwd"]'
    for fd in 3 4 5 6 7 8 9 10; do
        config '.process.cwd = "/proc/self/fd/'$fd'"'
        run run_container
        assert_status 1
        assert_output "/process/cwd"
    done
}

@test "a folder that links out of the root is one inside" {
    ln -s ../../../../../../tmp "$BUNDLE/rootfs/link"
    config '.process.cwd = "/link"'
    in_container 'pwd -P'
    [ "$output" = /tmp ]
}

@test "the caller's folder may have been removed" {
    mkdir "$BATS_TEST_TMPDIR/gone"
    container_runs pwd
    run bash -c 'cd "$0/gone" && rmdir "$0/gone" && exec "$@"' "$BATS_TEST_TMPDIR" "$top/bin/ocr" --root "$ROOT" run -b "$BUNDLE" "$ID"
    assert_status 0
    [ "${lines[-1]}" = / ] # above it may be what the caller's own shell has to say
}

@test "the program is looked for in PATH of process.env" {
    mkdir -p "$BUNDLE/rootfs/a/tool" "$BUNDLE/rootfs/b" "$BUNDLE/rootfs/c"
    echo not executable >"$BUNDLE/rootfs/b/tool"
    printf '#!/bin/sh\necho found "$0"' >"$BUNDLE/rootfs/c/tool" && chmod +x "$BUNDLE/rootfs/c/tool"
    config '.process.env = ["PATH=/nosuch:/a:/b:/c:/bin"]'
    program 0 tool
    [ "$output" = "found /c/tool" ]
}

@test "empty and relative parts of PATH, and names with a slash, begin at process.cwd" {
    printf '#!/bin/sh\necho found "$0"' >"$BUNDLE/rootfs/home/tool" && chmod +x "$BUNDLE/rootfs/home/tool"
    config '.process.cwd = "/home" | .process.env = ["PATH=/nosuch:"]'
    program 0 tool
    [ "$output" = "found ./tool" ]
    config '.process.env = ["PATH=../home"]'
    program 0 tool
    [ "$output" = "found ../home/tool" ]
    program 0 ../home/tool
    [ "$output" = "found ../home/tool" ]
}

@test "a program that is not there is status 127, in the words that engines know" {
    program 127 nosuch
    [ "$output" = 'ocr-process: /process/args/0: exec nosuch: executable file not found in $PATH' ]
    program 127 /no/such
    [ "$output" = 'ocr-process: /process/args/0: exec /no/such: no such file or directory' ]
    program 127 ''
    config '.process.env = []'
    program 127 sh
    assert_output 'executable file not found in $PATH'
    assert_nothing_left
}

@test "a program that can't be executed is status 126, in the words that engines know" {
    program 126 /etc/passwd
    [ "$output" = 'ocr-process: /process/args/0: exec /etc/passwd: permission denied' ]
    program 126 /etc
    assert_output 'exec /etc: permission denied'
    mkfifo -m 777 "$BUNDLE/rootfs/fifo"
    program 126 /fifo
    assert_output 'permission denied'
    echo 'no program' >"$BUNDLE/rootfs/text" && chmod +x "$BUNDLE/rootfs/text"
    program 126 /text
    assert_output 'exec /text: exec format error'
    assert_nothing_left
}

@test "a program that only root may execute can't be by another user" {
    cp "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs/bin/mine" && chmod 700 "$BUNDLE/rootfs/bin/mine"
    config '.process.user = {"uid": 1000, "gid": 1000}'
    program 126 mine true
    assert_output 'exec mine: permission denied'
}

@test "a script whose interpreter is missing is status 127 and says what may be missing" {
    echo '#!/no/such' >"$BUNDLE/rootfs/script" && chmod +x "$BUNDLE/rootfs/script"
    program 127 /script
    assert_output 'exec /script (or the interpreter that it names): no such file or directory'
}

@test "an argument list that the kernel does not take is an error, not a crash" {
    config '.process.args = ["/bin/true", ("x" * 140000)]'
    run run_container
    assert_status 126
    assert_output 'argument list too long'
}

@test "/proc/self/exe as the program, or as its interpreter, is the stage without a baton" {
    program 2 /proc/self/exe
    printf '#!/proc/self/exe\n' >"$BUNDLE/rootfs/evil" && chmod +x "$BUNDLE/rootfs/evil"
    program 2 /evil
    assert_output "usage: ocr-process"
}
