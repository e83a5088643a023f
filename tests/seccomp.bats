#!/usr/bin/env bats
# ocr-seccomp: the profile becomes BPF, is kept by content, and holds in the container.

load lib

setup_file() {
    cc -O1 -o "$BATS_FILE_TMPDIR/compare" "$BATS_TEST_DIRNAME/bpf/compare.c" 2>/dev/null || true
}

# profile JSON: the config's seccomp profile.
profile() {
    config --argjson profile "$1" '.linux.seccomp = $profile'
}

# rules JSON...: a profile that allows all but what the rules say.
rules() {
    local IFS=,
    profile "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [$*]}"
}

# chmod_if CONDITION...: chmod fails with ENOANO, "No anode", when the conditions hold. Its arguments are a path and a mode.
chmod_if() {
    local IFS=,
    rules "{\"names\": [\"chmod\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 55, \"args\": [$*]}"
}

# condition INDEX OPERATOR VALUE [VALUE_TWO]
condition() {
    echo "{\"index\": $1, \"op\": \"SCMP_CMP_$2\", \"value\": $3, \"valueTwo\": ${4:-0}}"
}

# Which of four modes chmod can't set.
refused_modes() {
    container_runs 'touch /tmp/a; for m in 077 100 101 177; do chmod $m /tmp/a 2>/dev/null || echo -n "$m "; done; echo'
    run_container
}

# A profile like an engine's: every system call of the headers but some, and conditions on a few.
large_profile() {
    local header
    header=$(find /usr/include -path '*asm/unistd_64.h' | head -n 1)
    [ -n "$header" ] || skip "no asm/unistd_64.h, which has the names"
    config --slurpfile names <(sed -n 's/^#define __NR_\([a-z0-9_]*\) .*/"\1"/p' "$header") '
        def conditional: ["personality", "socket", "clone", "chmod"];
        def without: ["acct", "add_key", "bpf", "delete_module", "init_module", "kexec_load", "keyctl", "mount", "nfsservctl",
            "open_by_handle_at", "pivot_root", "reboot", "request_key", "setns", "swapoff", "swapon", "syslog", "umount2",
            "unshare", "userfaultfd", "vm86"];
        .linux.seccomp = {
            defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 38,
            architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
            syscalls: [
                {names: ($names - conditional - without), action: "SCMP_ACT_ALLOW"},
                {names: without, action: "SCMP_ACT_ERRNO", errnoRet: 1},
                {names: ["personality"], action: "SCMP_ACT_ALLOW", args: [{index: 0, value: 0, op: "SCMP_CMP_EQ"}]},
                {names: ["personality"], action: "SCMP_ACT_ALLOW", args: [{index: 0, value: 8, op: "SCMP_CMP_EQ"}]},
                {names: ["socket"], action: "SCMP_ACT_ALLOW", args: [{index: 0, value: 40, op: "SCMP_CMP_NE"}]},
                {names: ["chmod"], action: "SCMP_ACT_ALLOW",
                    args: [{index: 1, value: 2048, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ"}]},
                {names: ["clone"], action: "SCMP_ACT_ALLOW",
                    args: [{index: 0, value: 2114060288, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ"}]}
            ]
        }'
}

kept() {
    ls "$ROOT/@seccomp" 2>/dev/null
}

# Walks no further than to the filter.
validate() {
    ocr-validate -b "$BUNDLE" --root "$ROOT" "$@"
}

@test "a system call fails with the errno of its rule" {
    rules '{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 55}'
    container_runs 'mkdir /tmp/a; rmdir /nowhere; cat /proc/self/status'
    run run_container
    assert_status 0
    assert_output "mkdir: can't create directory '/tmp/a': No anode"
    assert_output "rmdir: '/nowhere': No such file"
    assert_output $'Seccomp:\t2'
}

@test "without errnoRet it is EPERM" {
    rules '{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}'
    container_runs 'mkdir /tmp/a'
    run run_container
    assert_output "Operation not permitted"
}

@test "the actions that end the process end it with SIGSYS" {
    local action
    for action in KILL KILL_THREAD KILL_PROCESS TRAP; do
        rules "{\"names\": [\"mkdir\"], \"action\": \"SCMP_ACT_$action\"}"
        container_runs 'exec mkdir /tmp/a'
        run run_container
        assert_status 159
    done
}

@test "TRACE without a tracer is ENOSYS, LOG and ALLOW let it pass" {
    rules '{"names": ["mkdir"], "action": "SCMP_ACT_TRACE", "errnoRet": 7}'
    container_runs 'mkdir /tmp/a'
    run run_container
    assert_output "Function not implemented"
    local action
    for action in LOG ALLOW; do
        rules "{\"names\": [\"mkdir\"], \"action\": \"SCMP_ACT_$action\"}"
        container_runs "mkdir /tmp/$action"
        run run_container
        assert_status 0
    done
}

@test "the default action and its errno hold for what no rule names" {
    large_profile
    config '.linux.seccomp.syscalls[0].names -= ["mkdir"]'
    container_runs 'mkdir /tmp/a; rmdir /nowhere'
    run run_container
    assert_output "mkdir: can't create directory '/tmp/a': Function not implemented"
    assert_output "rmdir: '/nowhere': No such file"
}

@test "every operator" {
    # 077, 100, 101 and 177 are 63, 64, 65 and 127.
    local operator wanted
    while read -r operator wanted; do
        chmod_if "$(condition 1 "$operator" 64)"
        run refused_modes
        [ "$output" = "$wanted " ] || { echo "$operator: $output, not $wanted" && return 1; }
    done <<-TABLE
		NE 077 101 177
		LT 077
		LE 077 100
		EQ 100
		GE 100 101 177
		GT 101 177
	TABLE
    chmod_if "$(condition 1 MASKED_EQ 65 65)"
    run refused_modes
    [ "$output" = "101 177 " ]
}

@test "a value has 64 bits" {
    chmod_if "$(condition 1 EQ 4294967360)" # 2^32 + 64
    run refused_modes
    [ "$output" = "" ]
}

@test "conditions on several arguments must all hold (CVE-2017-18367)" {
    rules '{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "errnoRet": 55, "args": [
        {"index": 0, "op": "SCMP_CMP_EQ", "value": 1}, {"index": 1, "op": "SCMP_CMP_EQ", "value": 10}]}'
    container_runs 'trap "" USR1 WINCH
        sleep 9 & for pid in 1 $!; do for signal in WINCH USR1; do kill -$signal $pid 2>/dev/null; echo -n "$? "; done; done'
    run run_container
    [ "$output" = "0 1 0 0 " ]
}

@test "conditions on the same argument are alternatives" {
    chmod_if "$(condition 1 EQ 63)" "$(condition 1 EQ 65)"
    run refused_modes
    [ "$output" = "077 101 " ]
    local many=()
    for value in 1 2 3 4 5 6 7 8 63 65; do many+=("$(condition 1 EQ "$value")"); done
    chmod_if "${many[@]}"
    run refused_modes
    [ "$output" = "077 101 " ]
}

@test "several conditions on one argument, beside conditions on others, are refused" {
    chmod_if "$(condition 1 EQ 63)" "$(condition 0 NE 0)" "$(condition 1 EQ 65)"
    run run_container
    assert_status 3
    assert_output "/linux/seccomp/syscalls/0/args/2: a second condition on argument 1"
    assert_nothing_left
}

@test "a name that libseccomp doesn't know is skipped, and so is a rule that changes nothing" {
    rules '{"names": ["no_such_call", "mkdir"], "action": "SCMP_ACT_ERRNO"}' '{"names": ["rmdir"], "action": "SCMP_ACT_ALLOW"}' \
        '{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}'
    container_runs 'mkdir /tmp/a'
    run run_container
    assert_output "Operation not permitted"
}

@test "every architecture of the spec that libseccomp has, all others are refused" {
    local arch known=0
    for arch in X86 X86_64 X32 ARM AARCH64 MIPSEL MIPSEL64 MIPSEL64N32 PPC64LE RISCV64; do
        rules '{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}'
        config --arg a "SCMP_ARCH_$arch" '.linux.seccomp.architectures = [$a, $a]'
        validate true
        known=$((known + 1))
    done
    [ $known -eq 10 ]
    config '.linux.seccomp.architectures = ["SCMP_ARCH_X86", "SCMP_ARCH_SHEB"]'
    run validate true
    assert_status 3
    assert_output "/linux/seccomp/architectures/1: libseccomp "
    config '.linux.seccomp.architectures = ["SCMP_ARCH_S390X"]'
    run validate true
    assert_status 3
    assert_output "/linux/seccomp/architectures/0: a filter can't hold architectures of both byte orders"
}

@test "the flags that need no listener" {
    rules '{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}'
    config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]'
    container_runs 'mkdir /tmp/a'
    run run_container
    assert_output "Operation not permitted"
}

# refused FILTER TEXT: config.json changed by FILTER is refused with TEXT, and nothing is left.
refused() {
    rules '{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}'
    config "$1"
    run run_container
    assert_status 3
    assert_output "$2"
    assert_nothing_left
}

@test "what can't be done is refused with its pointer" {
    local listeners="seccomp listeners are not supported yet"
    refused '.linux.seccomp.defaultAction = "SCMP_ACT_NOTIFY"' "/linux/seccomp/defaultAction: $listeners"
    refused '.linux.seccomp.syscalls[0].action = "SCMP_ACT_NOTIFY"' "/linux/seccomp/syscalls/0/action: $listeners"
    refused '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]' "/linux/seccomp/flags/0: needs a seccomp listener"
    refused '.linux.seccomp.syscalls[0] |= (.action = "SCMP_ACT_KILL" | .errnoRet = 1)' "/linux/seccomp/syscalls/0/errnoRet: only"
    refused '.linux.seccomp.defaultErrnoRet = 1' "/linux/seccomp/defaultErrnoRet: only"
    refused '.linux.seccomp.syscalls[0].errnoRet = 4096' "/linux/seccomp/syscalls/0/errnoRet: must be at most 4095"
    refused '.linux.seccomp.syscalls[0].action = "SCMP_ACT_DENY"' "/linux/seccomp/syscalls/0/action: \"SCMP_ACT_DENY\""
    refused '.linux.seccomp.architectures = ["x86"]' "/linux/seccomp/architectures/0:"
    refused '.linux.seccomp.syscalls[0].args = [{index: 6, value: 0, op: "SCMP_CMP_EQ"}]' "/linux/seccomp/syscalls/0/args/0/index:"
    refused '.linux.seccomp.syscalls[0].names = []' "/linux/seccomp/syscalls/0/names: must not be empty"
    refused 'del(.linux.seccomp.defaultAction)' "/linux/seccomp/defaultAction: is required"
}

@test "a profile that is too long for the kernel is refused quickly" {
    profile '{"defaultAction": "SCMP_ACT_ALLOW"}'
    config '.linux.seccomp.syscalls = [range(9000) | {names: ["chmod"], action: "SCMP_ACT_ERRNO", args: [{index: 1, value: ., op: "SCMP_CMP_EQ"}]}]'
    run timeout 10 ocr-validate -b "$BUNDLE" --root "$ROOT" true
    assert_status 3
    assert_output "more than 4096 rules"
    config '.linux.seccomp.syscalls = [{names: [range(150000) | "mkdir"], action: "SCMP_ACT_ERRNO"}]'
    run timeout 10 ocr-validate -b "$BUNDLE" --root "$ROOT" true
    assert_status 3
    [ -z "$(kept)" ]
}

@test "a profile of an engine's size: the filter is short and means what libseccomp's means" {
    large_profile
    [ -x "$BATS_FILE_TMPDIR/compare" ] || skip "no compiler"
    OCR_LOG_LEVEL=debug run validate true
    assert_output " instructions, were "
    local short=${output##*seccomp filter: } long=${output##*were }
    [ $((${short%% *} * 2)) -lt "${long%%;*}" ]
    validate ocr-seccomp --plain --root "$ROOT.plain" true
    run "$BATS_FILE_TMPDIR/compare" "$ROOT.plain/@seccomp"/* "$ROOT/@seccomp"/*
    assert_status 0
    container_runs 'chmod 755 /tmp && mkdir /tmp/a && linux32 uname -m; unshare -u true; chmod 4755 /tmp'
    run run_container
    assert_output "i686"
    assert_output "unshare: unshare(0x4000000): Operation not permitted"
    assert_output "chmod: /tmp: Function not implemented"
}

@test "podman's own profile" {
    [ -r /usr/share/containers/seccomp.json ] || skip "podman's seccomp.json is not installed"
    config --slurpfile p /usr/share/containers/seccomp.json '.linux.seccomp = ($p[0] | {
        defaultAction, defaultErrnoRet, architectures: (.archMap[0] | [.architecture] + .subArchitectures),
        syscalls: [.syscalls[] | select((.includes.caps // []) == [] and (.excludes.arches // []) == [])
            | select((.includes.arches // ["amd64"]) | index("amd64"))
            | {names, action, errnoRet, args} | with_entries(select(.value != null))]})'
    container_runs 'uname; unshare -m true'
    run run_container
    assert_output Linux
    assert_output "Operation not permitted"
}

@test "a second container with the same profile compiles nothing" {
    large_profile
    container_runs 'mkdir /tmp/a; grep Seccomp: /proc/self/status'
    run ocr --debug run --bundle "$BUNDLE" "$ID"
    assert_output "ocr-seccomp: compiled the seccomp filter"
    assert_output $'Seccomp:\t2'
    container_runs 'rmdir /tmp/a; grep Seccomp: /proc/self/status'
    run ocr --debug run --bundle "$BUNDLE" "$ID"
    assert_output "the seccomp filter is kept from before"
    assert_output $'Seccomp:\t2'
    [ "${output/ocr-seccomp/}" = "$output" ]
}

@test "then ocr-seccomp is not even needed" {
    local stages=$BATS_TEST_TMPDIR/stages
    rules '{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}'
    cp -r "$top/build/stages" "$stages"
    rm "$stages/ocr-seccomp"
    run "$stages/ocr-validate" -b "$BUNDLE" --root "$ROOT" true
    assert_status 1
    assert_output "execute ocr-seccomp: No such file or directory"
    validate true
    "$stages/ocr-validate" -b "$BUNDLE" --root "$ROOT" true
}

@test "it is the profile that counts, not where or how it is written" {
    rules '{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}'
    validate true
    [ "$(kept | wc -l)" -eq 1 ]
    config --sort-keys --indent 7 '.hostname = "other" | .linux.seccomp.flags = [] | .annotations = {"a": "b"}'
    make_bundle "$BATS_TEST_TMPDIR/elsewhere/and/deeper"
    cp "$BUNDLE/config.json" "$BATS_TEST_TMPDIR/elsewhere/and/deeper"
    OCR_LOG_LEVEL=debug run ocr-validate -b "$BATS_TEST_TMPDIR/elsewhere/and/deeper" --root "$ROOT" true
    assert_output "kept from before"
    local change n=1
    for change in '.syscalls[0].names += ["rmdir"]' '.syscalls[0].errnoRet = 2' '.syscalls[0].errnoRet = 3' '.defaultAction = "SCMP_ACT_LOG"' \
        '.architectures = ["SCMP_ARCH_X86"]' '.flags = ["SECCOMP_FILTER_FLAG_LOG"]' '.syscalls[0].action = "SCMP_ACT_TRAP" | del(.syscalls[0].errnoRet)'; do
        config ".linux.seccomp |= ($change)"
        validate true
        n=$((n + 1))
        [ "$(kept | wc -l)" -eq $n ]
    done
}

# not_used: the file in the cache is not believed: the filter is compiled anew, and right.
not_used() {
    container_runs 'mkdir /tmp/a'
    run timeout 20 env PATH="$PATH" ocr --root "$ROOT" --debug run --bundle "$BUNDLE" "$ID"
    assert_output "compiled the seccomp filter"
    assert_output "mkdir: can't create directory '/tmp/a': Operation not permitted"
}

@test "a kept filter that isn't whole, isn't ours or isn't a file is not used" {
    rules '{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}'
    validate true
    local file good=$BATS_TEST_TMPDIR/good
    file=$ROOT/@seccomp/$(kept)
    cp "$file" "$good"
    truncate -s -1 "$file" && not_used
    truncate -s 10 "$file" && not_used
    : >"$file" && not_used
    printf x >>"$file" && not_used
    head -c 40000 /dev/urandom >"$file" && not_used
    printf '\377' | dd of="$file" bs=1 seek=100 conv=notrunc status=none && not_used
    chmod 666 "$file" && not_used
    chown 1234 "$file" && not_used
    ln -sf "$good" "$file" && not_used
    rm "$file" && mkfifo "$file" && not_used
    rm "$file" && ln "$good" "$file" && chmod 620 "$good" && not_used
    cmp "$good" "$file"
}

@test "a folder in the place of a kept filter costs only time" {
    rules '{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}'
    validate true
    local file
    file=$ROOT/@seccomp/$(kept)
    rm "$file" && mkdir "$file" && not_used
    rmdir "$file"
    rmdir "$ROOT/@seccomp" && ln -s "$BATS_TEST_TMPDIR" "$ROOT/@seccomp" && not_used
    rm "$ROOT/@seccomp"
    mkdir -m 777 "$ROOT/@seccomp" && not_used
    [ -z "$(kept)" ]
}

@test "where nothing can be kept the walk works all the same" {
    rules '{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}'
    OCR_LOG_LEVEL=debug run ocr-validate -b "$BUNDLE" --root /proc/nowhere ocr-baton
    assert_status 0
    assert_output "not kept: "
    assert_output "bpf "
    mkdir -m 777 "$ROOT"
    run validate ocr-baton
    assert_status 0
    assert_output "bpf "
}

@test "ocr-validate alone touches nothing" {
    rules '{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}'
    ocr-validate -b "$BUNDLE" --root "$ROOT"
    [ ! -e "$ROOT" ]
}

@test "what is kept is not without bound, and is no container" {
    rules '{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}'
    validate true
    local first n
    first=$(kept)
    for n in $(seq 100); do printf x >"$ROOT/@seccomp/$n"; done
    touch -d 2020-01-01 "$ROOT/@seccomp/$first"
    config '.linux.seccomp.syscalls[0].errnoRet = 9'
    validate true
    [ ! -e "$ROOT/@seccomp/$first" ]
    [ "$(kept | wc -l)" -le 64 ]
    run ocr list -q
    [ -z "$output" ]
    run ocr delete --force @seccomp
    [ -d "$ROOT/@seccomp" ]
}

@test "of many at once each gets its filter, and one file is kept" {
    rules '{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}'
    for _ in 1 2 3 4 5 6 7 8; do
        validate ocr-baton &
    done >"$BATS_TEST_TMPDIR/batons" 2>&1
    wait
    [ "$(grep -c '^bpf ' "$BATS_TEST_TMPDIR/batons")" -eq 8 ]
    [ "$(kept | wc -l)" -eq 1 ]
    [ "$(find "$ROOT/@seccomp" -type f | wc -l)" -eq 1 ]
}

@test "without NEXT it prints the filter, without a profile it passes on" {
    rules '{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 55}'
    run ocr-validate -b "$BUNDLE" --root "$ROOT" ocr-seccomp
    assert_status 0
    assert_output "action ERRNO(55);"
    config 'del(.linux.seccomp)'
    run ocr-validate -b "$BUNDLE" ocr-seccomp ocr-baton
    assert_status 0
    [ "${output/bpf /}" = "$output" ]
}

@test "the filter in the baton is sealed" {
    rules '{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}'
    local sealed="sealed: write shrink grow seal"
    run validate ocr-baton
    [[ $output =~ bpf\ .*$sealed ]]
    OCR_LOG_LEVEL=debug run validate ocr-baton
    assert_output "kept from before"
    [[ $output =~ bpf\ .*$sealed ]]
}
