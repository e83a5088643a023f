#!/usr/bin/env bats
# ocr-nsinit: namespaces; from here on we are two processes.

load lib

# nsinit SCRIPT: a shell in the place of the next stage, with the container half made.
nsinit() {
    ocr-validate -b "$BUNDLE" ocr-claim --root "$ROOT" "$ID" ocr-cgroup ocr-nsinit sh -c "$1"
}

# A shell that ends is a container side that went silent: the walk fails, after the shell has told what it saw.
seen() {
    run nsinit "$1"
    assert_status 1
}

namespace_of() {
    readlink "/proc/self/ns/$1"
}

@test "each namespace of the config is a new one, and no other is" {
    seen 'for n in pid net ipc uts cgroup mnt user; do echo "$n=$(readlink /proc/self/ns/$n)"; done'
    local n
    for n in net ipc uts cgroup mnt; do
        refute grep -qF "$n=$(namespace_of "$n")" <<<"$output"
    done
    assert_output "user=$(namespace_of user)"
}

@test "the process is pid 1 of a new pid namespace" {
    seen 'echo "pid $$"'
    assert_output "pid 1"
}

@test "host name and domain name are set" {
    config '.hostname = "alpha" | .domainname = "beta.example"'
    seen 'hostname; cat /proc/sys/kernel/domainname'
    assert_output alpha
    assert_output beta.example
    [ "$(hostname)" != alpha ]
}

@test "the loopback device of a new network is up" {
    seen 'ip addr show lo 2>/dev/null || cat /sys/class/net/lo/flags; cat /proc/net/if_inet6'
    assert_output "lo"
    seen 'busybox ping -c 1 -W 1 127.0.0.1'
    assert_output "1 packets received"
}

@test "sysctls are set in the namespace and not on the host" {
    local before
    before=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)
    config '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "77", "kernel.shmmax": "65536"}'
    seen 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shmmax'
    assert_output 77
    assert_output 65536
    [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" = "$before" ]
}

@test "a sysctl that the kernel does not have is refused with its pointer" {
    config '.linux.sysctl = {"net.ipv4.no_such_thing": "1"}'
    run nsinit true
    assert_status 1
    assert_output "ocr-nsinit: /linux/sysctl/net.ipv4.no_such_thing: open /proc/sys/net/ipv4/no_such_thing: No such file"
    assert_nothing_left
}

@test "oomScoreAdj is the container's and not ours" {
    config '.process.oomScoreAdj = 321'
    seen 'cat /proc/self/oom_score_adj'
    assert_output 321
    [ "$(cat /proc/self/oom_score_adj)" != 321 ]
}

@test "clock offsets hold in a new time namespace" {
    [ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"
    config '.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets = {"boottime": {"secs": 864000}}'
    seen 'cut -d. -f1 /proc/uptime'
    local uptime=${output%%$'\n'*}
    [ "$uptime" -ge 864000 ]
}

@test "a container in another time namespace, new or joined, is known by its start time on the host" {
    [ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"
    local pid
    unshare --time --boottime 86400 --fork --kill-child sleep 60 &
    local outer=$!
    until pid=$(pgrep -P "$outer"); do :; done
    config '.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets = {"boottime": {"secs": 864000}}'
    run_detached ocr create --bundle "$BUNDLE" "$ID"
    assert_status 0
    [ "$(ocr state "$ID" | jq -r .status)" = created ]
    config --arg pid "$pid" 'del(.linux.timeOffsets) | .linux.namespaces |= map(if .type == "time" then .path = "/proc/\($pid)/ns/time" else . end)'
    run_detached ocr create --bundle "$BUNDLE" "$ID-2"
    assert_status 0
    [ "$(ocr state "$ID-2" | jq -r .status)" = created ]
    [ "$(readlink "/proc/$(jq -r .pid <(ocr state "$ID-2"))/ns/time")" = "$(readlink "/proc/$pid/ns/time")" ]
    kill "$outer"
}

@test "a namespace can be joined by its path" {
    local pid
    unshare --net --uts --ipc sleep 60 &
    pid=$!
    until [ "$(readlink /proc/$pid/exe)" = "$(command -v sleep)" ]; do :; done
    config --arg pid "$pid" '.linux.namespaces |= map(
        if .type == "network" then .path = "/proc/\($pid)/ns/net"
        elif .type == "uts" then .path = "/proc/\($pid)/ns/uts"
        elif .type == "ipc" then .path = "/proc/\($pid)/ns/ipc" else . end)'
    seen 'readlink /proc/self/ns/net /proc/self/ns/uts /proc/self/ns/ipc'
    local want
    want=$(readlink /proc/$pid/ns/net /proc/$pid/ns/uts /proc/$pid/ns/ipc)
    kill "$pid"
    assert_output "$want"
}

@test "a joined pid namespace holds the process" {
    unshare --pid --fork --kill-child sleep 60 &
    local outer=$! inner=
    until inner=$(pgrep -P "$outer"); do :; done
    config --arg pid "$inner" '.linux.namespaces |= map(if .type == "pid" then .path = "/proc/\($pid)/ns/pid" else . end)'
    seen 'readlink /proc/self/ns/pid; echo "pid $$"'
    local want
    want=$(readlink "/proc/$inner/ns/pid")
    kill "$outer"
    assert_output "$want"
    refute grep -qx 'pid 1' <<<"$output"
}

@test "a path that is no namespace, of another type, a fifo or nothing is refused at once" {
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    local path
    export BUNDLE ROOT ID
    for path in /etc/passwd "$BATS_TEST_TMPDIR/fifo" /proc/self/ns/uts /no/such/path /dev/zero; do
        config --arg path "$path" '.linux.namespaces |= map(if .type == "network" then .path = $path else . end)'
        run timeout 10 bash -c "$(declare -f nsinit); nsinit true"
        [ "$status" -ne 0 ]
        [ "$status" -ne 124 ]
        assert_output "ocr-nsinit: /linux/namespaces/1: open the namespace $path"
        assert_nothing_left
    done
}

@test "in a new user namespace the process is root of it, mapped as the config says" {
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
    need_user_namespaces
    config '.linux.namespaces += [{"type": "user"}]
        | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}]
        | .linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 2000}]'
    seen 'echo $(id -u) $(id -g); echo $(cat /proc/self/uid_map) $(cat /proc/self/gid_map)'
    assert_output "0 0"
    assert_output "0 100000 1000 0 200000 2000"
}

@test "a user namespace can be joined, and the new namespaces belong to it" {
    need_user_namespaces
    unshare --user --map-root-user sleep 60 &
    local pid=$!
    until [ "$(readlink /proc/$pid/exe)" = "$(command -v sleep)" ]; do :; done
    until [ "$(wc -l </proc/$pid/uid_map)" = 1 ]; do :; done
    config --arg pid "$pid" '.linux.namespaces += [{"type": "user", "path": "/proc/\($pid)/ns/user"}]'
    seen 'readlink /proc/self/ns/user; echo "pid $$"; hostname'
    local want
    want=$(readlink /proc/$pid/ns/user)
    kill "$pid"
    assert_output "$want"
    assert_output "pid 1"
    assert_output ocr
}

@test "the container side has no fd of the host but its baton's socket" {
    seen 'for fd in /proc/self/fd/*; do echo "$fd $(readlink "$fd")"; done'
    refute grep -qE "$ROOT|cgroup" <<<"$output"
    run nsinit 'exec ocr-baton'
    assert_output programs
    assert_output sync
    refute grep -qE '^(state|cgroup[12][^ ]*) ' <<<"$output"
}

@test "the programs that follow cannot be written to" {
    run nsinit 'exec ocr-baton sh -c "for fd in /proc/self/fd/*; do [ -f \$fd/ocr-nsinit ] && echo x >>\$fd/ocr-nsinit; done; :"'
    refute grep -q 'x' <<<"$(tail -c 2 "$(command -v ocr-nsinit)")"
}

@test "the pid file holds the host's pid of the process" {
    run_detached ocr-validate -b "$BUNDLE" ocr-claim --root "$ROOT" "$ID" ocr-cgroup ocr-nsinit \
        --pid-file "$BATS_TEST_TMPDIR/pid" ocr-mounts ocr-pivot ocr-wait-fifo ocr-process
    assert_status 0
    local pid
    pid=$(cat "$BATS_TEST_TMPDIR/pid")
    grep -q "^process $pid " "$ROOT/$ID/journal"
    [ "$(awk '/^NSpid/ {print $NF}' "/proc/$pid/status")" = 1 ]
}

@test "a pid file that can't be written undoes the container" {
    run ocr-validate -b "$BUNDLE" ocr-claim --root "$ROOT" "$ID" ocr-cgroup ocr-nsinit --pid-file /no/such/folder/pid \
        ocr-mounts ocr-pivot ocr-wait-fifo ocr-process
    assert_status 1
    assert_output "ocr-nsinit: write the pid file /no/such/folder/pid: No such file or directory"
    assert_nothing_left
}

@test "a container side that is killed is told, with the stage that it was in" {
    seen 'kill -KILL $$; sleep 1 & kill -KILL -1'
    assert_output "ended without a word, while it was sh ("
    assert_nothing_left
}

@test "SIGTERM to the host side undoes the container" {
    nsinit 'sleep 60' 2>"$BATS_TEST_TMPDIR/error" &
    local walk=$!
    until grep -q ^process "$ROOT/$ID/journal" 2>/dev/null; do :; done
    kill -TERM "$(awk '/^walk/ {print $2}' "$ROOT/$ID/journal")"
    wait "$walk" || true
    grep -q 'interrupted by signal 15' "$BATS_TEST_TMPDIR/error"
    assert_nothing_left
}

@test "when the host side is killed the container side dies, and delete --force finds the rest" {
    nsinit 'sleep 60' &
    until grep -q ^process "$ROOT/$ID/journal" 2>/dev/null; do :; done
    local process
    process=$(awk '/^process/ {print $2}' "$ROOT/$ID/journal")
    kill -KILL "$(awk '/^walk/ {print $2}' "$ROOT/$ID/journal")"
    timeout 10 tail --pid="$process" -f /dev/null
    ocr-delete --root "$ROOT" --force "$ID"
    assert_nothing_left
}
