# What is written agrees with what there is: manual pages, usage texts, parsers, the README.

load lib

setup_file() {
    command -v mandoc >/dev/null || skip "mandoc is not installed"
}

# Every program, by name; ocr is one of them.
programs() {
    ls "$top/build/stages"
}

# page PROGRAM: its manual page. sources PROGRAM: its files.
page() {
    find "$top/bin" "$top/stages" -name "$1.[18]"
}

sources() {
    find "$top/stages" \( -path "*/$1/*.c" -o -path "*/stages/$1.c" -o -path "*/stages/$1.sh" \) -type f
}

# The long options that a page's tagged lists explain, that its SYNOPSIS names; that a usage text explains, that its
# first lines name; that a program parses. --help is every program's, and is left out.
listed() {
    sed -n 's/^\.It Fl \(. , \)\{0,1\}-\([a-z-]*\).*/--\2/p' "$1" | grep -v -x -e --help -e -- | sort -u
}

in_synopsis() {
    sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/p' "$1" | grep -o 'Fl -[a-z-]*' | sed 's/Fl -/--/' | sort -u
}

explained() {
    grep -o '^ \{2,6\}\(-., \)\{0,1\}--[a-z-]*' <<<"$1" | grep -o -e '--[a-z-]*' | grep -v -x -e --help | sort -u
}

in_usage() {
    sed '/^$/,$d' <<<"$1" | grep -o -e '--[a-z][a-z-]*' | sort -u
}

parsed() {
    local files
    files=$(sources "$1")
    {
        # shellcheck disable=SC2086 # a list of files
        grep -h -o '{"[a-z-]*", *[a-z]*_argument' $files | sed 's/{"\([a-z-]*\)".*/--\1/'
        # shellcheck disable=SC2086
        grep -h -o '^ *-[^ (]*\( | -[^ (]*\)*)' $files /dev/null | grep -o -e '--[a-z][a-z-]*'
    } | grep -v -x -e --help | sort -u
}

# same WHAT A B: fails unless both lists are the same.
same() {
    [ "$2" = "$3" ] || {
        printf '%s: they differ:\n' "$1" >&2
        diff <(echo "$2") <(echo "$3") >&2
        differ=1
    }
}

@test "every program has a manual page, with the sections that readers look for" {
    local program section missing=
    for program in ocr $(programs); do
        [ -n "$(page "$program")" ] || { missing+=" $program" && continue; }
        for section in NAME SYNOPSIS DESCRIPTION "EXIT STATUS" EXAMPLES "SEE ALSO"; do
            grep -q -x "\.Sh $section" "$(page "$program")" || missing+=" $program:${section// /-}"
        done
    done
    echo "missing:$missing" >&2
    [ -z "$missing" ]
}

@test "every manual page is of a program that there is" {
    local file
    for file in "$top"/stages/*.8 "$top"/stages/*/*.8; do
        [ -x "$top/build/stages/$(basename "$file" .8)" ] || { echo "$file" >&2 && false; }
    done
}

@test "manual pages are correct mdoc" {
    run mandoc -T lint -W warning "$top"/bin/*.1 "$top"/stages/*.8 "$top"/stages/*/*.8
    assert_status 0
    [ -z "$output" ]
}

@test "usage, manual page and parser name the same options" {
    local program usage differ=
    for program in $(programs); do
        [ "$program" != ocr-help ] || continue
        usage=$("$program" --help)
        case $usage in "usage: $program"*) ;; *) echo "$program --help: $usage" >&2 && false ;; esac
        same "$program: usage explains, page explains" "$(explained "$usage")" "$(listed "$(page "$program")")"
        same "$program: usage explains, parser takes" "$(explained "$usage")" "$(parsed "$program")"
        same "$program: usage line, SYNOPSIS" "$(in_usage "$usage")" "$(in_synopsis "$(page "$program")")"
    done
    [ -z "$differ" ]
}

@test "the front's help, manual page and parser name the same options" {
    local help differ=
    help=$(command ocr --help)$'\n'$(command ocr create --help)$'\n'$(command ocr run --help)
    # Options that other runtimes have too and that only say here that they are not there yet.
    same "ocr: help, page" "$(explained "$help" | grep -v -x -e --version)" \
        "$(listed "$top/bin/ocr.1" | grep -v -x -e --version -e --quiet -e --format)"
    local taken
    taken=$(grep -o '^ *1\{0,1\}-[^)]*)' "$top/bin/ocr" | grep -o -e '--[a-z][a-z-]*' | sort -u |
        grep -v -x -e --help -e --version -e --console-socket -e --systemd-cgroup)
    same "ocr: help, parser" "$(explained "$help" | grep -v -x -e --version)" "$taken"
    [ -z "$differ" ]
}

@test "every program refuses an option that it doesn't have, with status 2" {
    local program
    for program in $(programs | grep -v -x ocr-help); do
        run "$program" --no-such-option
        [ "$status" -eq 2 ] || { echo "$program: $status $output" >&2 && false; }
    done
}

@test "the README names every command, and every program" {
    local name missing=
    for name in $(sed -n 's/^\.It Cm \([a-z]*\).*/\1/p' "$top/bin/ocr.1"); do
        grep -q "^| \`ocr $name" "$top/README.md" || missing+=" $name"
    done
    for name in $(programs); do
        grep -q "\`$name\`" "$top/README.md" "$top/stages/README.md" || missing+=" $name"
    done
    echo "missing:$missing" >&2
    [ -z "$missing" ]
}

@test "every folder has a README, and the files that READMEs name are there" {
    local folder file missing=
    for folder in . bin stages common spec-schema tests; do
        [ -s "$top/$folder/README.md" ] || { missing+=" $folder/README.md" && continue; }
        for file in $(grep -o '](\([a-zA-Z][^):]*\))' "$top/$folder/README.md" | sed 's/](\([^)#]*\).*/\1/'); do
            [ -e "$top/$folder/$file" ] || missing+=" $folder/README.md:$file"
        done
    done
    echo "missing:$missing" >&2
    [ -z "$missing" ]
}

# The examples of a page, each in a file: what stands in a literal block, without prompts and what follows them.
examples() {
    awk -v prefix="$2" '
        /^\.Sh / { inside = /EXAMPLES/ }
        inside && /^\.Ed/ { block = 0 }
        block { gsub(/\\e/, "\\"); print >file }
        inside && /^\.Bd/ { block = 1; file = prefix (++blocks) }' "$1"
    local file
    for file in "$2"*; do
        [ -e "$file" ] || continue
        ! grep -q '^# ' "$file" || sed -i -n 's/^# //p' "$file"
        sed -i -E "s,(^|[ /])x([ ;/]|$),\\1$ID\\2,g" "$file"
    done
}

# Runs an example as a reader would who types it where there is a bundle; what is left of it is deleted. A shell in it
# reads the lines that follow. In a mount namespace with a state folder of its own.
run_example() {
    local folder=$BATS_TEST_TMPDIR/example
    rm -rf "$folder"
    mkdir -p "$folder"
    if ! grep -q '^ocr spec' "$1"; then
        BUNDLE=$folder/bundle
        make_bundle "$BUNDLE"
        container_runs 'sleep 0.5'
    fi
    mkdir -p /run/ocr
    # shellcheck disable=SC2016 # for the shell inside
    unshare --mount sh -c '
        mount -t tmpfs -o mode=700 none /run/ocr && cd "$2" || exit
        timeout 60 bash -e <"$1" || echo "status $?"
        ocr-delete --force "$3"' sh "$1" "$folder" "$ID"
}

@test "every example of a manual page runs" {
    [ "$(id -u)" = 0 ] || skip "needs root"
    local program file failed=
    for program in ocr $(programs); do
        rm -f "$BATS_TEST_TMPDIR"/example-*
        examples "$(page "$program")" "$BATS_TEST_TMPDIR/example-"
        [ -e "$BATS_TEST_TMPDIR/example-1" ] || { echo "$program: no example" >&2 && failed=1 && continue; }
        for file in "$BATS_TEST_TMPDIR"/example-*; do
            run run_example "$file"
            case $output in
            *"status "[0-9]* | *"not found"*)
                printf '%s:\n%s\n%s\n' "$program" "$(cat "$file")" "$output" >&2
                failed=1
                ;;
            esac
        done
    done
    [ -z "$failed" ]
}
