#!/usr/bin/env bats
# ocr-claim: the id and its state directory are ours.

load lib

claim() {
    ocr-validate -b "$BUNDLE" ocr-claim --root "$ROOT" "$@"
}

@test "a state directory is made, private, with what later commands need" {
    config '.annotations = {"a/b": "1", "quote": "\""}'
    claim "$ID" true
    [ "$(stat -c %a "$ROOT/$ID")" = 700 ]
    [ "$(readlink "$ROOT/$ID/bundle")" = "$BUNDLE" ]
    [ "$(readlink "$ROOT/$ID/rootfs")" = "$BUNDLE/rootfs" ]
    [ "$(jq -r '."a/b"' "$ROOT/$ID/annotations")" = 1 ]
    [ "$(jq -r .quote "$ROOT/$ID/annotations")" = '"' ]
    [ -s "$ROOT/$ID/plan" ]
    grep -qE '^walk [0-9]+ [0-9]+$' "$ROOT/$ID/journal"
}

@test "the journal's first line is the process that walks" {
    run claim "$ID" sh -c 'echo $$'
    assert_status 0
    grep -q "^walk $output " "$ROOT/$ID/journal"
}

@test "an id is taken once" {
    claim "$ID" true
    run claim "$ID" true
    assert_status 4
    assert_output "ocr-claim: container \"$ID\" exists already"
    [ -d "$ROOT/$ID" ]
}

@test "of many creates of one id at once, one wins" {
    for _ in 1 2 3 4 5 6 7 8; do
        claim "$ID" true >/dev/null 2>&1 && echo won &
    done >"$BATS_TEST_TMPDIR/won"
    wait
    [ "$(wc -l <"$BATS_TEST_TMPDIR/won")" = 1 ]
}

@test "ids that could be paths or commands are refused and leave nothing" {
    local id
    for id in '' . .. a/b ../x '*' 'a b' $'a\nb' 'a;b' '$(id)' 'a@b' "$(printf 'x%.0s' {1..256})"; do
        run claim "$id" true
        assert_status 2
        [ ! -e "$ROOT" ] || [ -z "$(ls -A "$ROOT")" ]
    done
}

@test "every character that an id may have is taken" {
    claim 'aZ09_+.-' true
    [ -d "$ROOT/aZ09_+.-" ]
    claim "$(printf 'x%.0s' {1..255})" true
}

@test "a state folder that others can write to is not used" {
    mkdir -m 777 "$ROOT"
    run claim "$ID" true
    assert_status 4
    assert_output "others can write to this state folder"
    [ -z "$(ls -A "$ROOT")" ]
}

@test "a link in the place of the state directory is not followed" {
    mkdir -m 700 "$ROOT" "$BATS_TEST_TMPDIR/elsewhere"
    ln -s "$BATS_TEST_TMPDIR/elsewhere" "$ROOT/$ID"
    run claim "$ID" true
    assert_status 4
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/elsewhere")" ]
    rm "$ROOT/$ID"
}

@test "a failure after the claim removes it" {
    run claim "$ID" ocr-no-such-stage
    assert_status 1
    assert_output "ocr-claim: execute ocr-no-such-stage: No such file or directory"
    assert_nothing_left
}

@test "without a baton it says what is missing" {
    run ocr-claim --root "$ROOT" "$ID" true
    assert_status 2
    assert_output "ocr-claim: no baton"
}

@test "a made-up OCR_BATON is refused" {
    local baton
    for baton in '' x 0,1 1,2 3 '3,' 99999,99998 -1,-1; do
        OCR_BATON=$baton run ocr-claim --root "$ROOT" "$ID" true
        assert_status 2
        assert_output "OCR_BATON"
    done
}
