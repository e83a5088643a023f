#!/usr/bin/env bats
# ocr-help: what the front script has to say. What the front makes of it is in ocr.bats.

load lib

@test "--print shows words as a shell reads them, a stage a line" {
    run ocr-help --print /x/ocr-validate -b "it's a \$bundle" "" ocr-claim x
    assert_status 0
    [ "${#lines[@]}" -eq 2 ]
    [ "${lines[1]}" = "    ocr-claim x" ]
    eval "words=(${output})"
    [ "${words[2]}" = "it's a \$bundle" ]
    [ "${words[3]}" = "" ]
    [ "${#words[@]}" -eq 6 ]
}

@test "--refuse fails with the text, which stays one line" {
    run ocr-help --refuse $'one\ntwo \e[2J%s'
    assert_status 2
    [ "$output" = 'ocr: one?two ?[2J%s' ]
}

@test "an unknown option prints the usage" {
    run ocr-help --frobnicate x y
    assert_status 2
    assert_output "usage: ocr-help"
}
