# Shared by the tests. A test file starts with
#
#     load lib
#
# and each of its tests has: $BUNDLE, a bundle with busybox as its root file
# system; $ROOT, an empty state folder; $ID, an id that no other test has; and
# whatever it leaves behind is ended and removed when it is over.
# shellcheck shell=bash

top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
PATH=$top/bin:$top/build/stages:$PATH

setup() {
    ROOT=$BATS_TEST_TMPDIR/state
    BUNDLE=$BATS_TEST_TMPDIR/bundle
    ID=t$$-$BATS_TEST_NUMBER-$RANDOM
    make_bundle "$BUNDLE"
}

# Ends what a test left, so that no test sees another's container. Being left at all is no failure here: the tests
# that want nothing left use assert_nothing_left.
teardown() {
    local state
    for state in "$ROOT"/*/; do
        [ -e "$state" ] || continue
        state=${state%/}
        case ${state##*/} in @*) continue ;; esac # no container: the kept filters
        ocr-delete --root "$ROOT" --force "${state##*/}" || true
    done
    local mounts
    readarray -t mounts < <(cut -d' ' -f5 /proc/self/mountinfo | grep "^$BATS_TEST_TMPDIR" | tac)
    [ ${#mounts[@]} -eq 0 ] || umount "${mounts[@]}"
}

# make_bundle DIR: a bundle with the default config and busybox.
make_bundle() {
    local image=$BATS_RUN_TMPDIR/image
    if [ ! -d "$image" ]; then
        mkdir -p "$image.$$"/{bin,dev,etc,proc,sys,tmp,root,home}
        cp "$(command -v busybox)" "$image.$$/bin/busybox"
        "$image.$$/bin/busybox" --install "$image.$$/bin" # hard links
        printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\n' >"$image.$$/etc/passwd"
        printf 'root:x:0:\nuser:x:1000:\n' >"$image.$$/etc/group"
        mv -T "$image.$$" "$image" 2>/dev/null || rm -rf "$image.$$"
    fi
    mkdir -p "$1"
    cp -a "$image" "$1/rootfs"
    cp "$BATS_TEST_DIRNAME/config.json" "$1/config.json"
}

# config FILTER [ARG...]: changes the bundle's config.json with jq.
config() {
    jq "$@" "$BUNDLE/config.json" >"$BUNDLE/config.new"
    mv "$BUNDLE/config.new" "$BUNDLE/config.json"
}

# container_runs SCRIPT: the config's process is a shell that runs SCRIPT.
container_runs() {
    config --arg script "$1" '.process.args = ["/bin/sh", "-c", $script]'
}

# The front script with this test's state folder.
ocr() {
    command ocr --root "$ROOT" "$@"
}

# Runs a container to its end: `run run_container`.
run_container() {
    ocr run --bundle "$BUNDLE" "$ID" "$@"
}

# in_v1_view COMMAND..., in_v2_view COMMAND...: sees only cgroups of that version. See in-view; what a command makes in a
# view, it must delete there, where the paths of the journal mean the same.
in_v1_view() {
    "$BATS_TEST_DIRNAME/in-view" v1 "$@"
}

in_v2_view() {
    "$BATS_TEST_DIRNAME/in-view" v2 "$@"
}

# views_with [CONTROLLER]: sets $views to the kinds of system (v1, hybrid, v2) that can be seen here and have the
# controller; skips the test when there is none.
views_with() {
    local view known=$BATS_RUN_TMPDIR/views-${1:-}
    if ! views=$(cat "$known" 2>/dev/null); then
        for view in v1 hybrid v2; do
            # shellcheck disable=SC2016 # for the shell inside
            ! "$BATS_TEST_DIRNAME/in-view" "$view" sh -c '
                [ -z "$1" ] || mountpoint -q "/sys/fs/cgroup/$1" ||
                    grep -qsw -- "$1" /sys/fs/cgroup/cgroup.controllers /sys/fs/cgroup/unified/cgroup.controllers
            ' sh "${1:-}" 2>/dev/null || views+="$view "
        done
        echo "$views" >"$known"
    fi
    [ "${views% }" ] || skip "no cgroups with the controller ${1:-}"
}

# run_detached CMD [ARG...]: as bats' run, for a command that leaves a container behind: run would wait for its stdio.
run_detached() {
    status=0
    "$@" >"$BATS_TEST_TMPDIR/output" 2>&1 </dev/null || status=$?
    output=$(cat "$BATS_TEST_TMPDIR/output")
}

# Fails unless $output holds the text.
assert_output() {
    case $output in
    *"$1"*) ;;
    *)
        printf 'expected: %s\nin: %s\n' "$1" "$output" >&2
        return 1
        ;;
    esac
}

# soon CMD [ARG...]: waits, five seconds at most, until CMD succeeds. (A signal is sent at once, but who dies of it takes
# a moment.)
soon() {
    for _ in $(seq 100); do
        "$@" && return
        sleep 0.05
    done
    echo "not within five seconds: $*" >&2
    return 1
}

# has_status WORD: container $ID's status is that.
has_status() {
    [ "$(ocr state "$ID" | jq -r .status)" = "$1" ]
}

# refute CMD [ARG...]: fails if CMD succeeds. (Of "! CMD" in the middle of a test nobody hears.)
refute() {
    ! "$@"
}

assert_status() {
    [ "$status" -eq "$1" ] || {
        printf 'expected status %s, got %s\noutput: %s\n' "$1" "$status" "$output" >&2
        return 1
    }
}

# Fails if anything of container $ID is left: state, cgroups, mounts below the bundle, processes.
assert_nothing_left() {
    local id=${1:-$ID} left
    [ ! -e "$ROOT/$id" ] || { echo "left: $ROOT/$id" >&2; ls -la "$ROOT/$id" >&2; return 1; }
    # (find fails when a cgroup of another test goes meanwhile.)
    left=$(find /sys/fs/cgroup -maxdepth 3 -type d -name "*$id*" 2>/dev/null || true)
    [ -z "$left" ] || { echo "left: $left" >&2; return 1; }
    left=$(grep -F "$BUNDLE" /proc/self/mountinfo || true)
    [ -z "$left" ] || { echo "left: $left" >&2; return 1; }
    # A process that was called with the bundle, or whose root it is. One whose parent was killed may still be dying.
    local _
    for _ in {1..50}; do
        # shellcheck disable=SC2062 # no pattern, a list of files
        left=$(grep -lF -f - /proc/[0-9]*/cmdline /proc/[0-9]*/mountinfo <<<"$BUNDLE" 2>/dev/null || true)
        [ -n "$left" ] || return 0
        sleep 0.02
    done
    echo "left: $left" >&2
    return 1
}

# inside SCRIPT: runs it by a shell in the container, made by the stages of namespaces and file system only.
inside() {
    container_runs "$1"
    ocr-validate -b "$BUNDLE" ocr-claim --root "$ROOT" "$ID" \
        ocr-nsinit --foreground ocr-mounts ocr-pivot ocr-process
}

# add_mount DESTINATION TYPE SOURCE [OPTION]...: one more of the config's mounts.
add_mount() {
    local destination=$1 type=$2 source=$3
    shift 3
    config --arg d "$destination" --arg t "$type" --arg s "$source" \
        --argjson o "$(jq -nc '$ARGS.positional' --args "$@")" \
        '.mounts += [{destination: $d, type: $t, source: $s, options: $o}]'
}

# Skips the test where the kernel makes no user namespaces: in a chroot, or when they are turned off.
need_user_namespaces() {
    unshare --user true 2>/dev/null || skip "no user namespaces here"
}

# The container gets a user namespace in which its root is our user 100000, who also owns the root file system.
with_user_namespace() {
    need_user_namespaces
    config '.linux.namespaces += [{type: "user"}]
        | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
    chown -hR 100000:100000 "$BUNDLE/rootfs"
}
