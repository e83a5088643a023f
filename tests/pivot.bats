#!/usr/bin/env bats
# ocr-pivot: the container's file system becomes /.

load lib

# inside_without_pivot SCRIPT
inside_without_pivot() {
    container_runs "$1"
    ocr-validate -b "$BUNDLE" ocr-claim --root "$ROOT" "$ID" \
        ocr-nsinit --foreground ocr-mounts ocr-pivot --no-pivot ocr-process
}

@test "no path and no mount of the host is left" {
    run inside 'ls -d /work /usr /var /.. /../work; cut -d" " -f5 /proc/self/mountinfo | sort | head -n 1
        grep -c " / / " /proc/self/mountinfo'
    [[ $output != *$'\n/work'* ]]
    run inside "ls $BATS_TEST_TMPDIR"
    assert_status 1
    run inside 'head -n 1 /proc/self/mountinfo | cut -d" " -f4,5; cut -d" " -f2 /proc/mounts'
    [ "${lines[0]}" = "$(findmnt -no FSROOT -T "$BUNDLE/rootfs" | sed 's,/$,,')${BUNDLE#"$(findmnt -no TARGET -T "$BUNDLE" | sed 's,/$,,')"}/rootfs /" ]
    [ "$(grep -cvE '^/(proc|dev|sys)?(/|$)' <<<"${output#*$'\n'}")" = 0 ]
}

@test "the shell between two stages still finds the bundle before it, and not after it" {
    run unshare -m --propagation private ocr-validate -b "$BUNDLE" ocr-mounts \
        sh -c "ls $BUNDLE/rootfs/dev/null && exec ocr-pivot sh -c 'ls $BUNDLE/config.json; ls /dev/null; pwd'"
    assert_output "$BUNDLE/rootfs/dev/null
ls: $BUNDLE/config.json: No such file or directory
/dev/null
/"
}

@test "a read-only root is read-only, and the mounts in it are not" {
    config '.root.readonly = true'
    run inside 'touch /new; touch /dev/shm/new && echo written'
    assert_status 0
    assert_output "touch: /new: Read-only file system
written"
}

@test "the root's propagation is what the config says" {
    run inside 'head -n 1 /proc/self/mountinfo'
    [[ $output != *shared* && $output != *master* ]]
    config '.linux.rootfsPropagation = "shared"'
    run inside 'head -n 2 /proc/self/mountinfo'
    [[ ${lines[0]} == *shared:* && ${lines[1]} != *shared:* ]]
    config '.linux.rootfsPropagation = "rshared"'
    run inside 'head -n 2 /proc/self/mountinfo'
    [[ ${lines[1]} == *shared:* ]]
    config '.linux.rootfsPropagation = "unbindable"'
    run inside 'head -n 1 /proc/self/mountinfo'
    assert_output unbindable
}

@test "without rootfs in the baton it says which stage is missing" {
    run unshare -m --propagation private ocr-validate -b "$BUNDLE" ocr-pivot true
    assert_status 2
    assert_output 'the baton carries no rootfs: a stage that comes before this one was left out'
}

@test "--no-pivot: the root is the container's, without the host's /proc and /sys" {
    run inside_without_pivot 'pwd; ls /bin/busybox; cut -d" " -f5 /proc/self/mountinfo'
    assert_status 0
    [ "${lines[0]}" = / ]
    assert_output /bin/busybox
    [ "$(grep -c '^/proc$' <<<"$output")" = 1 ]
    run inside_without_pivot "ls $BATS_TEST_TMPDIR"
    assert_status 1
}

@test "--no-pivot works in a user namespace, where the host's mounts are locked" {
    with_user_namespace
    run inside_without_pivot 'ls /bin/busybox; ls -d /work'
    assert_output /bin/busybox
}

@test "--no-pivot takes nothing away on the host, even with a shared root" {
    local option
    config '.linux.rootfsPropagation = "shared"'
    for option in --no-pivot ''; do
        # private first, so that it is not this host that a fault would spoil
        run unshare -m --propagation private sh -ec "
            mount --make-rshared /
            cp /proc/self/mountinfo $BATS_TEST_TMPDIR/before
            ocr-validate -b $BUNDLE ocr-claim --root $ROOT $ID ocr-nsinit --foreground ocr-mounts \
                ocr-pivot $option ocr-process
            cmp $BATS_TEST_TMPDIR/before /proc/self/mountinfo"
        assert_status 0
    done
}

@test "what is left on the host is what was there" {
    local before
    before=$(cat /proc/self/mountinfo)
    run inside true
    assert_status 0
    [ "$(cat /proc/self/mountinfo)" = "$before" ]
    assert_nothing_left
}

@test "a shell after the pivot, of the image, goes on to the rest of the walk" {
    container_runs 'echo payload as $$; ls /proc/self/fd'
    run ocr-validate -b "$BUNDLE" ocr-claim --root "$ROOT" "$ID" ocr-cgroup ocr-nsinit --foreground ocr-mounts ocr-pivot \
        sh -c 'echo "between, in $(ls / | tr "\n" " ")"; exec ocr-process'
    assert_status 0
    assert_output "between, in bin dev etc"
    assert_output "payload as 1"
    # 3 is the folder that ls reads
    [ "$(tail -n 4 <<<"$output" | tr '\n' ' ')" = "0 1 2 3 " ]
    assert_nothing_left
}
