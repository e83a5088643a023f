#!/usr/bin/env bats
# ocr-list: lists the containers.

load lib

@test "without containers there is the heading, an empty array, or nothing" {
    run ocr list
    assert_status 0
    [ "${lines[*]%% *}" = ID ]
    [ "$(ocr list -f json)" = "[]" ]
    [ -z "$(ocr list -q)" ]
}

@test "a table with a line for each, sorted" {
    local id
    for id in "$ID-b" "$ID-a"; do ocr create --bundle "$BUNDLE" "$id"; done
    run ocr list
    assert_status 0
    [ "$(awk '{print $1}' <<<"$output" | xargs)" = "ID $ID-a $ID-b" ]
    [ "$(awk 'NR == 2 {print $2, $3, $4, $6}' <<<"$output")" = "$(ocr state "$ID-a" | jq .pid) created $BUNDLE root" ]
    [ "$(ocr list -q | xargs)" = "$ID-a $ID-b" ]
}

@test "the JSON has what ocr state prints" {
    config '.annotations = {"k": "v"}'
    ocr create --bundle "$BUNDLE" "$ID"
    [ "$(ocr list --format=json | jq -S '.[0]')" = "$(ocr state "$ID" | jq -S .)" ]
}

@test "a broken state is told and does not hide the others" {
    ocr create --bundle "$BUNDLE" "$ID"
    mkdir -m 700 "$ROOT/broken"
    echo nonsense >"$ROOT/broken/pid"
    run ocr list -f json
    assert_status 0
    assert_output 'the state of container "broken" is broken'
    [ "$(ocr list -f json 2>/dev/null | jq -r '.[].id')" = "$ID" ]
    [ "$(ocr list -q | sort | xargs)" = "$(printf '%s\n' broken "$ID" | sort | xargs)" ]
}

@test "what is no container is passed over" {
    mkdir -p "$ROOT/@cache" "$BATS_TEST_TMPDIR/elsewhere"
    touch "$ROOT/file"
    ln -s "$BATS_TEST_TMPDIR/elsewhere" "$ROOT/link"
    run ocr list -q
    assert_status 0
    [ -z "$output" ]
    rm -r "${ROOT:?}"/*
}

@test "a format that does not exist is refused" {
    run ocr list -f yaml
    assert_status 2
    assert_output '"yaml": must be table or json'
}
