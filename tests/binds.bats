#!/usr/bin/env bats
# ocr-binds: opens on the host what a user namespace could not reach.

load lib

@test "a source that only the host's root can reach is bound" {
    with_user_namespace
    mkdir -p "$BATS_TEST_TMPDIR/closed/volume"
    chmod 700 "$BATS_TEST_TMPDIR/closed"
    echo reached >"$BATS_TEST_TMPDIR/closed/volume/file"
    add_mount /volume bind "$BATS_TEST_TMPDIR/closed/volume" rbind ro
    add_mount /file bind "$BATS_TEST_TMPDIR/closed/volume/file" bind
    run inside 'cat /volume/file /file; touch /volume/new'
    assert_status 1
    assert_output $'reached\nreached'
    assert_output 'Read-only file system'
}

@test "a root file system that only the host's root can reach is used" {
    with_user_namespace
    chmod 700 "$BUNDLE"
    run inside 'id -u; ls -d /bin/busybox; ls /'
    assert_status 0
    assert_output $'0\n/bin/busybox'
}

@test "one mount of a tree whose mounts are locked together in a user namespace" {
    with_user_namespace
    mkdir -p "$BATS_TEST_TMPDIR/host/sub"
    mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/host/sub"
    add_mount /one bind "$BATS_TEST_TMPDIR/host" bind
    run inside 'grep -c " /one" /proc/mounts'
    assert_status 0
    [ "$output" = 1 ]
}

@test "nothing that is mounted in the container propagates to the host" {
    with_user_namespace
    mkdir "$BATS_TEST_TMPDIR/volume"
    mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/volume"
    mkdir "$BATS_TEST_TMPDIR/volume/a"
    mount --make-shared "$BATS_TEST_TMPDIR/volume"
    add_mount /volume bind "$BATS_TEST_TMPDIR/volume" rbind
    add_mount /volume/a tmpfs tmpfs
    run inside 'grep -c /volume /proc/mounts'
    assert_status 0
    [ "$output" = 2 ]
    [ "$(grep -c "$BATS_TEST_TMPDIR/volume" /proc/self/mountinfo)" = 1 ]
}

@test "the baton carries tree.root and a tree for each bind mount" {
    add_mount /volume bind "$BATS_TEST_TMPDIR" rbind
    add_mount /new tmpfs tmpfs
    run unshare -m --propagation private ocr-validate -b "$BUNDLE" ocr-binds ocr-mounts ocr-pivot ls -d /volume/bundle
    assert_status 0
    assert_output /volume/bundle
}

@test "a source that does not exist fails on the host side, and nothing is left" {
    with_user_namespace
    add_mount /volume bind /does/not/exist bind
    run inside true
    assert_status 1
    assert_output 'ocr-binds: /mounts/7: bind /does/not/exist: No such file or directory'
    assert_nothing_left
}
