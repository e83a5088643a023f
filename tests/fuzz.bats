# A short run of the fuzzer. `make fuzz` is a longer one.
load lib

setup() { :; }
teardown() { :; }

@test "ocr-validate survives ten seconds of fuzzing with ASan and UBSan" {
    command -v clang >/dev/null || skip "no clang"
    ls /usr/lib/llvm*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a >/dev/null 2>&1 || skip "clang has no libFuzzer"
    run "$BATS_TEST_DIRNAME/fuzz/run" 10
    assert_status 0
}
