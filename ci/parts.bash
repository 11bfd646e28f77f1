# Sourced by ci/check, ci/test and ci/long: named parts, timed, that stop at the first failure.

part() { # NAME COMMAND [ARGUMENT...]
    local name=$1
    shift
    printf '\n=== %s  (%d:%02d since the start)\n' "$name" $((SECONDS / 60)) $((SECONDS % 60))
    local code=0
    "$@" || code=$?
    [[ $code -eq 0 ]] || failed "$name" "$code" "$*"
}

# Runs beside the parts that follow, its words kept until `joined`.
aside() { # NAME COMMAND [ARGUMENT...]
    aside_name=$1
    shift
    aside_words=$*
    aside_log=$(mktemp)
    "$@" >"$aside_log" 2>&1 &
    aside_process=$!
    trap 'kill "$aside_process" 2>/dev/null || true' EXIT
}

# Waits for what runs aside.
joined() {
    printf '\n=== %s  (%d:%02d since the start)\n' "$aside_name" $((SECONDS / 60)) $((SECONDS % 60))
    local code=0
    wait "$aside_process" || code=$?
    cat "$aside_log"
    rm -f "$aside_log"
    trap - EXIT
    [[ $code -eq 0 ]] || failed "$aside_name" "$code" "$aside_words"
}

failed() { # NAME CODE WORDS
    printf '\n*** FAILED: %s, exit code %d, after %d:%02d\n*** repeat it with: %s\n' \
        "$1" "$2" $((SECONDS / 60)) $((SECONDS % 60)) "$3" >&2
    exit 1
}

finished() { # WHAT
    printf '\n=== %s: everything passed in %d:%02d\n' "$1" $((SECONDS / 60)) $((SECONDS % 60))
}

# Property tests draw the same cases in every run of ci/test and ci/check, so that a change is judged by what it changed;
# `ci/long properties` draws new ones, and many more.
export PROPTEST_RNG_SEED=${PROPTEST_RNG_SEED:-20260101}
