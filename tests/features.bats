#!/usr/bin/env bats
# ocr-features: what this build can do on this kernel. Each list is held against ocr-validate, which must accept what is
# in it and refuse what is not.

load lib

features() {
    ocr features >"$BATS_TEST_TMPDIR/features"
    jq -r "$1" "$BATS_TEST_TMPDIR/features"
}

# accepted FILTER LIST: config.json changed by FILTER is accepted for each $name of the features' LIST.
accepted() {
    local name names=0
    for name in $(features "$2"); do
        config --arg name "$name" "$1"
        ocr-validate --bundle "$BUNDLE" || { echo "$name" && return 1; }
        names=$((names + 1))
    done
    [ $names -gt 0 ]
}

# refused FILTER TEXT
refused() {
    cp "$BUNDLE/config.json" "$BUNDLE/before.json"
    config "$1"
    run ocr-validate --bundle "$BUNDLE"
    cp "$BUNDLE/before.json" "$BUNDLE/config.json"
    assert_status 3
    assert_output "$2"
}

@test "it is one JSON object, with the versions of the spec that are accepted" {
    [ "$(features '.ociVersionMin + " " + .ociVersionMax')" = "1.0.0 1.3.0" ]
    accepted '.ociVersion = $name' '.ociVersionMin, .ociVersionMax'
}

@test "it has no member that the spec's features document hasn't" {
    run features '[paths(scalars | true) | map(select(type == "string")) | join(".")] | unique[]'
    local path
    for path in $output; do
        case $path in
        ociVersionMin | ociVersionMax | mountOptions | annotations.* | hooks) ;;
        linux.namespaces | linux.capabilities | linux.apparmor.enabled | linux.selinux.enabled | linux.intelRdt.enabled) ;;
        linux.cgroup.v1 | linux.cgroup.v2 | linux.cgroup.systemd | linux.cgroup.systemdUser | linux.cgroup.rdma) ;;
        linux.seccomp.enabled | linux.seccomp.actions | linux.seccomp.operators | linux.seccomp.archs) ;;
        linux.seccomp.knownFlags | linux.seccomp.supportedFlags | linux.memoryPolicy.modes | linux.memoryPolicy.flags) ;;
        linux.mountExtensions.idmap.enabled | linux.netDevices.enabled) ;;
        *) echo "$path" && return 1 ;;
        esac
    done
}

@test "namespaces: the kernel's, and a container gets each" {
    local kernel
    kernel=$(find /proc/self/ns -not -name '*_for_children' -type l | wc -l)
    [ "$(features '.linux.namespaces | length')" -eq "$kernel" ]
    # The user namespace needs mappings, so it is left out here.
    config --slurpfile f "$BATS_TEST_TMPDIR/features" '.linux.namespaces = [$f[0].linux.namespaces[] | select(. != "user") | {type: .}]'
    ocr-validate --bundle "$BUNDLE"
}

@test "capabilities: those up to the kernel's last, each accepted" {
    [ "$(features '.linux.capabilities | length')" -le $(($(cat /proc/sys/kernel/cap_last_cap) + 1)) ]
    [ "$(features '.linux.capabilities[0]')" = CAP_CHOWN ]
    config --slurpfile f "$BATS_TEST_TMPDIR/features" '.process.capabilities.bounding = $f[0].linux.capabilities'
    run ocr-validate --bundle "$BUNDLE"
    assert_status 0
    [ -z "$output" ]
}

@test "mount options: each is an option of the mount, and none goes to the file system as data" {
    features .hooks >/dev/null
    config --slurpfile f "$BATS_TEST_TMPDIR/features" '
        .mounts = [$f[0].mountOptions[] | {destination: "/\(.)", type: "tmpfs", source: "tmpfs", options: [.]}]'
    run ocr-validate --print --bundle "$BUNDLE"
    assert_status 0
    [ "$(jq '[.mounts[].options.data | length] | max' <<<"$output")" -eq 0 ]
    local option
    for option in bind ro rro rw noexec rnosuid rshared private relatime nosymfollow tmpcopyup; do
        features .mountOptions[] | grep -qx "$option"
    done
}

@test "seccomp: actions, operators, architectures and flags, each accepted" {
    local profile='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_KILL",
        args: [{index: 0, value: 0, op: "SCMP_CMP_EQ"}]}]}'
    accepted "$profile | .linux.seccomp.syscalls[0].action = \$name" '.linux.seccomp.actions[]'
    accepted "$profile | .linux.seccomp.syscalls[0].args[0].op = \$name" '.linux.seccomp.operators[]'
    accepted "$profile | .linux.seccomp.architectures = [\$name]" '.linux.seccomp.archs[]'
    accepted "$profile | .linux.seccomp.flags = [\$name]" '.linux.seccomp.supportedFlags[]'
    [ "$(features '.linux.seccomp.enabled')" = true ]
    [ "$(features '.linux.seccomp | .supportedFlags - .knownFlags | length')" -eq 0 ]
    features '.linux.seccomp.archs[]' | grep -qx "SCMP_ARCH_$(uname -m | tr '[:lower:]' '[:upper:]')"
}

@test "seccomp: notification is refused, so it is not listed" {
    [ "$(features '.linux.seccomp.actions | index("SCMP_ACT_NOTIFY")')" = null ]
    refused '.linux.seccomp = {defaultAction: "SCMP_ACT_NOTIFY"}' "not supported yet"
}

@test "memory policies: modes and flags, each accepted" {
    accepted '.linux.memoryPolicy = {mode: $name} + if $name | test("DEFAULT|LOCAL") then {} else {nodes: "0"} end' '.linux.memoryPolicy.modes[]'
    accepted '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: [$name]}' '.linux.memoryPolicy.flags[]'
}

@test "what is refused is not said to be supported" {
    [ "$(features '.hooks | length')" -eq 0 ] || skip "there are hooks now"
    refused '.hooks.poststop = [{path: "/bin/true"}]' "not supported yet"
    [ "$(features '.linux.apparmor.enabled')" = true ] || refused '.process.apparmorProfile = "x"' "not supported yet"
    [ "$(features '.linux.selinux.enabled')" = true ] || refused '.process.selinuxLabel = "x"' "not supported yet"
    [ "$(features '.linux.intelRdt.enabled')" = true ] || refused '.linux.intelRdt = {closID: "x"}' "not supported yet"
    [ "$(features '.linux.netDevices.enabled')" = true ] || refused '.linux.netDevices = {eth0: {}}' "not supported yet"
    [ "$(features '.linux.mountExtensions.idmap.enabled')" = true ] ||
        refused '.mounts[0].uidMappings = [{containerID: 0, hostID: 0, size: 1}]' "not supported yet"
    [ "$(features '.linux.cgroup.systemd')" = true ] || {
        run ocr --systemd-cgroup run --bundle "$BUNDLE" "$ID"
        assert_output "not supported yet"
    }
}

@test "libseccomp's version is an annotation, as with runc" {
    features '.annotations."io.github.seccomp.libseccomp.version"' | grep -qE '^[0-9]+\.[0-9]+\.[0-9]+$'
}

@test "arguments and a full disk are errors" {
    run ocr features x
    assert_status 2
    run sh -c 'ocr-features >/dev/full'
    assert_status 1
    assert_output "ocr-features: print the features: No space left on device"
}
