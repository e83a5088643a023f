# What ocr-validate holds against the spec and the kernel between several fields. Seccomp's are in seccomp.bats.
load lib

setup() {
    BUNDLE=$BATS_TEST_TMPDIR
    fresh
}
teardown() { :; }

fresh() {
    cp "$BATS_TEST_DIRNAME/config.json" "$BUNDLE/config.json"
}

# refused FILTER FAULT: the default config with this change has this fault and no other.
refused() {
    fresh
    config "$1"
    run ocr-validate --bundle "$BUNDLE"
    assert_status 3
    [ "$output" = "ocr-validate: $2" ] || {
        printf 'change: %s\nexpected: %s\ngot: %s\n' "$1" "ocr-validate: $2" "$output"
        return 1
    }
}

# accepted FILTER: the default config with this change passes, without a word.
accepted() {
    fresh
    config "$1"
    run ocr-validate --bundle "$BUNDLE"
    [ "$status$output" = 0 ] || { printf 'change: %s\n%s\n' "$1" "$output" && return 1; }
}

# warned FILTER WARNING
warned() {
    fresh
    config "$1"
    run ocr-validate --bundle "$BUNDLE"
    assert_status 0
    assert_output "$2"
}

user='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 1000, size: 10}]
      | .linux.gidMappings = .linux.uidMappings | .'

@test "process, root and linux are required, and the process's args" {
    refused 'del(.process)' "/process: is required"
    refused 'del(.root)' "/root: is required"
    refused 'del(.linux)' "/linux: is required"
    refused 'del(.process.args)' "/process/args: is required"
    refused '.process.args = []' "/process/args: must not be empty"
    refused '.root.path = ""' "/root/path: must not be empty"
}

@test "a namespace is in the list once, its path absolute" {
    refused '.linux.namespaces += [{type: "pid"}]' "/linux/namespaces/6: a namespace of this type is in the list already"
    refused '.linux.namespaces[0].path = "x"' "/linux/namespaces/0/path: must be an absolute path"
    refused '.linux.namespaces |= map(select(.type != "mount"))' \
        "/linux/namespaces: a mount namespace is needed: without one the host's mounts would change"
    accepted '.linux.namespaces[0].path = ""'
}

@test "mappings need a user namespace, and a new one needs them" {
    refused '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}]' \
        "/linux/uidMappings: mappings need a user namespace in /linux/namespaces"
    refused "$user | del(.linux.gidMappings)" "/linux/gidMappings: a new user namespace needs mappings"
    accepted "$user"
    accepted '.linux.namespaces += [{type: "user", path: "/proc/self/ns/user"}]'
    accepted "$user | .linux.namespaces[6].path = \"/proc/self/ns/user\""
}

@test "mappings neither overlap nor go beyond the last id, and are not too many" {
    refused "$user | .linux.uidMappings += [{containerID: 9, hostID: 5000, size: 1}]" \
        "/linux/uidMappings/1: overlaps with /linux/uidMappings/0"
    refused "$user | .linux.gidMappings += [{containerID: 100, hostID: 995, size: 6}]" \
        "/linux/gidMappings/1: overlaps with /linux/gidMappings/0"
    accepted "$user | .linux.gidMappings += [{containerID: 10, hostID: 995, size: 5}]"
    refused "$user | .linux.uidMappings += [{containerID: 4294967290, hostID: 5000, size: 6}]" \
        "/linux/uidMappings/1: goes beyond the last id, 4294967294"
    accepted "$user | .linux.uidMappings += [{containerID: 4294967290, hostID: 5000, size: 5}]"
    refused "$user | .linux.uidMappings[0].size = 0" "/linux/uidMappings/0/size: must be between 1 and 4294967295"
    refused "$user | .linux.uidMappings = [range(341) | {containerID: ., hostID: ., size: 1}]" \
        "/linux/uidMappings: the kernel takes at most 340 mappings"
}

@test "the process's ids are mapped in its new user namespace" {
    refused "$user | .process.user.uid = 10" "/process/user/uid: 10 is not mapped in the user namespace"
    refused "$user | .process.user.gid = 4294967294" "/process/user/gid: 4294967294 is not mapped in the user namespace"
    refused "$user | .process.user.additionalGids = [9, 10]" \
        "/process/user/additionalGids/1: 10 is not mapped in the user namespace"
    accepted "$user | .process.user = {uid: 9, gid: 9, additionalGids: [0]}"
}

@test "a host name needs a uts namespace, not the host's, and has 64 bytes" {
    refused '.linux.namespaces |= map(select(.type != "uts"))' "/hostname: needs a uts namespace in /linux/namespaces"
    refused '.linux.namespaces |= map(select(.type != "uts")) | del(.hostname) | .domainname = "x"' \
        "/domainname: needs a uts namespace in /linux/namespaces"
    refused '.linux.namespaces[3].path = "/proc/self/ns/uts"' \
        "/hostname: would change the host's: the uts namespace is the host's"
    accepted ".linux.namespaces[3].path = \"/proc/self/ns/uts\" | .hostname = \"$(uname -n)\""
    refused '.hostname = "x" * 65' "/hostname: must have at most 64 bytes"
    accepted '.hostname = "x" * 64'
}

@test "a sysctl belongs to a namespace that the container has for itself" {
    accepted '.linux.sysctl = {"net.ipv4.ip_forward": "1", "net/ipv4/conf/eth0.1/forwarding": "1", "kernel.shmmax": "1",
              "kernel.msgmni": "1", "kernel.sem": "1 2 3 4", "fs.mqueue.msg_max": "1", "kernel.domainname": "x"}'
    accepted "$user | .linux.sysctl = {\"user.max_net_namespaces\": \"1\"}"
    local key
    for key in kernel.panic vm.swappiness kernel.semx fs.file-max kernel.shm kernel.core_pattern net; do
        refused ".linux.sysctl = {\"$key\": \"1\"}" "/linux/sysctl/$key: belongs to no namespace: it would change the host"
    done
    for key in net..ipv4 net.ipv4. net./../kernel.panic net.//.x .net ../net "$(printf 'net.%0200d' 0)"; do
        fresh
        config ".linux.sysctl = {\"$key\": \"1\"}"
        run ocr-validate --bundle "$BUNDLE"
        [ "$status" -eq 3 ] || { echo "$key: $output"; return 1; }
    done
    refused '.linux.sysctl = {"net.a": "1"} | .linux.namespaces |= map(select(.type != "network"))' \
        "/linux/sysctl/net.a: needs a network namespace other than the host's"
    refused '.linux.sysctl = {"net.a": "1"} | .linux.namespaces[1].path = "/proc/self/ns/net"' \
        "/linux/sysctl/net.a: needs a network namespace other than the host's"
    refused '.linux.sysctl = {"kernel.sem": "1"} | .linux.namespaces |= map(select(.type != "ipc"))' \
        "/linux/sysctl/kernel.sem: needs a ipc namespace other than the host's"
    refused '.linux.sysctl = {"kernel.hostname": "x"}' "/linux/sysctl/kernel.hostname: /hostname gives the name already"
}

@test "time offsets need a new time namespace, and a clock that has one" {
    accepted '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: -5, nanosecs: 1}, boottime: {}}'
    refused '.linux.timeOffsets = {monotonic: {secs: 1}}' "/linux/timeOffsets: needs a new time namespace in /linux/namespaces"
    refused '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {realtime: {}}' \
        "/linux/timeOffsets/realtime: is no key that the spec knows"
}

@test "paths that the spec wants absolute" {
    refused '.process.cwd = "."' "/process/cwd: must be an absolute path"
    refused '.linux.maskedPaths[1] = "proc"' "/linux/maskedPaths/1: must be an absolute path"
    refused '.linux.readonlyPaths[0] = ""' "/linux/readonlyPaths/0: must be an absolute path"
    refused '.linux.devices = [{path: "dev/x", type: "p"}]' "/linux/devices/0/path: must be an absolute path"
    warned '.mounts[0].destination = "proc"' '/mounts/0/destination: "proc" is not an absolute path'
}

@test "a mount has a type or is a bind mount, which has a source" {
    refused 'del(.mounts[0].type)' "/mounts/0: needs a type"
    refused '.mounts[0] = {destination: "/x", options: ["rbind"]}' "/mounts/0: a bind mount needs a source"
    refused '.mounts[0] = {destination: "/x", type: "bind"}' "/mounts/0: a bind mount needs a source"
    accepted '.mounts[0] = {destination: "/x", options: ["bind"], source: "x"}'
}

@test "a device that is no fifo has major and minor" {
    refused '.linux.devices = [{path: "/dev/x", type: "b", major: 8}]' \
        "/linux/devices/0: major and minor are required for a device that is no fifo"
    accepted '.linux.devices = [{path: "/dev/x", type: "p"}, {path: "/dev/y", type: "u", major: 0, minor: 0}]'
}

@test "a limit is in the list once, soft at most hard" {
    refused '.process.rlimits += .process.rlimits' "/process/rlimits/1: this limit is in the list already"
    refused '.process.rlimits[0].soft = 1025' "/process/rlimits/0: soft is more than hard"
}

@test "capabilities that the kernel would not grant are warned of and taken out" {
    warned '.process.capabilities.ambient = ["CAP_KILL"]' \
        "/process/capabilities/ambient: 1 of its capabilities are not granted: they are not in permitted and inheritable"
    [ "$(ocr-validate --bundle "$BUNDLE" --print 2>/dev/null | jq -r .process.capabilities.ambient)" = 0x0 ]
    warned '.process.capabilities.effective += ["CAP_CHOWN", "CAP_BPF"]' "/process/capabilities/effective: 2 of its"
    accepted '.process.capabilities |= (.inheritable = ["CAP_KILL"] | .ambient = ["CAP_KILL"])'
}

@test "the scheduler's fields are those of its policy" {
    accepted '.process.scheduler = {policy: "SCHED_BATCH", nice: 5}'
    accepted '.process.scheduler = {policy: "SCHED_FIFO", priority: 99, flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
    accepted '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 1024, deadline: 2048}'
    refused '.process.scheduler = {policy: "SCHED_OTHER", priority: 1}' \
        "/process/scheduler/priority: only SCHED_FIFO and SCHED_RR take one"
    refused '.process.scheduler = {policy: "SCHED_RR"}' \
        "/process/scheduler/priority: must be between 1 and 99 with SCHED_FIFO and SCHED_RR"
    refused '.process.scheduler = {policy: "SCHED_IDLE", period: 1}' \
        "/process/scheduler: runtime, deadline and period are for SCHED_DEADLINE only"
    refused '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 4096, deadline: 2048}' \
        "/process/scheduler: must have 1024 <= runtime <= deadline <= period"
    refused '.process.scheduler = {policy: "SCHED_OTHER", nice: 20}' "/process/scheduler/nice: must be between -20 and 19"
    refused '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 8}' "/process/ioPriority/priority: must be between 0 and 7"
    refused '.process.oomScoreAdj = -1001' "/process/oomScoreAdj: must be between -1000 and 1000"
}

@test "a memory policy's nodes and flags are those of its mode" {
    accepted '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
    refused '.linux.memoryPolicy = {mode: "MPOL_LOCAL", nodes: "0"}' \
        "/linux/memoryPolicy: MPOL_DEFAULT and MPOL_LOCAL take no nodes and no flags"
    refused '.linux.memoryPolicy = {mode: "MPOL_INTERLEAVE"}' "/linux/memoryPolicy: this mode needs nodes"
    refused '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"]}' \
        "/linux/memoryPolicy/flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other"
}

@test "limits that contradict each other" {
    refused '.linux.resources.memory = {limit: 100, swap: 99}' \
        "/linux/resources/memory/swap: is for memory and swap together: must be at least memory.limit"
    accepted '.linux.resources.memory = {limit: 100, swap: 0}'
    accepted '.linux.resources.memory = {limit: 100, swap: -1}'
    refused '.linux.resources.cpu = {quota: 10, burst: 11}' "/linux/resources/cpu/burst: must be at most quota"
    accepted '.linux.resources.cpu = {quota: -1, burst: 11}'
    refused '.linux.resources.blockIO = {weightDevice: [{major: 8, minor: 0}]}' \
        "/linux/resources/blockIO/weightDevice/0: needs weight or leafWeight"
    refused '.linux.resources.rdma = {"a": {}}' "/linux/resources/rdma/a: needs hcaHandles or hcaObjects"
}

@test "cgroup names lead nowhere else" {
    local path
    for path in .. a/../b /.. a/..; do
        refused ".linux.cgroupsPath = \"$path\"" '/linux/cgroupsPath: must not hold ".."'
    done
    for path in cgroup.procs cgroup.subtree_control ../memory.max memory/../x memory .; do
        fresh
        config ".linux.resources.unified = {\"$path\": \"1\"}"
        run ocr-validate --bundle "$BUNDLE"
        assert_status 3
        assert_output "the key must name a file of a controller"
    done
    accepted '.linux.cgroupsPath = "machine.slice:libpod:abc" | .linux.resources.unified = {"memory.high": "1"}'
    refused '.linux.resources.hugepageLimits = [{pageSize: "../2MB", limit: 1}]' \
        "/linux/resources/hugepageLimits/0/pageSize: must be a page size like 2MB"
}

@test "a fault in one field causes none in another" {
    refused '.linux.namespaces[5].type = "mnt"' '/linux/namespaces/5/type: "mnt" is none of the values that the spec has for it'
    refused '.process.scheduler = {policy: "SCHED_X", priority: 5}' \
        '/process/scheduler/policy: "SCHED_X" is none of the values that the spec has for it'
    refused '.linux = []' "/linux: must be an object, is an array"
    refused '.process.rlimits[0].hard = "x"' "/process/rlimits/0/hard: must be an integer, is a string"
}

@test "configs in the manner of podman, containerd with Kubernetes, and Docker pass" {
    accepted '.ociVersion = "1.0.2-dev" | .annotations = {"io.container.manager": "libpod", "org.opencontainers.image.stopSignal": ""}
        | .linux.cgroupsPath = "/libpod_parent/libpod-1" | .linux.sysctl = {"net.ipv4.ping_group_range": "0 0"}
        | .linux.resources = {devices: [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 3, access: "rwm"}],
          memory: {limit: 104857600, swap: 209715200}, cpu: {quota: 150000, period: 100000}, pids: {limit: 100}}
        | .linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 3, fileMode: 8630, uid: 0, gid: 0}]
        | .mounts += [{destination: "/etc/hosts", type: "bind", source: "/x", options: ["bind", "rprivate"]}]'
    accepted '.ociVersion = "1.1.0" | .annotations = {"io.kubernetes.cri.container-type": "container"} | .process.oomScoreAdj = 1000
        | .process.user.additionalGids = [0, 10] | .process.apparmorProfile = "" | .linux.cgroupsPath = "/kubepods/besteffort/pod1/2"
        | .linux.namespaces = [{type: "pid"}, {type: "ipc", path: "/proc/1/ns/ipc"}, {type: "uts", path: "/proc/1/ns/uts"},
          {type: "mount"}, {type: "network", path: "/proc/1/ns/net"}, {type: "cgroup"}] | del(.hostname)
        | .linux.resources = {memory: {limit: 0}, cpu: {shares: 2, quota: 0, period: 100000}, unified: {"memory.oom.group": "1"},
          devices: [{allow: false, access: "rwm"}], hugepageLimits: [{pageSize: "2MB", limit: 0}]}'
    accepted '.ociVersion = "1.0.2" | .process.consoleSize = {height: 0, width: 0} | .hooks = {} | .process.user.additionalGids = null
        | .linux.resources = {memory: {disableOOMKiller: false}, cpu: {shares: 0}, pids: {limit: 0}, blockIO: {weight: 0},
          devices: [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: -1, access: "rwm"}]}
        | .linux.rootfsPropagation = "" | .linux.mountLabel = "" | .linux.cgroupsPath = "/docker/1"'
}
