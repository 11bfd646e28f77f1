# Sourced by ci/check, ci/test and ci/long: named parts, timed, that stop at the first failure.

part() { # NAME COMMAND [ARGUMENT...]
    local name=$1
    shift
    printf '\n=== %s  (%d:%02d since the start)\n' "$name" $((SECONDS / 60)) $((SECONDS % 60))
    local code=0
    "$@" || code=$?
    if [[ $code -ne 0 ]]; then
        printf '\n*** FAILED: %s, exit code %d, after %d:%02d\n*** repeat it with: %s\n' \
            "$name" "$code" $((SECONDS / 60)) $((SECONDS % 60)) "$*" >&2
        exit 1
    fi
}

finished() { # WHAT
    printf '\n=== %s: everything passed in %d:%02d\n' "$1" $((SECONDS / 60)) $((SECONDS % 60))
}

# Property tests draw the same cases in every run of ci/test and ci/check, so that a change is judged by what it changed;
# `ci/long properties` draws new ones, and many more.
export PROPTEST_RNG_SEED=${PROPTEST_RNG_SEED:-20260101}
