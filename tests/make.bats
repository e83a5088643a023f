# The build: what it installs works without the tree it was built in.

load lib

need_make() {
    command -v make >/dev/null && command -v cc >/dev/null || skip "no make or no compiler"
}

@test "an installed ocr runs containers with the installed programs; uninstall leaves nothing" {
    need_make
    local prefix=$BATS_TEST_TMPDIR/prefix program
    make -s -C "$top" install PREFIX="$prefix" >&2
    for program in "$top"/build/stages/*; do
        [ -x "$prefix/libexec/ocr/${program##*/}" ]
        [ -s "$prefix/share/man/man8/${program##*/}.8" ]
    done
    [ -s "$prefix/share/man/man1/ocr.1" ]
    container_runs 'echo from inside'
    run "$prefix/bin/ocr" --root "$ROOT" run --bundle "$BUNDLE" "$ID"
    assert_status 0
    assert_output "from inside"
    run "$prefix/bin/ocr" --dry-run run "$ID"
    assert_output "$prefix/libexec/ocr/ocr-validate"
    make -s -C "$top" uninstall PREFIX="$prefix" >&2
    [ -z "$(find "$prefix" -type f)" ]
}

@test "DESTDIR is where things go, and not what they are told" {
    need_make
    make -s -C "$top" install DESTDIR="$BATS_TEST_TMPDIR/stage" PREFIX=/usr >&2
    grep -q -x 'programs=/usr/libexec/ocr' "$BATS_TEST_TMPDIR/stage/usr/bin/ocr"
}

@test "nothing is built again when nothing has changed" {
    need_make
    run make -C "$top" --no-print-directory
    run make -C "$top" --no-print-directory
    assert_status 0
    [[ $output != *build/* ]]
}
