#!/usr/bin/env bats
# ocr-state: prints the state of a container as JSON.

load lib

@test "a container that does not exist is an error" {
    run ocr state "$ID"
    assert_status 4
    assert_output "container \"$ID\" does not exist"
}

# shellcheck disable=SC2153 # BUNDLE is of lib.bash
@test "a created container has the members of the spec and those that engines know" {
    config '.annotations = {"a.b/c": "d \"e\" \\ f", "empty": ""}'
    ocr create --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" "$ID"
    local state
    state=$(ocr state "$ID")
    jq -e --arg id "$ID" --arg bundle "$BUNDLE" --argjson pid "$(cat "$BATS_TEST_TMPDIR/pid")" '
        .ociVersion == "1.3.0" and .id == $id and .status == "created" and .pid == $pid and .bundle == $bundle and
        .rootfs == $bundle + "/rootfs" and .owner == "root" and
        .annotations == {"a.b/c": "d \"e\" \\ f", "empty": ""}' <<<"$state"
    # An engine in Go parses it as RFC 3339.
    jq -e '.created | test("^20[0-9-]{8}T[0-9:]{8}\\.[0-9]{9}Z$")' <<<"$state"
}

@test "the status goes from created over running to stopped" {
    container_runs 'sleep 1000'
    ocr create --bundle "$BUNDLE" "$ID"
    [ "$(ocr state "$ID" | jq -r .status)" = created ]
    ocr start "$ID"
    [ "$(ocr state "$ID" | jq -r .status)" = running ]
    local pid
    pid=$(ocr state "$ID" | jq .pid)
    ocr kill "$ID" KILL
    tail --pid="$pid" -f /dev/null
    ocr state "$ID" | jq -e '.status == "stopped" and .pid == 0'
}

@test "it is creating as long as a create is at work" {
    run ocr-validate --bundle "$BUNDLE" ocr-claim --root "$ROOT" "$ID" ocr-state --root "$ROOT" "$ID"
    assert_status 0
    jq -e '.status == "creating" and .pid == 0' <<<"$output"
}

@test "a pid that is another process's now is not the container's" {
    ocr create --bundle "$BUNDLE" "$ID"
    ocr kill "$ID" KILL
    local own=$BASHPID
    echo "$own $(($(cut -d' ' -f22 "/proc/$own/stat") + 1))" >"$ROOT/$ID/pid"
    ocr state "$ID" | jq -e '.status == "stopped"'
}

@test "annotations of any length come back as they were" {
    config '.annotations = {"long": ("äx\"\\\u0001€" * 5000), "odd": ("😀" * 3000)}'
    ocr create --bundle "$BUNDLE" "$ID"
    [ "$(ocr state "$ID" | jq -S .annotations)" = "$(jq -S .annotations "$BUNDLE/config.json")" ]
}

@test "a broken state is told as such" {
    mkdir -p "$ROOT"
    mkdir -m 700 "$ROOT/$ID"
    local text
    for text in "" x "1" "-5 3" "5 x" "99999999999999999999 1"; do
        echo "$text" >"$ROOT/$ID/pid"
        run ocr state "$ID"
        assert_status 4
        assert_output "is broken"
    done
    rm "$ROOT/$ID/pid"
    mkfifo "$ROOT/$ID/pid"
    run timeout 5 ocr-state --root "$ROOT" "$ID"
    assert_status 4
    rm -r "${ROOT:?}/$ID"
}

@test "a state folder that others can write to is not believed" {
    mkdir -p "$ROOT/$ID"
    chmod 777 "$ROOT"
    run ocr state "$ID"
    assert_status 4
    assert_output "others can write"
    rm -r "${ROOT:?}/$ID"
}

@test "names in the state that hold quotes and control characters are still JSON" {
    local bundle=$BATS_TEST_TMPDIR/$'a "b"\\\t\x01c'
    mv "$BUNDLE" "$bundle"
    ocr create --bundle "$bundle" "$ID"
    [ "$(ocr state "$ID" | jq -r .bundle)" = "$bundle" ]
}
