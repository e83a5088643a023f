# podman runs containers with ocr, as root.
#
# Not tested: networks other than none (they are podman's), exec, terminals (not there yet).

load lib
bats_require_minimum_version 1.5.0

setup_file() {
    command -v podman >/dev/null || skip "podman is not installed"
    [ "$(id -u)" = 0 ] || skip "needs root"
    # No limit higher than those here, which root may not be allowed to raise; and no pids limit unless asked for, since
    # there may be no such controller.
    cat >"$BATS_FILE_TMPDIR/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=512:512", "nproc=512:512"]
pids_limit = 0
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime_supports_json = ["ocr"]
runtime_supports_nocgroup = ["ocr"]
CONF
    local image=$BATS_FILE_TMPDIR/image name
    mkdir -p "$image"/{bin,dev,etc,proc,root,sys,tmp}
    cp "$(command -v busybox)" "$image/bin/busybox"
    for name in $(busybox --list); do ln -s busybox "$image/bin/$name" 2>/dev/null || true; done
    printf 'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n' >"$image/etc/passwd"
    printf 'root:x:0:\nuser:x:1000:\n' >"$image/etc/group"
    tar -C "$image" -cf "$BATS_FILE_TMPDIR/image.tar" .
    pod import --quiet "$BATS_FILE_TMPDIR/image.tar" busybox >&2
}

setup() {
    ID=podman-$$-$BATS_TEST_NUMBER-$RANDOM
}

teardown() {
    pod rm --force --time 0 --all >/dev/null 2>&1 || true
}

teardown_file() {
    pod rm --force --time 0 --all >/dev/null 2>&1 || true
    umount -R "$BATS_FILE_TMPDIR/root" 2>/dev/null || true
}

# podman with its own storage, and ocr.
pod() {
    CONTAINERS_CONF=$BATS_FILE_TMPDIR/containers.conf podman --root "$BATS_FILE_TMPDIR/root" \
        --runroot "$BATS_FILE_TMPDIR/runroot" --tmpdir "$BATS_FILE_TMPDIR/tmp" --storage-driver vfs \
        --runtime "$top/bin/ocr" "$@"
}

pod_run() {
    pod run --rm --name "$ID" --network none "$@"
}

# Skips unless a limit can be set: the controller, as v1 or as v2 names it.
need_controller() {
    [ -d "/sys/fs/cgroup/$1" ] || grep -qsw "$1" /sys/fs/cgroup/cgroup.controllers ||
        skip "no cgroup controller $1 here"
}

@test "a container's output and exit status are its program's" {
    run pod_run busybox sh -c 'echo to stdout; echo to stderr >&2; exit 7'
    assert_status 7
    assert_output "to stdout"
    assert_output "to stderr"
}

@test "a program that does not exist gives 127" {
    run -127 pod_run busybox /no/such/program
}

@test "a program that can't be executed gives 126" {
    run pod_run busybox /etc/passwd
    assert_status 126
}

@test "standard input arrives" {
    typed() { echo typed | pod_run --interactive busybox cat; }
    run typed
    assert_status 0
    assert_output typed
}

@test "a volume is the host's folder, and read-only when asked for" {
    mkdir "$BATS_TEST_TMPDIR/volume"
    run pod_run -v "$BATS_TEST_TMPDIR/volume:/volume" busybox sh -c 'echo from inside >/volume/file'
    assert_status 0
    [ "$(cat "$BATS_TEST_TMPDIR/volume/file")" = "from inside" ]
    run pod_run -v "$BATS_TEST_TMPDIR/volume:/volume:ro" busybox sh -c 'cat /volume/file; echo more >/volume/file'
    assert_status 1
    assert_output "from inside"
    assert_output "Read-only file system"
}

@test "a file can be a volume" {
    echo content >"$BATS_TEST_TMPDIR/file"
    run pod_run -v "$BATS_TEST_TMPDIR/file:/new/folder/file" busybox cat /new/folder/file
    assert_status 0
    assert_output content
}

@test "--memory limits the memory" {
    need_controller memory
    run pod_run --memory 64m busybox sh -c \
        'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; true'
    assert_status 0
    assert_output 67108864
}

@test "--pids-limit limits the processes" {
    need_controller pids
    run pod_run --pids-limit 5 busybox sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 10 & done; echo all started'
    assert_output "can't fork"
}

@test "--user gives the ids, by number or by name" {
    run pod_run --user 1234:5678 busybox id
    assert_status 0
    assert_output "uid=1234(1234) gid=5678(5678)"
    run pod_run --user user busybox id
    assert_output "uid=1000(user) gid=1000(user)"
}

@test "the default seccomp profile is loaded, unless none is asked for" {
    run pod_run busybox grep Seccomp: /proc/self/status
    assert_output "Seccomp:	2"
    run pod_run --security-opt seccomp=unconfined busybox grep Seccomp: /proc/self/status
    assert_output "Seccomp:	0"
}

@test "a seccomp profile of one's own confines" {
    jq -n '{defaultAction: "SCMP_ACT_ALLOW",
            syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 25}]}' >"$BATS_TEST_TMPDIR/profile"
    run pod_run --security-opt "seccomp=$BATS_TEST_TMPDIR/profile" busybox mkdir /folder
    assert_status 1
    assert_output "Inappropriate ioctl for device"
}

@test "--read-only makes the root read-only, with a writable /tmp" {
    run pod_run --read-only busybox sh -c 'echo x >/tmp/file && echo tmp written; echo x >/file'
    assert_status 1
    assert_output "tmp written"
    assert_output "Read-only file system"
}

@test "--cap-drop and --cap-add decide the capabilities" {
    run pod_run --cap-drop all busybox grep Cap /proc/self/status
    assert_output "CapEff:	0000000000000000"
    assert_output "CapBnd:	0000000000000000"
    run pod_run --cap-drop all --cap-add net_admin busybox grep Cap /proc/self/status
    assert_output "CapEff:	0000000000001000"
    run pod_run --cap-drop chown busybox chown 1:1 /tmp
    assert_status 1
    assert_output "Operation not permitted"
}

@test "--hostname, --env and --workdir arrive" {
    run pod_run --hostname inside --env KEY=VALUE --workdir /tmp busybox sh -c 'hostname; echo $KEY; pwd'
    assert_status 0
    [ "$output" = $'inside\nVALUE\n/tmp' ]
}

@test "--cgroups=disabled makes no cgroup" {
    run pod_run --cgroups=disabled busybox true
    assert_status 0
}

@test "--uidmap makes a user namespace" {
    need_user_namespaces
    run pod_run --uidmap 0:100000:65536 --gidmap 0:100000:65536 busybox cat /proc/self/uid_map
    assert_status 0
    assert_output "100000      65536"
}

@test "detached: stop ends it, by its signal, and rm removes it" {
    run pod run -d --name "$ID" --network none busybox sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
    assert_status 0
    run pod inspect --format '{{.State.Status}} {{.OCIRuntime}}' "$ID"
    assert_output "running $top/bin/ocr"
    run pod stop --time 20 "$ID"
    assert_status 0
    run pod inspect --format '{{.State.Status}} {{.State.ExitCode}}' "$ID"
    assert_output "exited 3"
    run pod rm "$ID"
    assert_status 0
}

@test "create and start are two steps; kill sends the signal named" {
    run pod create --name "$ID" --network none busybox sleep 100
    assert_status 0
    run pod start "$ID"
    assert_status 0
    run pod kill --signal KILL "$ID"
    assert_status 0
    run pod wait "$ID"
    assert_output 137
}

@test "a pod's containers share its namespaces" {
    skip_without_pause
    pod pod create --name "$ID-pod" --network none --infra-image busybox --infra-command 'sleep 100' >&2
    run pod run --rm --pod "$ID-pod" busybox hostname
    assert_status 0
    assert_output "$ID-pod"
    pod pod rm --force --time 0 "$ID-pod" >&2
}

# A pod's first container is podman's own image unless another is named, as here.
skip_without_pause() {
    pod pod create --help 2>&1 | grep -q -- --infra-image || skip "this podman has no --infra-image"
}

@test "nothing is left when a container is gone" {
    local container
    container=$(pod create --network none busybox true)
    run pod start --attach "$container"
    assert_status 0
    run pod rm "$container"
    assert_status 0
    [ ! -e "/run/ocr/$container" ]
    [ -z "$(find /sys/fs/cgroup -name "*$container*" 2>/dev/null)" ]
}
