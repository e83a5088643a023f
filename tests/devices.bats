#!/usr/bin/env bats
# ocr-mounts, /dev: the default devices, linux.devices and the links.

load lib

add_device() {
    config --argjson d "$1" '.linux.devices += [$d]'
}

@test "the default devices and links are there, for everybody" {
    run inside 'cd /dev; stat -c "%n %t:%T %a %u" null zero full random urandom tty; for l in fd stdin ptmx core; do readlink $l; done'
    assert_status 0
    assert_output 'null 1:3 666 0
zero 1:5 666 0
full 1:7 666 0
random 1:8 666 0
urandom 1:9 666 0
tty 5:0 666 0
/proc/self/fd
/proc/self/fd/0
pts/ptmx
/proc/kcore'
}

@test "without a mount on /dev they are made in the root file system" {
    config '.mounts |= map(select(.destination | startswith("/dev") | not))'
    run inside 'stat -c %t:%T /dev/null'
    assert_status 0
    [ "$(stat -c %t:%T "$BUNDLE/rootfs/dev/zero")" = 1:5 ]
    run inside true # and found there the next time
    assert_status 0
}

@test "a device of the config is made with its type, numbers, mode and owner, and its folders" {
    add_device '{"path": "/dev/a/b/mem", "type": "c", "major": 1, "minor": 1, "fileMode": 416, "uid": 7, "gid": 8}'
    add_device '{"path": "/dev/disk", "type": "b", "major": 7, "minor": 0}'
    add_device '{"path": "/run/fifo", "type": "p", "fileMode": 4480}'
    add_device '{"path": "/dev/tty9", "type": "u", "major": 4, "minor": 9, "fileMode": 8592}'
    run inside 'stat -c "%n %F %t:%T %a %u:%g" /dev/a/b/mem /dev/disk /run/fifo /dev/tty9'
    assert_status 0
    assert_output '/dev/a/b/mem character special file 1:1 640 7:8
/dev/disk block special file 7:0 666 0:0
/run/fifo fifo 0:0 600 0:0
/dev/tty9 character special file 4:9 620 0:0'
}

@test "a default device may be listed, and has the mode that is asked for" {
    add_device '{"path": "/dev/full", "type": "c", "major": 1, "minor": 7, "fileMode": 384}'
    run inside 'stat -c %a /dev/full'
    assert_output 600
}

@test "the same device in its place is accepted, anything else refused" {
    config '.mounts |= map(select(.destination | startswith("/dev") | not))'
    mknod "$BUNDLE/rootfs/dev/null" c 1 3
    run inside true
    assert_status 0
    rm "$BUNDLE/rootfs/dev/null"
    mknod "$BUNDLE/rootfs/dev/null" c 1 5
    run inside true
    assert_status 3
    assert_output 'make the device /dev/null: there is something else in its place'
    rm "$BUNDLE/rootfs/dev/null"
    ln -s zero "$BUNDLE/rootfs/dev/null"
    run inside true
    assert_status 3
    assert_nothing_left
}

@test "a device path with .. in it is refused" {
    mkdir "$BATS_TEST_TMPDIR/outside"
    add_device "{\"path\": \"/dev/../../..$BATS_TEST_TMPDIR/outside/dev\", \"type\": \"c\", \"major\": 1, \"minor\": 3}"
    run inside true
    assert_status 3
    assert_output 'ocr-mounts: /linux/devices/0: make the device'
    assert_output 'must not hold ".."'
    [ -z "$(ls "$BATS_TEST_TMPDIR/outside")" ]
    assert_nothing_left
}

@test "/dev as a link, and a folder in it as a link, change nothing on the host" {
    mkdir "$BATS_TEST_TMPDIR/outside"
    config '.mounts |= map(select(.destination | startswith("/dev") | not))'
    rmdir "$BUNDLE/rootfs/dev"
    ln -s "../../../../../../../../$BATS_TEST_TMPDIR/outside" "$BUNDLE/rootfs/dev"
    add_device '{"path": "/dev/sub/mem", "type": "c", "major": 1, "minor": 1}'
    run inside 'test -c /dev/null -a -c /dev/sub/mem'
    assert_status 0
    [ -z "$(ls "$BATS_TEST_TMPDIR/outside")" ]
    [ -c "$BUNDLE/rootfs$BATS_TEST_TMPDIR/outside/null" ]
}

@test "an entry that is a link is not followed" {
    touch "$BATS_TEST_TMPDIR/host"
    mkdir "$BUNDLE/rootfs/d"
    ln -s "$BATS_TEST_TMPDIR/host" "$BUNDLE/rootfs/d/mem"
    add_device '{"path": "/d/mem", "type": "c", "major": 1, "minor": 1, "uid": 5}'
    run inside true
    assert_status 3
    [ "$(stat -c %F,%u "$BATS_TEST_TMPDIR/host")" = 'regular empty file,0' ]
}

@test "a bind mount on /dev stays as it is" {
    mkdir "$BATS_TEST_TMPDIR/dev"
    config --arg s "$BATS_TEST_TMPDIR/dev" '.mounts |= map(select(.destination | startswith("/dev") | not))
        | .mounts += [{destination: "/dev/", type: "bind", source: $s, options: ["bind"]}]'
    add_device '{"path": "/dev/mem", "type": "c", "major": 1, "minor": 1}'
    run inside 'ls /dev'
    assert_status 0
    [ -z "$output" ]
}

@test "in a user namespace the host's devices are bound" {
    with_user_namespace
    add_device '{"path": "/dev/sub/full", "type": "c", "major": 1, "minor": 7}'
    [ -c /dev/full ] || skip "the host has no /dev/full"
    run inside 'stat -c %t:%T /dev/null; echo x >/dev/null && head -c 1 /dev/zero | wc -c; ls /dev/sub'
    assert_status 1 # the host has no /dev/sub
    assert_output '/linux/devices/0: bind the host'
    config '.linux.devices[0].path = "/dev/full"'
    run inside 'stat -c %t:%T /dev/null /dev/full; echo x >/dev/null && head -c 1 /dev/zero | wc -c'
    assert_status 0
    [ "$output" = $'1:3\n1:7\n1' ]
}

@test "a pty can be opened through /dev/ptmx" {
    run inside 'exec 3<>/dev/ptmx && ls /dev/pts'
    assert_status 0
    assert_output 0
}
