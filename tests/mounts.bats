#!/usr/bin/env bats
# ocr-mounts: the file system the container will see. Devices are in devices.bats, masks in masks.bats, bind mounts
# for user namespaces in binds.bats.

load lib

# The options of the mount on $1, as the container sees them: "ro,nosuid,... - tmpfs tmpfs rw,size=64k".
mount_inside() {
    inside "grep ' $1 ' /proc/self/mountinfo | tail -n 1 | cut -d' ' -f6-"
}

# --- file systems

@test "the mounts of the default config are there, with their options" {
    run inside 'cut -d" " -f5,6 /proc/self/mountinfo; cat /proc/mounts'
    assert_status 0
    assert_output '/proc rw,relatime'
    assert_output '/dev rw,nosuid'
    assert_output '/dev/pts rw,nosuid,noexec,relatime'
    assert_output '/dev/shm rw,nosuid,nodev,noexec,relatime'
    assert_output '/dev/mqueue rw,nosuid,nodev,noexec,relatime'
    assert_output '/sys ro,nosuid,nodev,noexec,relatime'
    assert_output 'tmpfs /dev tmpfs rw,nosuid,size=65536k,mode=755'
    assert_output 'gid=5,mode=620,ptmxmode=666'
}

@test "a tmpfs has the size and mode that the options say" {
    add_mount /new tmpfs tmpfs size=64k mode=710 noexec noatime
    run inside 'stat -c %a /new; grep " /new " /proc/mounts'
    assert_output 710
    assert_output 'noexec,noatime,size=64k,mode=710'
}

@test "a tmpfs over a folder keeps the folder's mode unless the options say otherwise" {
    mkdir -m 711 "$BUNDLE/rootfs/over"
    add_mount /over tmpfs tmpfs
    run inside 'stat -c %a /over'
    assert_output 711
}

@test "an option that the file system does not know is named" {
    add_mount /new tmpfs tmpfs nonsense=1
    run inside true
    assert_status 1
    assert_output 'ocr-mounts: /mounts/7: mount tmpfs on /new: option "nonsense=1"'
    assert_output 'Unknown parameter'
    assert_nothing_left
}

@test "an option with a bad value is named" {
    add_mount /new tmpfs tmpfs size=much
    run inside true
    assert_status 1
    assert_output 'option "size=much"'
}

@test "a file system that the kernel does not have is refused" {
    add_mount /new nosuchfs none
    run inside true
    assert_status 1
    assert_output '/mounts/7: mount nosuchfs on /new: the kernel has no such file system'
    assert_nothing_left
}

@test "a mount with neither type nor bind is refused" {
    config '.mounts += [{destination: "/new"}]'
    run inside true
    assert_status 3
    assert_output '/mounts/7: needs a type'
}

@test "overlay: layers, also with options longer than fsconfig takes" {
    local lower
    lower=$BATS_TEST_TMPDIR/lower-$(printf 'x%.0s' {1..150})
    mkdir -p "$lower-1" "$lower-2" "$BATS_TEST_TMPDIR/upper" "$BATS_TEST_TMPDIR/work"
    mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/upper"
    mkdir "$BATS_TEST_TMPDIR/upper/up" "$BATS_TEST_TMPDIR/upper/work"
    echo one >"$lower-1/one"
    echo two >"$lower-2/two"
    add_mount /merged overlay overlay "lowerdir=$lower-1:$lower-2" "upperdir=$BATS_TEST_TMPDIR/upper/up" \
        "workdir=$BATS_TEST_TMPDIR/upper/work" nosuid noatime
    run inside 'cat /merged/one /merged/two; echo new >/merged/new; grep " /merged " /proc/mounts'
    assert_status 0
    assert_output $'one\ntwo'
    assert_output 'overlay /merged overlay rw,nosuid,noatime'
    [ "$(cat "$BATS_TEST_TMPDIR/upper/up/new")" = new ]
}

@test "tmpcopyup: a tmpfs starts with what the folder held, and the image keeps it" {
    mkdir -p "$BUNDLE/rootfs/data/deep"
    echo text >"$BUNDLE/rootfs/data/deep/file"
    chown 1000:1000 "$BUNDLE/rootfs/data/deep/file"
    chmod 4755 "$BUNDLE/rootfs/data/deep/file"
    ln -s /etc/passwd "$BUNDLE/rootfs/data/link"
    mkfifo "$BUNDLE/rootfs/data/fifo"
    add_mount /data tmpfs tmpfs tmpcopyup
    run inside 'cd /data; cat deep/file; stat -c "%n %a %u" deep/file; readlink link; test -p fifo && echo fifo; rm -r *'
    assert_status 0
    assert_output $'text\ndeep/file 4755 1000\n/etc/passwd\nfifo'
    [ -e "$BUNDLE/rootfs/data/deep/file" ]
}

@test "tmpcopyup ends at the tmpfs's size, and a read-only one holds its copy" {
    mkdir "$BUNDLE/rootfs/data"
    truncate -s 4G "$BUNDLE/rootfs/data/sparse"
    add_mount /data tmpfs tmpfs tmpcopyup size=64k
    run inside true
    assert_status 1
    assert_output 'copy the file sparse: No space left on device'
    echo small >"$BUNDLE/rootfs/data/sparse"
    config '.mounts[-1].options += ["ro"]'
    run inside 'cat /data/sparse; touch /data/new'
    assert_status 1
    assert_output small
    assert_output 'Read-only file system'
}

# --- bind mounts

@test "a folder and a file are bound, and missing targets are made" {
    mkdir "$BATS_TEST_TMPDIR/host"
    echo hello >"$BATS_TEST_TMPDIR/host/file"
    add_mount /a/b/folder bind "$BATS_TEST_TMPDIR/host" rbind
    add_mount /c/d/file none "$BATS_TEST_TMPDIR/host/file" bind
    run inside 'cat /a/b/folder/file /c/d/file'
    assert_status 0
    [ "$output" = $'hello\nhello' ]
    [ -d "$BUNDLE/rootfs/a/b/folder" ]
    [ -f "$BUNDLE/rootfs/c/d/file" ]
}

@test "a relative source is relative to the bundle" {
    mkdir "$BUNDLE/volume"
    echo here >"$BUNDLE/volume/file"
    add_mount /volume bind volume bind
    run inside 'cat /volume/file'
    assert_output here
}

@test "a relative destination is taken from the root" {
    add_mount new/folder tmpfs tmpfs
    run inside 'grep -c " /new/folder " /proc/mounts'
    assert_output 1
}

@test "ro makes the mount read-only, rro all that is mounted beneath it as well" {
    mkdir -p "$BATS_TEST_TMPDIR/host/sub"
    mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/host/sub"
    add_mount /ro bind "$BATS_TEST_TMPDIR/host" rbind ro rprivate
    add_mount /rro bind "$BATS_TEST_TMPDIR/host" rbind rro rprivate
    run inside 'for f in /ro/x /ro/sub/x /rro/x /rro/sub/x; do touch $f 2>/dev/null && echo $f; done; true'
    assert_status 0
    [ "$output" = /ro/sub/x ]
}

@test "bind takes one mount, rbind the tree" {
    mkdir -p "$BATS_TEST_TMPDIR/host/sub"
    mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/host/sub"
    touch "$BATS_TEST_TMPDIR/host/sub/there"
    add_mount /one bind "$BATS_TEST_TMPDIR/host" bind
    add_mount /all bind "$BATS_TEST_TMPDIR/host" rbind
    run inside 'ls /one/sub /all/sub'
    [ "$output" = $'/all/sub:\nthere\n\n/one/sub:' ]
}

@test "nosuid, nodev, noexec and rw of a bind mount are set without touching the others" {
    mkdir "$BATS_TEST_TMPDIR/host"
    mount -t tmpfs -o noatime,ro tmpfs "$BATS_TEST_TMPDIR/host"
    add_mount /host bind "$BATS_TEST_TMPDIR/host" bind nosuid nodev noexec
    run mount_inside /host
    assert_output 'ro,nosuid,nodev,noexec,noatime'
    config '.mounts[-1].options += ["rw"]'
    run mount_inside /host
    assert_output 'rw,nosuid,nodev,noexec,noatime'
}

@test "a source that does not exist is refused, and nothing is made for it" {
    add_mount /a/b bind "$BATS_TEST_TMPDIR/missing" bind
    run inside true
    assert_status 1
    assert_output "ocr-mounts: /mounts/7: bind $BATS_TEST_TMPDIR/missing: No such file or directory"
    [ ! -e "$BUNDLE/rootfs/a" ]
    assert_nothing_left
}

@test "an option that a bind mount cannot have is refused" {
    add_mount /a bind /tmp bind size=64k
    run inside true
    assert_status 3
    assert_output '"size=64k" is an option of a file system'
    config '.mounts[-1].options = ["bind", "sync"]'
    run inside true
    assert_status 3
}

@test "a link to nothing is a good target: what it leads to is made, in the root" {
    mkdir "$BUNDLE/rootfs/run"
    ln -s ../run/systemd/resolv.conf "$BUNDLE/rootfs/etc/resolv.conf"
    ln -s /../../made/by-link "$BUNDLE/rootfs/etc/absolute"
    echo nameserver >"$BATS_TEST_TMPDIR/resolv.conf"
    add_mount /etc/resolv.conf bind "$BATS_TEST_TMPDIR/resolv.conf" bind
    add_mount /etc/absolute/file bind "$BATS_TEST_TMPDIR/resolv.conf" bind
    run inside 'cat /etc/resolv.conf /made/by-link/file'
    assert_status 0
    [ "$output" = $'nameserver\nnameserver' ]
    [ -f "$BUNDLE/rootfs/run/systemd/resolv.conf" ]
}

@test "links that lead to each other end in an error" {
    ln -s loop2 "$BUNDLE/rootfs/loop1"
    ln -s loop1 "$BUNDLE/rootfs/loop2"
    ln -s self/x "$BUNDLE/rootfs/self"
    add_mount /loop1/x tmpfs tmpfs
    run inside true
    assert_status 1
    assert_output 'Symbolic link loop'
    config '.mounts[-1].destination = "/self"'
    run inside true
    assert_status 1
}

# --- propagation

@test "nothing that the container mounts appears on the host" {
    mount --bind "$BUNDLE/rootfs" "$BUNDLE/rootfs"
    mount --make-shared "$BUNDLE/rootfs"
    local before after
    before=$(wc -l </proc/self/mountinfo)
    run inside true
    after=$(wc -l </proc/self/mountinfo)
    config '.linux.rootfsPropagation = "shared"'
    run inside true
    assert_status 0
    after=$after,$(wc -l </proc/self/mountinfo)
    [ "$after" = "$before,$before" ]
}

@test "a mount gets the propagation that it asks for" {
    add_mount /slave bind /sys rbind rslave
    add_mount /shared bind "$BATS_TEST_TMPDIR" bind shared
    add_mount /unbindable tmpfs tmpfs unbindable
    run inside 'cat /proc/self/mountinfo'
    [[ $output =~ /shared\ [a-z,]+\ shared: ]]
    [[ $output =~ /unbindable\ [a-z,]+\ unbindable ]]
}

@test "with a shared root, an rshared volume is a peer of the host's and no other is" {
    mkdir "$BATS_TEST_TMPDIR/volume"
    mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/volume"
    mkdir "$BATS_TEST_TMPDIR/volume/"{a,b}
    mount --make-shared "$BATS_TEST_TMPDIR/volume"
    config '.linux.rootfsPropagation = "shared"
        | .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
    add_mount /peer bind "$BATS_TEST_TMPDIR/volume" rbind rshared
    add_mount /other bind "$BATS_TEST_TMPDIR/volume" rbind
    run inside 'mount -t tmpfs tmpfs /peer/a && mount -t tmpfs tmpfs /other/b'
    local seen
    seen=$(grep -o "$BATS_TEST_TMPDIR/volume/." /proc/self/mountinfo || true)
    assert_status 0
    [ "$seen" = "$BATS_TEST_TMPDIR/volume/a" ]
}

@test "without a shared root even an rshared volume reaches no peer on the host" {
    mkdir "$BATS_TEST_TMPDIR/volume"
    mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/volume"
    mkdir "$BATS_TEST_TMPDIR/volume/a"
    mount --make-shared "$BATS_TEST_TMPDIR/volume"
    config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
    add_mount /volume bind "$BATS_TEST_TMPDIR/volume" rbind rshared
    run inside 'mount -t tmpfs tmpfs /volume/a'
    local seen
    seen=$(grep -o "$BATS_TEST_TMPDIR/volume/." /proc/self/mountinfo || true)
    assert_status 0
    [ -z "$seen" ]
}

# --- targets that must not be: see also threats in the design

@test "the root itself is refused as a target, whatever the path says" {
    ln -s / "$BUNDLE/rootfs/rootlink"
    local path
    for path in / /. /tmp/.. /../.. /rootlink; do
        config --arg d "$path" '.mounts = [{destination: $d, type: "tmpfs"}]'
        run inside true
        assert_status 3
        assert_output "mount on $path: this is the container's root itself"
    done
}

@test "a target behind a link of the image stays in the root" {
    mkdir -p "$BATS_TEST_TMPDIR/outside"
    ln -s "$BATS_TEST_TMPDIR/outside" "$BUNDLE/rootfs/link"
    ln -s "../../../../../../../../../..$BATS_TEST_TMPDIR/outside" "$BUNDLE/rootfs/dots"
    add_mount /link/new tmpfs tmpfs
    add_mount /dots/newer tmpfs tmpfs
    run inside "grep -c $BATS_TEST_TMPDIR/outside/new /proc/mounts"
    assert_status 0
    [ -z "$(ls "$BATS_TEST_TMPDIR/outside")" ]
    [ -d "$BUNDLE/rootfs$BATS_TEST_TMPDIR/outside/new" ]
}

@test "while links in a shared volume are swapped all the time, no target leaves the root" {
    local volume=$BATS_TEST_TMPDIR/volume outside=$BATS_TEST_TMPDIR/outside swapper
    mkdir -p "$volume/real" "$outside"
    ln -s / "$volume/link"
    add_mount /volume bind "$volume" bind
    add_mount "/volume/real$outside/new" tmpfs tmpfs
    (set +e; cd "$volume"; while :; do mv -T real x; mv -T link real; mv -T real link; mv -T x real; done) 2>/dev/null &
    swapper=$!
    for _ in 1 2 3 4 5 6 7 8; do inside true || true; done
    kill $swapper
    wait $swapper || true
    [ -z "$(ls "$outside")" ]
}

@test "procfs and sysfs go onto a real directory only" {
    local type
    for type in proc sysfs; do
        local path=/${type%fs}
        config --arg t "$type" --arg d "$path" '.mounts = [{destination: $d, type: $t}] | .linux.maskedPaths = []'
        rm -rf "$BUNDLE/rootfs$path"
        mkdir -p "$BUNDLE/rootfs/elsewhere"
        ln -s elsewhere "$BUNDLE/rootfs$path"
        run inside true
        assert_status 3
        assert_output "/mounts/0: mount on $path: it must be a real directory, not a link or a file"
        rm "$BUNDLE/rootfs$path"
        touch "$BUNDLE/rootfs$path"
        run inside true
        assert_status 3
        rm "$BUNDLE/rootfs$path"
        run inside "test -d $path"
        assert_status 0
    done
}

@test "nothing is mounted over or inside /proc, by whatever path" {
    ln -s /proc "$BUNDLE/rootfs/p"
    ln -s /proc/self "$BUNDLE/rootfs/s"
    local path
    for path in /proc /proc/ //proc/. /proc/sys /proc/self/attr /tmp/../proc/1 /proc/sys/kernel/../vm proc p p/sys /s/attr; do
        config --arg d "$path" '.mounts = [.mounts[0], {destination: $d, type: "tmpfs"}]'
        run inside true
        assert_status 3
        assert_output "/mounts/1: mount on $path: nothing may be mounted over or inside /proc"
    done
    add_mount /proc bind "$BUNDLE/rootfs/tmp" bind
    config '.mounts = [.mounts[0], .mounts[-1]]'
    run inside true
    assert_status 3
}

@test "the files of /proc that lxcfs fakes may be bound, and only as files" {
    echo 'MemTotal: 1 kB' >"$BATS_TEST_TMPDIR/meminfo"
    add_mount /proc/meminfo bind "$BATS_TEST_TMPDIR/meminfo" bind
    run inside 'cat /proc/meminfo'
    assert_status 0
    [ "$output" = 'MemTotal: 1 kB' ]
    add_mount /proc/version bind "$BATS_TEST_TMPDIR/meminfo" bind
    run inside true
    assert_status 3
}

@test "the host's procfs may be bound on /proc, but no part of it" {
    config 'del(.linux.maskedPaths, .linux.readonlyPaths) | .linux.namespaces |= map(select(.type != "pid"))
        | .mounts[0] = {destination: "/proc", type: "bind", source: "/proc", options: ["rbind", "nosuid"]}'
    run inside 'test -e /proc/self/status'
    assert_status 0
    config '.mounts[0].source = "/proc/1"'
    run inside true
    assert_status 3
}

@test "in a user namespace without its own network namespace, sysfs is refused with the reason" {
    with_user_namespace
    config '.linux.namespaces |= map(select(.type != "network"))'
    run inside true
    assert_status 1
    assert_output '/mounts/5: mount sysfs on /sys'
    assert_output 'sysfs needs a network namespace that belongs to the container'
    assert_output 'Operation not permitted'
    assert_nothing_left
}

@test "the caller's umask changes no mode" {
    mkdir "$BATS_TEST_TMPDIR/host"
    add_mount /made/for/it bind "$BATS_TEST_TMPDIR/host" bind
    umask 077
    run inside 'stat -c %a /made /made/for /dev/null /dev/pts'
    umask 022
    [ "$output" = $'755\n755\n666\n755' ]
}

# --- cgroups

@test "cgroup: every hierarchy of the host is there, with the container's cgroup as its root, read-only" {
    [ "$(stat -fc %T /sys/fs/cgroup)" = tmpfs ] || skip "the host has cgroup v2 alone"
    run inside 'cat /proc/self/mountinfo; mkdir /sys/fs/cgroup/x; for h in /sys/fs/cgroup/*/; do mkdir $h/x; done; true'
    assert_status 0
    local hierarchy
    for hierarchy in /sys/fs/cgroup/*/; do
        mountpoint -q "$hierarchy" && [ ! -h "${hierarchy%/}" ] || continue
        assert_output " / ${hierarchy%/} ro,"
    done
    [ "$(grep -c 'can.t create directory .*Read-only file system' <<<"$output")" -ge 3 ]
    [ "$(grep 'can.t create directory' <<<"$output" | grep -cv 'Read-only')" = 0 ]
}

@test "cgroup without a cgroup namespace: the container's own cgroups are bound, read-only" {
    [ "$(stat -fc %T /sys/fs/cgroup)" = tmpfs ] || skip "the host has cgroup v2 alone"
    config '.linux.namespaces |= map(select(.type != "cgroup"))'
    run inside 'grep /sys/fs/cgroup/memory /proc/self/mountinfo; mkdir /sys/fs/cgroup/memory/x'
    assert_status 1
    assert_output " $(grep :memory: /proc/self/cgroup | cut -d: -f3) /sys/fs/cgroup/memory ro,"
    assert_output 'Read-only file system'
}

@test "cgroup stays read-only in a user namespace" {
    # with version 2 there is nothing below the container's own cgroup
    local try='for h in /sys/fs/cgroup/ /sys/fs/cgroup/*/; do [ ! -d "$h" ] || mkdir "$h/x"; done'
    with_user_namespace
    run inside "$try"
    [ -n "$output" ]
    [ "$(grep -cv 'Read-only file system' <<<"$output")" = 0 ]
    config '.linux.namespaces |= map(select(.type != "cgroup"))'
    run inside "$try"
    [ -n "$output" ]
    [ "$(grep -cv 'Read-only file system' <<<"$output")" = 0 ]
}

@test "cgroup on cgroup v2: one mount, read-only or writable as asked" {
    [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ] || skip "the host has no cgroup v2 alone"
    run mount_inside /sys/fs/cgroup
    assert_output 'ro,nosuid,nodev,noexec,relatime'
    assert_output ' - cgroup2 '
    config '.mounts[-1].options -= ["ro"]'
    run mount_inside /sys/fs/cgroup
    assert_output 'rw,nosuid,nodev,noexec,relatime'
}

@test "a mount of cgroup v2 without a cgroup namespace leaves the options of the host's" {
    local where=/sys/fs/cgroup
    [ "$(stat -fc %T $where)" = cgroup2fs ] || skip "the host has no cgroup v2 alone"
    local before
    before=$(grep " $where " /proc/mounts)
    config '.linux.namespaces |= map(select(.type != "cgroup"))'
    run mount_inside $where
    assert_status 0
    assert_output ' - cgroup2 '
    [ "$(grep " $where " /proc/mounts)" = "$before" ]
}
