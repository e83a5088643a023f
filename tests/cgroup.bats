#!/usr/bin/env bats
# ocr-cgroup: a cgroup for the container, with the limits of linux.resources, on each kind of system that can be seen
# from here: version 1, version 2, hybrid. Controllers that none has are skipped; the guest has all of version 2.

load lib

# walk VIEW SCRIPT [OPTION...]: walks to the end of ocr-cgroup and runs SCRIPT there, on the host side, with $cgroup for
# the cgroup's path and `file CONTROLLER NAME...`, which prints the first of these files that the cgroup has. Deletes
# the container; fails if any cgroup is left.
walk() {
    local view=$1 script=$2
    shift 2
    # shellcheck disable=SC2016 # for the shells inside
    "$BATS_TEST_DIRNAME/in-view" "$view" sh -c '
        bundle=$1 root=$2 id=$3 script=$4
        shift 4
        status=0
        ocr-validate -b "$bundle" ocr-claim --root "$root" "$id" ocr-cgroup "$@" sh -c "$script" || status=$?
        [ ! -e "$root/$id" ] || ocr-delete --root "$root" --force "$id" || status=98
        [ -z "$(find /sys/fs/cgroup -maxdepth 3 -name "*$id*" 2>/dev/null)" ] || { echo "a cgroup is left" && status=99; }
        exit $status' sh "$BUNDLE" "$ROOT" "$ID" "
            cgroup=${CGROUP:-ocr-$ID}"'
            file() {
                for dir in "/sys/fs/cgroup/$1" /sys/fs/cgroup/unified /sys/fs/cgroup; do
                    for name in "$@"; do
                        [ ! -f "$dir/$cgroup/$name" ] || { cat "$dir/$cgroup/$name" && return; }
                    done
                done
                echo "no $*"
            }
            '"$script" "$@"
}

# gives CONTROLLER FILTER NAMES EXPECTED...: with this config the first of the files that there is holds one of the
# EXPECTED, in all views that have the controller.
gives() {
    local controller=$1 names=$3 expected view
    views_with "$controller"
    config "$2"
    shift 3
    for view in $views; do
        run walk "$view" "file $controller $names"
        assert_status 0
        for expected in "$@"; do [ "$output" != "$expected" ] || continue 2; done
        printf 'in %s: %s\n' "$view" "$output" >&2
        return 1
    done
}

# refused FILTER POINTER: with this config the stage fails, on every system, and names the pointer.
refused() {
    local view
    views_with
    config "$1"
    for view in $views; do
        run walk "$view" 'echo got through'
        [ "$status" -ne 0 ]
        [ "$status" -lt 98 ]
        assert_output "$2"
        case $output in *"got through"*) return 1 ;; esac
        [ ! -e "$ROOT/$ID" ]
        [ "$status" -ne 3 ] || break # refused for what it is, not for what the system has
    done
}

# needs_file VIEW CONTROLLER NAME: skips unless a new cgroup has this file.
needs_file() {
    run walk "$1" "file $2 $3"
    case $output in "no "* | *": no "*) skip "no $3 here" ;; esac
}

@test "there is a cgroup in each hierarchy, each in the journal, and the baton carries it" {
    views_with
    for view in $views; do
        run walk "$view" '
            made=$(find /sys/fs/cgroup -maxdepth 2 -type d -name "$cgroup" 2>/dev/null | sort)
            journal=$(sed -n "s/^cgroup //p" '"$ROOT/$ID"'/journal | sort)
            [ "$made" ] && [ "$made" = "$journal" ] && ocr-baton'
        assert_status 0
        assert_output "cgroup"
        case $view in
        v1) assert_output cgroup1.memory && ! assert_output cgroup2 2>/dev/null ;;
        v2) assert_output cgroup2 && ! assert_output cgroup1 2>/dev/null ;;
        hybrid) assert_output cgroup1.memory && assert_output cgroup2 ;;
        esac
    done
}

@test "the journal names what was not made yet before what was" {
    views_with
    view=${views%% *}
    config '.linux.cgroupsPath = "/a-'"$ID"'/b"'
    CGROUP=a-$ID/b run walk "$view" "cat '$ROOT/$ID/journal'"
    assert_status 0
    [ "$(grep -c ^cgroup-parent <<<"$output")" -eq "$(grep -c '^cgroup ' <<<"$output")" ]
    [ "$(grep ^cgroup <<<"$output" | head -1 | cut -d' ' -f1)" = cgroup-parent ]
}

@test "the process of a container is in its cgroups and nowhere else" {
    views_with
    container_runs 'sleep 100'
    for view in $views; do
        run "$BATS_TEST_DIRNAME/in-view" "$view" sh -c '
            ocr --root "$2" create -b "$1" "$3" >/dev/null || exit
            pid=$(cut -d" " -f1 "$2/$3/pid")
            grep -vE ":/ocr-$3\$" "/proc/$pid/cgroup"
            ocr --root "$2" delete --force "$3"' sh "$BUNDLE" "$ROOT" "$ID"
        # hierarchies that are not mounted in the view keep it where it was
        case $view in v2) output=$(grep ^0: <<<"$output" || true) ;; v1) output=$(grep -v ^0: <<<"$output" || true) ;; esac
        [ -z "$output" ]
    done
}

@test "linux.cgroupsPath is taken from the root, absolute or relative" {
    views_with
    for path in "/p-$ID/one" "p-$ID//./one/"; do
        config --arg path "$path" '.linux.cgroupsPath = $path'
        for view in $views; do
            # shellcheck disable=SC2016
            CGROUP=p-$ID/one run walk "$view" 'find /sys/fs/cgroup -path "*/$cgroup" -type d 2>/dev/null | grep -q . && ocr-baton'
            assert_status 0
            assert_output "/p-$ID/one"
        done
    done
}

@test "linux.cgroupsPath that leads out, is the root or is too long is refused" {
    refused '.linux.cgroupsPath = "../../escape"' /linux/cgroupsPath
    refused '.linux.cgroupsPath = "/a/../../b"' /linux/cgroupsPath
    refused '.linux.cgroupsPath = "/x\ncgroup /y"' /linux/cgroupsPath
    refused '.linux.cgroupsPath = "/"' /linux/cgroupsPath
    refused '.linux.cgroupsPath = "./"' /linux/cgroupsPath
    refused '.linux.cgroupsPath = "/" + ("a" * 300)' /linux/cgroupsPath
    refused '.linux.cgroupsPath = "/a" * 100' /linux/cgroupsPath
}

@test "a cgroup with processes in it is refused, and left as it is" {
    views_with pids
    config --arg path "/other-$ID" '.linux.cgroupsPath = $path'
    for view in $views; do
        # shellcheck disable=SC2016
        run "$BATS_TEST_DIRNAME/in-view" "$view" sh -c '
            other=/sys/fs/cgroup/pids/other-$3
            [ -d /sys/fs/cgroup/pids ] || other=/sys/fs/cgroup/other-$3
            mkdir "$other"
            sleep 100 >/dev/null 2>&1 &
            echo $! >"$other/cgroup.procs"
            ocr-validate -b "$1" ocr-claim --root "$2" "$3" ocr-cgroup true && echo got through
            kill -0 $! && cat "$other/cgroup.procs" && kill $! && wait
            rmdir "$other"
            find /sys/fs/cgroup -maxdepth 3 -name "*$3*" 2>/dev/null || true' sh "$BUNDLE" "$ROOT" "$ID"
        assert_output "ocr-cgroup: /linux/cgroupsPath: the cgroup"
        assert_output "exists and is in use"
        case $output in *"got through"* | *"No such process"* | */"other-$ID") return 1 ;; esac
        [ ! -e "$ROOT/$ID" ]
    done
}

@test "an empty cgroup that exists is taken over" {
    views_with pids
    config --arg path "/other-$ID" '.linux.cgroupsPath = $path | .linux.resources.pids.limit = 5'
    for view in $views; do
        # shellcheck disable=SC2016
        run "$BATS_TEST_DIRNAME/in-view" "$view" sh -c '
            other=/sys/fs/cgroup/pids/other-$3
            [ -d /sys/fs/cgroup/pids ] || other=/sys/fs/cgroup/other-$3
            mkdir "$other"
            ocr-validate -b "$1" ocr-claim --root "$2" "$3" ocr-cgroup cat "$other/pids.max"
            ocr-delete --root "$2" --force "$3"
            find /sys/fs/cgroup -maxdepth 3 -name "*$3*" 2>/dev/null || true' sh "$BUNDLE" "$ROOT" "$ID"
        [ "$output" = 5 ]
    done
}

# A parent that another container came to meanwhile stays: nobody can tell then who else counts on it.
@test "containers make and remove the same parent at once" {
    views_with
    config --arg path "/parent-$ID/" '.linux.cgroupsPath = $path'
    # shellcheck disable=SC2016
    run "$BATS_TEST_DIRNAME/in-view" "${views%% *}" sh -c '
        for i in 1 2 3 4; do
            mkdir -p "$1.$i/rootfs"
            jq ".linux.cgroupsPath += \"$i\"" "$1/config.json" >"$1.$i/config.json"
            for _ in 1 2 3 4 5 6 7 8; do
                ocr-validate -b "$1.$i" ocr-claim --root "$2" "$3-$i" ocr-cgroup true &&
                    ocr-delete --root "$2" --force "$3-$i" || echo failed
            done &
        done
        wait
        find /sys/fs/cgroup -maxdepth 2 -name "parent-$3" -exec rmdir {} + 2>/dev/null
        find /sys/fs/cgroup -maxdepth 3 -name "*$3*" 2>/dev/null || true' sh "$BUNDLE" "$ROOT" "$ID"
    [ -z "$output" ]
}

@test "a failure after the cgroups are made leaves none, nor the parents" {
    refused '.linux.cgroupsPath = "/q-'"$ID"'/r/s" | .linux.resources.cpu.period = 1' /linux/resources/cpu/period
}

@test "in version 2 the cgroup belongs to the container's user if it can be written to inside, its limits do not" {
    in_v2_view true || skip "no cgroup version 2"
    config '(.mounts[] | select(.type == "cgroup").options) -= ["ro"] | .process.user.uid = 7
        | .linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
        | .linux.gidMappings = .linux.uidMappings | .linux.resources.unified = {"hugetlb.2MB.max": "0"}'
    owners='cd /sys/fs/cgroup/$cgroup && stat -c %u . cgroup.procs hugetlb.2MB.max | tr "\n" " "'
    run walk v2 "$owners"
    [ "$output" = "100007 100007 0 " ]
    config '.mounts[] |= (select(.type == "cgroup").options += ["ro"])'
    run walk v2 "$owners"
    [ "$output" = "0 0 0 " ]
}

@test "--cgroup-manager disabled makes nothing, systemd is refused" {
    views_with
    for view in $views; do
        # shellcheck disable=SC2016
        run walk "$view" '! grep ^cgroup '"$ROOT/$ID"'/journal && ocr-baton' --cgroup-manager disabled
        assert_status 0
        ! assert_output cgroup 2>/dev/null
    done
    run walk "$view" true --cgroup-manager systemd
    assert_output "--cgroup-manager systemd is not supported yet"
    run walk "$view" true --cgroup-manager=nonsense
    assert_status 2
}

@test "without a cgroup file system the stage says what to do" {
    run unshare --mount --propagation private sh -c '
        umount --recursive /sys/fs/cgroup && ocr-validate -b "$1" ocr-claim --root "$2" "$3" ocr-cgroup true' \
        sh "$BUNDLE" "$ROOT" "$ID"
    assert_status 1
    assert_output "no cgroup file system is mounted at /sys/fs/cgroup"
    [ ! -e "$ROOT/$ID" ]
}

@test "a controller that the system lacks is refused, with the pointer of what asked for it" {
    # shellcheck disable=SC2016
    in_v2_view sh -c '! grep -qw memory /sys/fs/cgroup/cgroup.controllers' || skip "version 2 has memory here"
    config '.linux.resources.memory.limit = 100000000'
    run walk v2 true
    assert_status 1
    assert_output "ocr-cgroup: /linux/resources/memory/limit: this system has no cgroup controller memory"
}

# --- memory

@test "memory.limit" {
    gives memory '.linux.resources.memory.limit = 16777216' 'memory.max memory.limit_in_bytes' 16777216
}

@test "memory.limit -1 is no limit" {
    gives memory '.linux.resources.memory.limit = -1' 'memory.max memory.limit_in_bytes' max 9223372036854771712
}

@test "memory.swap counts memory and swap together" {
    gives memory '.linux.resources.memory |= {limit: 16777216, swap: 20971520}' \
        'memory.swap.max memory.memsw.limit_in_bytes' 4194304 20971520
}

@test "memory.swap lower than what the cgroup has is set before the limit" {
    views_with memory
    case $views in *v1*) ;; *) skip "for version 1" ;; esac
    config --arg path "/old-$ID" '.linux.cgroupsPath = $path | .linux.resources.memory |= {limit: 33554432, swap: 50331648}'
    # shellcheck disable=SC2016
    run in_v1_view sh -c '
        old=/sys/fs/cgroup/memory/old-$3
        mkdir "$old" && echo 4194304 >"$old/memory.limit_in_bytes" && echo 8388608 >"$old/memory.memsw.limit_in_bytes"
        ocr-validate -b "$1" ocr-claim --root "$2" "$3" ocr-cgroup cat "$old/memory.limit_in_bytes" "$old/memory.memsw.limit_in_bytes"
        ocr-delete --root "$2" --force "$3"' sh "$BUNDLE" "$ROOT" "$ID"
    [ "$output" = $'33554432\n50331648' ]
}

@test "memory.swap without a limit, or lower than it, is refused" {
    views_with memory
    refused '.linux.resources.memory |= {swap: 20971520}' /linux/resources/memory/
    refused '.linux.resources.memory |= {limit: 20971520, swap: 16777216}' /linux/resources/memory/
}

@test "memory.reservation" {
    gives memory '.linux.resources.memory.reservation = 8388608' 'memory.low memory.soft_limit_in_bytes' 8388608
}

@test "memory.swappiness and disableOOMKiller are version 1's" {
    views_with memory
    for view in $views; do
        config '.linux.resources.memory = {swappiness: 10}'
        run walk "$view" 'file memory memory.swappiness'
        case $view in
        v2) assert_output "/linux/resources/memory/swappiness: cgroup version 2 has no memory.swappiness" ;;
        *) [ "$output" = 10 ] ;;
        esac
        config '.linux.resources.memory = {disableOOMKiller: true}'
        run walk "$view" 'file memory memory.oom_control'
        case $view in
        v2) assert_output "/linux/resources/memory/disableOOMKiller: cgroup version 2 has no memory.oom_control" ;;
        *) assert_output "oom_kill_disable 1" ;;
        esac
    done
}

@test "what Docker always sends asks for nothing" {
    views_with
    config '.linux.resources |= . + {memory: {disableOOMKiller: false, kernel: -1, swap: -1}, cpu: {shares: 0}, pids: {limit: -1},
        blockIO: {weight: 0}}'
    for view in $views; do
        [ "$view" != v2 ] || config 'del(.linux.resources.memory.swap)'
        run walk "$view" true
        assert_status 0
    done
}

@test "kernel memory is limited or refused, never ignored" {
    views_with memory
    config '.linux.resources.memory = {kernel: 8388608}'
    for view in $views; do
        run walk "$view" 'file memory memory.kmem.limit_in_bytes'
        [ "$output" = 8388608 ] || assert_output /linux/resources/memory/kernel
    done
}

# --- cpu

@test "cpu.shares, as a weight in version 2" {
    gives cpu '.linux.resources.cpu.shares = 1024' 'cpu.weight cpu.shares' 100 1024
    gives cpu '.linux.resources.cpu.shares = 2' 'cpu.weight cpu.shares' 1 2
    gives cpu '.linux.resources.cpu.shares = 262144' 'cpu.weight cpu.shares' 10000 262144
    gives cpu '.linux.resources.cpu.shares = 512' 'cpu.weight cpu.shares' 59 512
}

@test "cpu.shares that the kernel would change are refused" {
    views_with cpu
    refused '.linux.resources.cpu.shares = 1' /linux/resources/cpu/shares
    refused '.linux.resources.cpu.shares = 262145' /linux/resources/cpu/shares
}

@test "cpu.quota and period" {
    gives cpu '.linux.resources.cpu |= {quota: 20000, period: 50000}' 'cpu.max cpu.cfs_quota_us' '20000 50000' 20000
    gives cpu '.linux.resources.cpu |= {quota: 20000, period: 50000}' 'cpu.max cpu.cfs_period_us' '20000 50000' 50000
    gives cpu '.linux.resources.cpu |= {quota: -1}' 'cpu.max cpu.cfs_quota_us' 'max 100000' -1
    gives cpu '.linux.resources.cpu |= {period: 40000}' 'cpu.max cpu.cfs_period_us' 'max 40000' 40000
    refused '.linux.resources.cpu |= {quota: 1}' /linux/resources/cpu/quota
}

@test "cpu.burst" {
    views_with cpu
    needs_file "${views%% *}" cpu "cpu.max.burst cpu.cfs_burst_us"
    gives cpu '.linux.resources.cpu |= {quota: 20000, burst: 10000}' 'cpu.max.burst cpu.cfs_burst_us' 10000
}

@test "cpu.idle, with shares" {
    views_with cpu
    needs_file "${views%% *}" cpu cpu.idle
    gives cpu '.linux.resources.cpu |= {shares: 100, idle: 1}' cpu.idle 1
}

@test "real-time limits are version 1's" {
    views_with cpu
    config '.linux.resources.cpu = {realtimeRuntime: 1000, realtimePeriod: 500000}'
    for view in $views; do
        run walk "$view" 'file cpu cpu.rt_period_us'
        [ "$output" = 500000 ] || assert_output /linux/resources/cpu/realtime
    done
}

@test "cpus and mems" {
    gives cpuset '.linux.resources.cpu |= {cpus: "0", mems: "0"}' cpuset.cpus 0
    gives cpuset '.linux.resources.cpu |= {cpus: "0", mems: "0"}' cpuset.mems 0
}

@test "cpus below new parents work, as they do without any" {
    views_with cpuset
    config '.linux.cgroupsPath = "/c-'"$ID"'/d/e"'
    for view in $views; do
        # shellcheck disable=SC2016
        CGROUP=c-$ID/d/e run walk "$view" 'file cpuset cpuset.effective_cpus cpuset.cpus.effective; cat /sys/fs/cgroup/cpuset/cpuset.cpus'
        [ "$view" = v2 ] || [ "${lines[0]}" = "${lines[1]}" ]
    done
    CGROUP=c-$ID/d/e gives cpuset '.linux.resources.cpu.cpus = "0"' cpuset.cpus 0
}

@test "cpus and mems that are not there are refused" {
    views_with cpuset
    refused '.linux.resources.cpu |= {cpus: "1000"}' /linux/resources/cpu/cpus
    refused '.linux.resources.cpu |= {cpus: "0-1000"}' /linux/resources/cpu/cpus
    refused '.linux.resources.cpu |= {mems: "63"}' /linux/resources/cpu/mems
}

# --- pids

@test "pids.limit" {
    gives pids '.linux.resources.pids.limit = 20' pids.max 20
    gives pids '.linux.resources.pids.limit = -1' pids.max max
}

@test "pids.limit 0 is a limit since version 1.3 of the spec, and was none before" {
    gives pids '.ociVersion = "1.3.0" | .linux.resources.pids.limit = 0' pids.max 1
    gives pids '.ociVersion = "1.0.2-dev" | .linux.resources.pids.limit = 0' pids.max max
}

@test "pids.limit holds" {
    views_with pids
    config '.linux.resources.pids.limit = 3'
    container_runs 'sleep 1 & sleep 1 & sleep 1 & sleep 1 & wait'
    for view in $views; do
        run "$BATS_TEST_DIRNAME/in-view" "$view" ocr --root "$ROOT" run -b "$BUNDLE" "$ID"
        assert_output "can't fork"
    done
}

# --- blockIO

disk() { # MAJOR:MINOR of a disk
    local dev
    dev=$(cat /sys/block/*/dev 2>/dev/null | grep -vE '^(1|7|11):' | head -1)
    [ "$dev" ] || skip "no disk here"
    major=${dev%:*} minor=${dev#*:}
}

@test "blockIO: rates" {
    disk
    views_with blkio 2>/dev/null
    local device="{major: $major, minor: $minor, rate: 1048576}" view
    config ".linux.resources.blockIO = {throttleReadBpsDevice: [$device], throttleWriteIOPSDevice: [$device]}"
    for view in $views; do
        run walk "$view" 'file blkio blkio.throttle.read_bps_device; file blkio blkio.throttle.write_iops_device'
        [ "$output" = "$major:$minor 1048576"$'\n'"$major:$minor 1048576" ]
    done
}

@test "blockIO: rates, in version 2" {
    disk
    views_with io
    local device="{major: $major, minor: $minor, rate: 1048576}" view
    config ".linux.resources.blockIO = {throttleReadBpsDevice: [$device], throttleWriteIOPSDevice: [$device]}"
    for view in $views; do
        run walk "$view" 'file io io.max'
        [ "$output" = "$major:$minor rbps=1048576 wbps=max riops=max wiops=1048576" ]
    done
}

@test "blockIO: weights are set, or refused where the kernel has none" {
    views_with
    config '.linux.resources.blockIO.weight = 500'
    for view in $views; do
        run walk "$view" 'file blkio blkio.bfq.weight blkio.weight io.bfq.weight io.weight'
        case $output in
        500 | *"default 500" | "default 4950") ;;
        *) assert_output "ocr-cgroup: /linux/resources/blockIO/weight: " ;;
        esac
    done
}

@test "blockIO: a device that does not exist is refused" {
    refused '.linux.resources.blockIO.throttleReadBpsDevice = [{major: 4000, minor: 1, rate: 1}]' \
        /linux/resources/blockIO/throttleReadBpsDevice/0
}

# --- hugepageLimits, network, rdma, unified

@test "hugepageLimits" {
    gives hugetlb '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]' \
        'hugetlb.2MB.max hugetlb.2MB.limit_in_bytes' 4194304
    gives hugetlb '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]' \
        'hugetlb.2MB.rsvd.max hugetlb.2MB.rsvd.limit_in_bytes' 4194304
}

@test "hugepageLimits: a size that is none, or not this machine's, is refused" {
    refused '.linux.resources.hugepageLimits = [{pageSize: "3MB", limit: 4194304}]' /linux/resources/hugepageLimits/0
    refused '.linux.resources.hugepageLimits = [{pageSize: "../2MB", limit: 1}]' /linux/resources/hugepageLimits/0
    refused '.linux.resources.hugepageLimits = [{pageSize: "/../../x2MB", limit: 1}]' /linux/resources/hugepageLimits/0
}

@test "network limits are set, or refused where there is no version 1 controller" {
    views_with
    config '.linux.resources.network = {classID: 1048577}'
    for view in $views; do
        run walk "$view" 'file net_cls net_cls.classid'
        [ "$output" = 1048577 ] || assert_output /linux/resources/network/classID
    done
    config '.linux.resources.network = {priorities: [{name: "lo", priority: 3}]}'
    for view in $views; do
        run walk "$view" 'file net_prio net_prio.ifpriomap'
        assert_output "lo 3" 2>/dev/null || assert_output /linux/resources/network/priorities/0
    done
}

@test "rdma: a device that is not there, or is no name, is refused" {
    refused '.linux.resources.rdma = {"mlx9_9": {hcaHandles: 3}}' /linux/resources/rdma/mlx9_9
    refused '.linux.resources.rdma = {"a hca_object=1\nb": {hcaHandles: 3}}' /linux/resources/rdma
    refused '.linux.resources.rdma = {"a b": {hcaHandles: 3}}' /linux/resources/rdma
    refused '.linux.resources.rdma = {"../x": {hcaHandles: 3}}' /linux/resources/rdma
}

@test "unified: files of version 2, over what the other limits say" {
    gives_unified() {
        views_with "$1"
        config "$2"
        for view in $views; do
            run walk "$view" "file unified $3"
            [ "$output" = "$4" ] || assert_output "/linux/resources/unified/$3: "
            [ "$view" != v2 ] || [ "$output" = "$4" ]
        done
    }
    gives_unified hugetlb '.linux.resources |= . + {unified: {"hugetlb.2MB.max": "2097152"}}' hugetlb.2MB.max 2097152
    gives_unified pids '.linux.resources |= {pids: {limit: 9}, unified: {"pids.max": "7"}}' pids.max 7
}

@test "unified: what is not a controller's file is refused" {
    for key in cgroup.procs cgroup.threads cgroup.subtree_control ../x.y memory/../cgroup.procs nodot x.nothing memory.nonsense; do
        refused ".linux.resources.unified = {\"$key\": \"$$\"}" "/linux/resources/unified/${key//\//\~1}"
        # the number was that of a process of this test, which must be where it was
        [ "$(grep -c "$ID" "/proc/$$/cgroup")" = 0 ]
    done
}

# --- devices

# with_devices RULES SCRIPT: a container that may make nodes, with these rules, runs SCRIPT in each view.
with_devices() {
    modprobe -q fuse || true
    (: <>/dev/fuse) 2>/dev/null || skip "no /dev/fuse to try with"
    config --argjson rules "$1" '.linux.resources.devices = $rules
        | .process.capabilities |= map_values(. + ["CAP_MKNOD"])'
    container_runs "cd /root && $2"
    for view in $views; do
        rm -rf "$BUNDLE"/rootfs/root/*
        run "$BATS_TEST_DIRNAME/in-view" "$view" ocr --root "$ROOT" run -b "$BUNDLE" "$ID"
        assert_status 0
    done
}

fuse='"major": 10, "minor": 229' # whoever may open its node needs no more
deny='{"allow": false, "access": "rwm"}'
try='try() { mknod n $1 $2 $3 && (: <n) 2>/dev/null && printf r; (: >n) 2>/dev/null && printf w; rm n; echo; };'

@test "devices: what a container must have can be used, other devices only be made" {
    views_with
    with_devices "[$deny]" "$try"' [ "$(try c 1 3)$(try c 1 5)$(try c 1 7)$(try c 1 8)$(try c 1 9)" = rwrwrwrwrw ] &&
        [ "$(try c 10 229)" = "" ] && [ "$(try b 7 0)" = "" ] && mknod kept b 7 0'
}

@test "devices: the last rule about a device counts" {
    views_with
    with_devices "[$deny, {\"allow\": true, \"type\": \"c\", $fuse, \"access\": \"r\"}]" \
        "$try"' [ "$(try c 10 229)" = r ]'
    with_devices "[$deny, {\"allow\": true, \"type\": \"c\", $fuse, \"access\": \"r\"},
        {\"allow\": true, \"type\": \"c\", $fuse, \"access\": \"w\"}]" "$try"' [ "$(try c 10 229)" = rw ]'
    with_devices "[{\"allow\": true, \"type\": \"c\", $fuse, \"access\": \"rw\"}, $deny]" \
        "$try"' [ "$(try c 10 229)" = "" ]'
    with_devices "[$deny, {\"allow\": true, \"type\": \"c\", $fuse, \"access\": \"rw\"},
        {\"allow\": false, \"type\": \"c\", $fuse, \"access\": \"w\"}]" "$try"' [ "$(try c 10 229)" = r ]'
}

@test "devices: rules without a first one that denies all are still a list of what is allowed" {
    views_with
    with_devices '[{"allow": true, "type": "c", '"$fuse"', "access": "r"}]' \
        "$try"' [ "$(try c 10 229)" = r ] && [ "$(try c 1 4)" = "" ]'
}

@test "devices: a rule about numbers that no device has is about no other device" {
    views_with
    # 20 bits of a dev_t are the minor number: with the others, 8 becomes 10
    with_devices "[$deny, {\"allow\": true, \"type\": \"c\", \"major\": 8, \"minor\": $((229 + (2 << 20))), \"access\": \"rwm\"}]" \
        "$try"' [ "$(try c 10 229)" = "" ]'
}

@test "devices: all of them, and all but some" {
    views_with
    with_devices '[{"allow": true, "type": "a", "access": "rwm"}]' "$try"' [ "$(try c 10 229)" = rw ]'
    with_devices '[{"allow": true}, {"allow": false, "type": "c", '"$fuse"', "access": "w"}]' \
        "$try"' [ "$(try c 10 229)" = r ] && [ "$(try c 1 3)" = rw ]'
}

@test "devices: a ban that version 1 can't express is refused, not lost" {
    views_with devices
    config '.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, access: "rwm"},
        {allow: false, type: "c", major: 1, minor: 9, access: "rwm"}]'
    for view in $views; do
        run walk "$view" true
        assert_output "ocr-cgroup: /linux/resources/devices/2: cgroup version 1 can't take back a part of rule 1"
    done
}

@test "devices: version 2 bans a part of what was allowed" {
    in_v2_view true || skip "no cgroup version 2"
    views=v2
    with_devices "[$deny, {\"allow\": true, \"type\": \"c\", \"major\": 10, \"access\": \"rwm\"},
        {\"allow\": false, \"type\": \"c\", $fuse, \"access\": \"rw\"}]" \
        "$try"' [ "$(try c 10 229)" = "" ] && [ "$(try c 1 3)" = rw ]'
}

@test "devices: without any rule nothing is restricted" {
    views_with
    with_devices '[]' "$try"' [ "$(try c 10 229)" = rw ]'
}
