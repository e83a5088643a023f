#!/usr/bin/env bats
# ocr-process: who the payload is, what it may use, and that nothing of the caller or of the walk is left in it.
# Capabilities and seccomp are in capabilities.bats; environment, folder and program in payload.bats.

bats_require_minimum_version 1.5.0 # for `run !`

load lib

# in_container SCRIPT: runs it in a container; `run` has its output.
in_container() {
    container_runs "$1"
    run run_container
}

# userns: the config gets a user namespace, whose root may use the bundle.
userns() {
    need_user_namespaces
    config '.linux.namespaces += [{"type": "user"}] | del(.mounts[] | select(.type == "cgroup" or .type == "sysfs"))
        | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
    chmod -R a+rX "$BATS_TEST_TMPDIR"
    chown -R 100000:100000 "$BUNDLE/rootfs"
}

@test "the payload is root without additional groups unless the config says otherwise" {
    in_container 'id; grep Groups /proc/self/status'
    [ "${lines[0]}" = "uid=0(root) gid=0(root)" ]
    [ "${lines[1]}" = "Groups:	 " ]
    config 'del(.process.user)'
    in_container 'id -u; id -g'
    [ "$output" = $'0\n0' ]
}

@test "uid, gid and additional groups are those of the config" {
    config '.process.user = {"uid": 1000, "gid": 1001, "additionalGids": [5, 4294967294]}'
    in_container 'grep -E "^(Uid|Gid|Groups)" /proc/self/status'
    [ "${lines[0]}" = $'Uid:\t1000\t1000\t1000\t1000' ]
    [ "${lines[1]}" = $'Gid:\t1001\t1001\t1001\t1001' ]
    [ "${lines[2]}" = $'Groups:\t5 4294967294 ' ]
}

@test "in a user namespace the ids are those inside, and one that is not mapped is refused" {
    userns
    config '.process.user = {"uid": 7, "gid": 8, "additionalGids": [9]}'
    in_container 'id -u; id -g; id -G'
    [ "$output" = $'7\n8\n8 9' ]
    config '.process.user.uid = 70000'
    run run_container
    [ "$status" -ne 0 ]
    assert_output "/process/user/uid: "
    config '.process.user = {"uid": 0, "gid": 0, "additionalGids": [70000]}'
    run run_container
    [ "$status" -ne 0 ]
    assert_output "/process/user/additionalGids"
}

@test "umask is 022, or that of the config, whatever the caller's is" {
    umask 077
    in_container umask
    [ "$output" = 0022 ]
    config '.process.user.umask = 63'
    in_container umask
    [ "$output" = 0077 ]
    config '.process.user.umask = 0'
    in_container umask
    [ "$output" = 0000 ]
}

@test "rlimits are set, also below what the walk itself needs" {
    config '.process.rlimits = [
        {"type": "RLIMIT_NOFILE", "soft": 3, "hard": 20}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 4096},
        {"type": "RLIMIT_FSIZE", "soft": 0, "hard": 0}, {"type": "RLIMIT_MEMLOCK", "soft": 4096, "hard": 8192}]
        | .process.args = ["/bin/busybox", "sh", "-c", "ulimit -n; ulimit -Hn; ulimit -c; ulimit -Hc; ulimit -f; ulimit -l; ulimit -Hl"]'
    run run_container
    assert_status 0
    [ "$output" = "$(printf '3\n20\n0\n8\n0\n4\n8')" ]
}

@test "a limit that can't be had is refused with its pointer" {
    # More than fs.nr_open, which no capability overcomes (proc(5)).
    config '.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}, {"type": "RLIMIT_NOFILE", "soft": 2, "hard": 1099511627776}]'
    run run_container
    assert_status 1
    assert_output "ocr-process: /process/rlimits/1: set the limit to 2, hard 1099511627776: Operation not permitted"
    assert_nothing_left
}

@test "the caller's soft limits do not hit the walk" {
    container_runs 'ulimit -n'
    run bash -c 'ulimit -S -n 64; ulimit -S -s 256; exec "$@"' - "$top/bin/ocr" --root "$ROOT" run -b "$BUNDLE" "$ID"
    assert_status 0
    [ "$output" = 1024 ]
}

# Of proc(5), /proc/PID/stat: 19 is nice, 41 the policy.
@test "the scheduler is that of the config" {
    config '.process.scheduler = {"policy": "SCHED_BATCH", "nice": 5}'
    in_container 'cut -d" " -f19,41 /proc/self/stat'
    [ "$output" = "5 3" ]
    config '.process.scheduler = {"policy": "SCHED_IDLE", "flags": ["SCHED_FLAG_RESET_ON_FORK"]}'
    in_container 'exec cut -d" " -f41 /proc/self/stat'
    [ "$output" = 5 ]
}

@test "a scheduler that the kernel refuses stops the start" {
    config '.process.scheduler = {"policy": "SCHED_ISO"}' # a number that Linux keeps free
    run run_container
    assert_status 1
    assert_output "ocr-process: /process/scheduler: set the scheduling policy: Invalid argument"
    assert_nothing_left
}

@test "the I/O priority is that of the config" {
    config '.process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 6}'
    in_container 'ionice'
    [ "$output" = "best-effort: prio 6" ]
    config '.process.ioPriority = {"class": "IOPRIO_CLASS_IDLE"}'
    in_container 'ionice'
    assert_output idle
}

@test "the personality is that of the config" {
    [ "$(uname -m)" = x86_64 ] || skip "PER_LINUX32 shows in uname only where the machine has 64 bits"
    config '.linux.personality = {"domain": "LINUX32"}'
    in_container 'uname -m'
    [ "$output" = i686 ]
    config '.linux.personality = {"domain": "LINUX"}'
    in_container 'uname -m'
    [ "$output" = x86_64 ]
}

@test "the memory policy is that of the config" {
    [ -e /proc/self/numa_maps ] || skip "this kernel has no NUMA"
    config '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}'
    in_container 'cat /proc/self/numa_maps'
    assert_output " bind=static:0 "
    config '.linux.memoryPolicy = {"mode": "MPOL_LOCAL"}'
    in_container 'cat /proc/self/numa_maps'
    assert_output " local "
}

@test "memory nodes that do not exist stop the start" {
    [ -e /proc/self/numa_maps ] || skip "this kernel has no NUMA"
    config '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "0,1000-1023"}'
    run run_container
    assert_status 1
    assert_output "ocr-process: /linux/memoryPolicy/nodes: there is no memory node 1000 here"
    config '.linux.memoryPolicy.nodes = "0-4294967296"'
    run run_container
    [ "$status" -ne 0 ]
    assert_output "/linux/memoryPolicy/nodes"
}

@test "the payload leads a session of its own and has no terminal" {
    container_runs 'cut -d" " -f1,5,6,7 /proc/self/stat; cut -d" " -f1,5,6,7 /proc/1/stat'
    run script -qec "$top/bin/ocr --root $ROOT run -b $BUNDLE $ID" /dev/null
    assert_output "1 1 1 0"
}

@test "the session keyring is the container's own and has its name" {
    [ -e /proc/keys ] || skip "this kernel has no keys"
    config 'del(.linux.maskedPaths)'
    container_runs 'cat /proc/keys'
    run run_container --no-new-keyring
    assert_status 0
    run ! grep -qF "$ID" <<<"$output"
    run run_container
    assert_output "$ID: empty"
}

@test "a keyring that somebody laid out under the container's id is not joined" {
    command -v keyctl >/dev/null || skip "keyctl is not installed"
    config 'del(.linux.maskedPaths)'
    container_runs 'cat /proc/keys'
    run keyctl session "$ID" sh -c '
        keyctl setperm @s 0x3f3f3f3f && keyctl add user trap-of-'"$ID"' data @s >/dev/null &&
        keyctl session - "$@"' - "$top/bin/ocr" --root "$ROOT" run -b "$BUNDLE" "$ID"
    assert_status 0
    assert_output "keyring   _ses: empty"
}

@test "signals that the caller blocks or ignores are not blocked or ignored" {
    config '.process.args = ["/bin/grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"]'
    run env --block-signal=TERM,INT,USR1,RTMIN --ignore-signal=HUP,PIPE,CHLD,QUIT,RTMAX \
        "$top/bin/ocr" --root "$ROOT" run -b "$BUNDLE" "$ID"
    assert_status 0
    assert_output $'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000'
}

@test "the payload does not die with the process that made it" {
    container_runs 'touch /tmp/begun; sleep 0.5; echo still here >/tmp/alive'
    run_container --detach </dev/null >/dev/null 2>&1
    for _ in $(seq 30); do [ ! -e "$BUNDLE/rootfs/tmp/alive" ] || break; sleep 0.1; done
    [ "$(cat "$BUNDLE/rootfs/tmp/alive")" = "still here" ]
}

@test "only the fds 0 to 2 are open, whatever the caller left open" {
    config '.process.args = ["/bin/ls", "/proc/self/fd"]'
    exec 5</ 9</etc 77<"$BUNDLE"
    run run_container
    assert_status 0
    [ "$output" = $'0\n1\n2\n3' ] # 3 is the one with which ls reads the folder
}

@test "closed standard fds are /dev/null for the payload" {
    container_runs 'fds=$(for fd in 0 1 2; do stat -L -c "%F %t:%T" /proc/1/fd/$fd; done); echo "$fds" >/tmp/fds'
    command ocr --root "$ROOT" run -b "$BUNDLE" "$ID" <&- >&- 2>&-
    [ "$(cat "$BUNDLE/rootfs/tmp/fds")" = "$(for _ in 0 1 2; do echo character special file 1:3; done)" ]
}

@test "--preserve-fds hands on so many fds and no more" {
    echo from the caller >"$BATS_TEST_TMPDIR/file"
    container_runs 'cat <&3; ls /proc/self/fd'
    run bash -c 'exec 3<"$0" 4<"$0" 5<"$0"; exec "$@"' "$BATS_TEST_TMPDIR/file" \
        "$top/bin/ocr" --root "$ROOT" run --preserve-fds 2 -b "$BUNDLE" "$ID"
    assert_status 0
    [ "$output" = $'from the caller\n0\n1\n2\n3\n4\n5' ]
}

@test "a preserved fd of a host folder is no way to a folder outside" {
    config '.process.cwd = "/proc/self/fd/3" | .process.args = ["/bin/pwd"]'
    run bash -c 'exec 3</; exec "$@"' - "$top/bin/ocr" --root "$ROOT" run --preserve-fds 1 -b "$BUNDLE" "$ID"
    assert_status 1
    assert_output "ocr-process: /process/cwd: /proc/self/fd/3 is outside the root of the container"
    assert_nothing_left
}

@test "another user can open /dev/stdout when it is a pipe" {
    config '.process.user = {"uid": 1000, "gid": 1000}'
    container_runs 'echo through the device >/dev/stdout'
    run bash -c '"$@" 2>&1 | cat' - "$top/bin/ocr" --root "$ROOT" run -b "$BUNDLE" "$ID"
    [ "$output" = "through the device" ]
}

@test "a file or a named fifo of the host that is standard output keeps its owner" {
    config '.process.user = {"uid": 1000, "gid": 1000}'
    container_runs 'echo hello'
    run_container >"$BATS_TEST_TMPDIR/file"
    [ "$(cat "$BATS_TEST_TMPDIR/file")" = hello ]
    [ "$(stat -c %u "$BATS_TEST_TMPDIR/file")" = 0 ]
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    run_container 3<>"$BATS_TEST_TMPDIR/fifo" >&3
    [ "$(stat -c %u "$BATS_TEST_TMPDIR/fifo")" = 0 ]
}

@test "the last stage needs the stages before it" {
    run env -u OCR_BATON ocr-process
    assert_status 2
    assert_output "ocr-process: no baton"
    run ocr-process extra
    assert_status 2
    run ocr-process --help
    assert_status 0
    assert_output "usage: ocr-process"
}

@test "a config without a process can't be started, and says so" {
    config 'del(.process)'
    run run_container
    [ "$status" -ne 0 ]
    assert_output "/process"
    assert_nothing_left
}

@test "an AppArmor profile is the payload's" {
    [ -e /sys/kernel/security/apparmor/profiles ] || skip "this kernel has no AppArmor"
    config '.process.apparmorProfile = "unconfined"'
    container_runs 'cat /proc/self/attr/apparmor/current'
    run run_container
    assert_status 0
    assert_output unconfined
    config '.process.apparmorProfile = "no-such-profile"'
    run run_container
    assert_status 1
    assert_output "ocr-process: /process/apparmorProfile: set the profile no-such-profile (it is not loaded): No such file"
    assert_nothing_left
}

@test "an AppArmor profile on a kernel without AppArmor is refused" {
    [ ! -e /sys/kernel/security/apparmor/profiles ] || skip "this kernel has AppArmor"
    config '.process.apparmorProfile = "unconfined"'
    run run_container
    assert_status 1
    assert_output "ocr-process: /process/apparmorProfile: AppArmor is not enabled on this kernel"
    assert_nothing_left
}

@test "an AppArmor profile is not written into something that only looks like /proc" {
    config '.process.apparmorProfile = "unconfined" | .mounts |= map(select(.destination != "/proc")) | del(.linux.maskedPaths, .linux.readonlyPaths)'
    mkdir -p "$BUNDLE/rootfs/proc/thread-self/attr/apparmor"
    touch "$BUNDLE/rootfs/proc/thread-self/attr/apparmor/exec"
    run run_container
    assert_status 1
    assert_output "the container's /proc is no procfs"
    [ ! -s "$BUNDLE/rootfs/proc/thread-self/attr/apparmor/exec" ]
    assert_nothing_left
}
