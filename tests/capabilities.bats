#!/usr/bin/env bats
# ocr-process: capabilities, no_new_privs and the seccomp filter. capabilities(7): of the numbers used here CHOWN is 0,
# KILL 5, SETPCAP 8, NET_RAW 13, SYS_ADMIN 21.

load lib

# sets [FILTER]: runs grep as the payload; $output has the five sets, without leading zeros.
sets() {
    config '.process.args = ["/bin/grep", "^Cap", "/proc/self/status"]'
    config "${1:-.}"
    run run_container
    # shellcheck disable=SC2001 # five lines, a number each
    output=$(sed 's/^\(Cap[A-Z][a-z]*\):\t0*\([0-9a-f]\)/\1 \2/' <<<"$output")
}

# as_user: the payload's program is executed by a user that is not root, so that execve(2) adds nothing to the sets.
as_user='.process.user = {"uid": 1000, "gid": 1000}'

@test "without process.capabilities there are none at all" {
    sets 'del(.process.capabilities)'
    assert_status 0
    [ "$output" = $'CapInh 0\nCapPrm 0\nCapEff 0\nCapBnd 0\nCapAmb 0' ]
    sets '.process.capabilities = {}'
    [ "$output" = $'CapInh 0\nCapPrm 0\nCapEff 0\nCapBnd 0\nCapAmb 0' ]
}

@test "root has the sets of the config, and none that it does not name" {
    sets '.process.capabilities = {"bounding": ["CAP_KILL", "CAP_CHOWN"], "permitted": ["CAP_KILL", "CAP_CHOWN"],
        "effective": ["CAP_KILL", "CAP_CHOWN"]}'
    [ "$output" = $'CapInh 0\nCapPrm 21\nCapEff 21\nCapBnd 21\nCapAmb 0' ]
}

@test "another user has what is ambient" {
    sets "$as_user"' | .process.capabilities = {"bounding": ["CAP_KILL", "CAP_NET_RAW"], "permitted": ["CAP_KILL", "CAP_NET_RAW"],
        "effective": ["CAP_KILL"], "inheritable": ["CAP_KILL", "CAP_NET_RAW"], "ambient": ["CAP_KILL"]}'
    [ "$output" = $'CapInh 2020\nCapPrm 20\nCapEff 20\nCapBnd 2020\nCapAmb 20' ]
}

@test "another user without ambient capabilities has none" {
    sets "$as_user"
    [ "$(sed -n 's/CapBnd \(.*\)/\1/p' <<<"$output")" != 0 ]
    assert_output $'CapInh 0\nCapPrm 0\nCapEff 0'
}

@test "the caller's inheritable and ambient capabilities do not pass" {
    command -v setpriv >/dev/null || skip "setpriv is not installed"
    config '.process.args = ["/bin/grep", "^Cap\\(Inh\\|Amb\\)", "/proc/self/status"]'
    run setpriv --inh-caps +kill,+net_raw --ambient-caps +kill "$top/bin/ocr" --root "$ROOT" run -b "$BUNDLE" "$ID"
    assert_status 0
    assert_output $'CapInh:\t0000000000000000\nCapAmb:\t0000000000000000'
}

@test "what can't be granted is warned about and left out" {
    sets "$as_user"' | .process.capabilities = {"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"], "effective": ["CAP_CHOWN", "CAP_KILL"],
        "inheritable": ["CAP_NET_RAW", "CAP_KILL"], "ambient": ["CAP_SETPCAP", "CAP_KILL"]}'
    assert_status 0
    assert_output "/process/capabilities/effective: " # ocr-validate sees these two already
    assert_output "/process/capabilities/ambient: "
    assert_output "ocr-process: /process/capabilities/inheritable: left out, since it can't be granted: CAP_NET_RAW"
    assert_output $'CapInh 20\nCapPrm 20\nCapEff 20\nCapBnd 20\nCapAmb 20'
}

@test "what the runtime itself does not have is warned about and left out" {
    command -v setpriv >/dev/null || skip "setpriv is not installed"
    config '.process.args = ["/bin/grep", "^CapBnd", "/proc/self/status"]
        | .process.capabilities = {"bounding": ["CAP_KILL", "CAP_NET_RAW"], "permitted": ["CAP_KILL", "CAP_NET_RAW"]}'
    run setpriv --bounding-set -net_raw "$top/bin/ocr" --root "$ROOT" run -b "$BUNDLE" "$ID"
    assert_status 0
    assert_output "/process/capabilities/bounding: left out, since it can't be granted: CAP_NET_RAW"
    assert_output "/process/capabilities/permitted: left out, since it can't be granted: CAP_NET_RAW"
    assert_output $'CapBnd:\t0000000000000020'
}

@test "no_new_privs is set when the config says so, and only then" {
    container_runs 'grep NoNewPrivs /proc/self/status'
    run run_container
    [ "$output" = $'NoNewPrivs:\t1' ]
    config '.process.noNewPrivileges = false'
    run run_container
    [ "$output" = $'NoNewPrivs:\t0' ]
}

# What the last stage calls itself before it loads the filter; a payload of busybox does without.
ours='"setgroups", "setresuid", "setresgid", "chdir", "sendto", "close_range", "faccessat2", "keyctl", "umask",
    "capget", "setsid", "openat2", "recvmsg"'

@test "with noNewPrivileges the filter is the last thing before execve" {
    config '.process.args = ["/bin/grep", "-E", "Seccomp:|NoNew", "/proc/self/status"]
        | .linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [{"names": ['"$ours"', "capset"], "action": "SCMP_ACT_KILL_PROCESS"}]}'
    run run_container
    assert_status 0
    [ "$output" = $'NoNewPrivs:\t1\nSeccomp:\t2' ]
}

@test "without noNewPrivileges only capset comes after the filter, and CAP_SYS_ADMIN is gone" {
    config '.process.args = ["/bin/grep", "-E", "Seccomp:|NoNew|^Cap", "/proc/self/status"] | .process.noNewPrivileges = false
        | '"$as_user"'
        | .process.capabilities = {"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"],
            "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]}
        | .linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [{"names": ['"$ours"'], "action": "SCMP_ACT_KILL_PROCESS"}]}'
    run run_container
    assert_status 0
    assert_output $'NoNewPrivs:\t0\nSeccomp:\t2'
    assert_output $'CapPrm:\t0000000000000020\nCapEff:\t0000000000000020\nCapBnd:\t0000000000000020\nCapAmb:\t0000000000000020'
}

@test "a filter that forbids capset stops a start without noNewPrivileges" {
    config '.process.noNewPrivileges = false
        | .linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["capset"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}'
    run run_container
    assert_status 1
    assert_output "ocr-process: /process/capabilities: set the capabilities: Operation not permitted"
    assert_nothing_left
}

@test "the filter is in force for the payload" {
    config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}'
    container_runs 'mkdir /tmp/x'
    run run_container
    assert_status 1
    assert_output "No space left on device"
    [ ! -e "$BUNDLE/rootfs/tmp/x" ]
}

@test "a filter that forbids execve is an error of the start" {
    config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["execve"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}'
    run run_container
    assert_status 126
    assert_output "exec /bin/true: operation not permitted"
    assert_nothing_left
}

@test "flags of the filter are handed to the kernel" {
    config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_LOG"}],
        "flags": ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]}'
    container_runs 'grep -E "Seccomp:|Speculation_Store_Bypass" /proc/self/status'
    run run_container
    assert_status 0
    assert_output $'Seccomp:\t2'
}

@test "a profile whose filter is not in the baton stops the start" {
    command -v python3 >/dev/null || skip "python3, which makes a baton by hand, is not installed"
    config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}'
    ocr-validate -b "$BUNDLE" ocr-claim --root "$ROOT" "$ID" true
    run python3 - "$ROOT/$ID/plan" <<'PYTHON'
import fcntl, os, socket, sys
plan = os.memfd_create("plan", os.MFD_ALLOW_SEALING)
os.write(plan, open(sys.argv[1], "rb").read())
fcntl.fcntl(plan, fcntl.F_ADD_SEALS, 15)
r, w = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
socket.send_fds(w, [b"plan\n"], [plan])
for s in r, w:
    os.set_inheritable(s.fileno(), True)
os.environ["OCR_BATON"] = f"{r.fileno()},{w.fileno()}"
os.execvp("ocr-process", ["ocr-process"])
PYTHON
    assert_status 2
    assert_output "ocr-process: /linux/seccomp: the baton carries no bpf"
}
