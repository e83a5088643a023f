#!/usr/bin/env bats
# ocr-mounts: linux.maskedPaths and linux.readonlyPaths.

load lib

@test "a masked file reads as empty, a masked folder is empty and read-only" {
    echo secret >"$BUNDLE/rootfs/etc/secret"
    mkdir "$BUNDLE/rootfs/one" "$BUNDLE/rootfs/two"
    touch "$BUNDLE/rootfs/one/file" "$BUNDLE/rootfs/two/file"
    config '.linux.maskedPaths = ["/etc/secret", "/one", "/two"]'
    run inside 'cat /etc/secret; stat -c %t:%T /etc/secret; ls /one /two; touch /one/new; touch /two/new'
    assert_status 1
    assert_output "1:3
/one:

/two:"
    [ "$(grep -c 'Read-only file system' <<<"$output")" = 2 ]
    [[ $output != *secret* ]]
}

@test "the masks of the default config hide what is there" {
    run inside 'for f in /proc/kcore /proc/keys /proc/timer_list; do test ! -e $f -o -c $f || echo $f; done
        ls /sys/firmware /proc/acpi'
    [[ $output != *' '*root* ]]
    [[ $output != */proc/k* ]]
}

@test "folders share one tmpfs for their masks" {
    mkdir "$BUNDLE/rootfs/"{one,two,three}
    config '.linux.maskedPaths = ["/one", "/two", "/three"]'
    run inside 'grep -E " /(one|two|three) " /proc/self/mountinfo | cut -d" " -f3 | sort -u | wc -l'
    [ "$output" = 1 ]
}

@test "paths that do not exist need no mask and no protection" {
    config '.linux.maskedPaths = ["/missing", "/etc/passwd/x"] | .linux.readonlyPaths = ["/missing/too"]'
    run inside 'ls / /etc'
    assert_status 0
    [[ $output != *missing* ]]
}

@test "a mask that cannot be set ends the create" {
    ln -s loop "$BUNDLE/rootfs/loop"
    config '.linux.maskedPaths = ["/etc/group", "/loop"]'
    run inside true
    assert_status 1
    assert_output 'ocr-mounts: /linux/maskedPaths/1: find /loop in the root file system'
    assert_nothing_left
    config '.linux.maskedPaths = [] | .linux.readonlyPaths = ["/loop"]'
    run inside true
    assert_status 1
    assert_output '/linux/readonlyPaths/0'
}

@test "a mask behind a link of the image stays in the root" {
    echo host >"$BATS_TEST_TMPDIR/host"
    mkdir -p "$BUNDLE/rootfs$BATS_TEST_TMPDIR"
    echo image >"$BUNDLE/rootfs$BATS_TEST_TMPDIR/host"
    ln -s "../../../../../../../$BATS_TEST_TMPDIR/host" "$BUNDLE/rootfs/link"
    config '.linux.maskedPaths = ["/link"]'
    run inside "cat $BATS_TEST_TMPDIR/host"
    assert_status 0
    [ -z "$output" ]
    [ "$(cat "$BATS_TEST_TMPDIR/host")" = host ]
}

@test "the image's own /dev/null, whatever it is, masks nothing" {
    local kind
    config '.linux.maskedPaths = ["/etc/secret"]
        | .mounts |= map(select(.destination | startswith("/dev") | not))'
    echo secret >"$BUNDLE/rootfs/etc/secret"
    echo fake >"$BUNDLE/rootfs/etc/fake"
    for kind in 'ln -s ../etc/fake' 'ln -s /proc/self/environ' 'touch'; do
        rm -f "$BUNDLE/rootfs/dev/null"
        $kind "$BUNDLE/rootfs/dev/null"
        run inside 'cat /etc/secret'
        assert_status 3
        assert_output 'make the device /dev/null'
    done
    # Where nobody looks at the image's /dev, the mask is the host's device all the same.
    mkdir "$BATS_TEST_TMPDIR/dev"
    echo fake >"$BATS_TEST_TMPDIR/dev/null"
    add_mount /dev bind "$BATS_TEST_TMPDIR/dev" bind
    run inside 'stat -c %t:%T /etc/secret; cat /etc/secret'
    assert_status 0
    [ "$output" = 1:3 ]
}

@test "a host whose /dev/null is not the null device gives no mask" {
    config '.linux.maskedPaths = ["/etc/passwd"] | .linux.namespaces |= map(select(.type != "user"))'
    touch "$BATS_TEST_TMPDIR/fake"
    run unshare -m --propagation private sh -c "mount --bind $BATS_TEST_TMPDIR/fake /dev/null &&
        exec ocr-validate -b $BUNDLE ocr-mounts true"
    assert_status 1
    assert_output "ocr-mounts: /linux/maskedPaths/0: mask /etc/passwd: the host's /dev/null is not the null device"
}

@test "a read-only path is read-only with all that is mounted beneath it" {
    mkdir -p "$BUNDLE/rootfs/data/sub"
    add_mount /data/sub tmpfs tmpfs
    config '.linux.readonlyPaths = ["/data", "/etc/passwd"]'
    run inside 'touch /data/new; touch /data/sub/new; echo x >>/etc/passwd; touch /etc/new'
    assert_status 0
    [ "$(grep -c 'Read-only file system' <<<"$output")" = 3 ]
}

@test "/proc/sys and what else the default config lists in /proc is read-only" {
    run inside 'echo x >/proc/sys/kernel/hostname; for f in bus fs irq sys sysrq-trigger; do
        test ! -e /proc/$f || grep " /proc/$f " /proc/self/mountinfo | cut -d" " -f6 | cut -d, -f1; done | sort -u'
    assert_status 0
    assert_output 'Read-only file system'
    [ "${lines[-1]}" = ro ]
}

@test "masks and read-only paths hold in a user namespace" {
    with_user_namespace
    echo secret >"$BUNDLE/rootfs/etc/secret"
    config '.linux.maskedPaths += ["/etc/secret"]'
    run inside 'cat /etc/secret; touch /proc/sys/x; echo x >/proc/sys/kernel/hostname'
    assert_status 1
    [[ $output != *secret* ]]
    assert_output 'Read-only file system'
}
