#!/bin/sh
# ocr-spec: a config.json to start from.
#
# Takes nothing. Writes spec-schema/default.json, which the build puts in here,
# as config.json of a bundle; --rootless first changes it to what a caller
# without privileges can have. Gives a file that was not there before. Fails
# at: a config.json that exists. See config.md of the runtime-spec, jq(1).
#
# No inheritable and no ambient capabilities: with them a program that anybody
# starts inside would have more than its user should (CVE-2022-29162).
set -eu

usage='usage: ocr-spec [-b BUNDLE] [-f FILE] [--rootless]

Writes a config.json to start from.

  -b, --bundle BUNDLE  the folder that it is written to (.)
  -f, --file FILE      another name than config.json
      --rootless       one that a caller without privileges can run'

# ocr-help says it, so that it reaches --log as well.
fail() {
    exec "${0%/*}/ocr-help" --refuse "$2" "$1" ocr-spec
}

bundle=. file=config.json rootless=false
while [ $# -gt 0 ]; do
    case $1 in
    -b | --bundle | -f | --file)
        [ $# -ge 2 ] || fail 2 "option $1 needs a value"
        case $1 in
        -b | --bundle) bundle=$2 ;;
        *) file=$2 ;;
        esac
        shift
        ;;
    --bundle=*) bundle=${1#*=} ;;
    --file=*) file=${1#*=} ;;
    --rootless) rootless=true ;;
    -h | --help) printf '%s\n' "$usage" && exit ;;
    *) printf '%s\n' "$usage" >&2 && exit 2 ;;
    esac
    shift
done

cd -- "$bundle" 2>/dev/null || fail 1 "$bundle: is no folder that can be entered"
command -v jq >/dev/null || fail 1 'jq: not found; ocr-spec needs it'

# In a user namespace of one's own: root inside is the caller outside, and nobody else is there. So no network
# namespace, where nothing could be reached, no other owners, no limits that need a cgroup; and as sysfs belongs to
# the network namespace, the host's /sys is shown instead of a new one.
# shellcheck disable=SC2016
rootless_filter='
    .linux.namespaces |= map(select(.type != "network")) + [{"type": "user"}]
    | .linux.uidMappings = [{"containerID": 0, "hostID": $uid, "size": 1}]
    | .linux.gidMappings = [{"containerID": 0, "hostID": $gid, "size": 1}]
    | del(.linux.resources)
    | .mounts |= map(if .options then .options |= map(select(test("^[ug]id=") | not)) else . end)
    | .mounts |= map(if .destination == "/sys"
        then {destination: "/sys", type: "none", source: "/sys", options: (["rbind"] + .options)} else . end)'

config=$(jq --argjson rootless "$rootless" --argjson uid "$(id -u)" --argjson gid "$(id -g)" \
    "if \$rootless then $rootless_filter else . end" <<'DEFAULT'
@default.json@
DEFAULT
)

if [ -e "$file" ] || [ -L "$file" ]; then fail 1 "$file: exists already"; fi
# noclobber: the shell creates the file with O_EXCL, so what is there by now is not changed, nor is what a link names.
set -C
{ printf '%s\n' "$config" >"$file"; } 2>/dev/null || fail 1 "$file: can not be written"
