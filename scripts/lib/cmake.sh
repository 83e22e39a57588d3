# shellcheck shell=bash
# How the scripts configure and build. Sourced.

# cmake_build PRESET DIRECTORY [-DNAME=VALUE...]: quiet unless it fails.
cmake_build() {
    local preset=$1 directory=$2 log
    shift 2
    log=$(mktemp)
    echo "building $directory"
    if ! { cmake --preset "$preset" -B "$directory" "$@" &&
        cmake --build "$directory" -j "$(nproc)"; } >"$log" 2>&1; then
        # What matters is near the first error.
        grep -nE -m1 'error|FAILED' "$log" >/dev/null || tail -n 40 "$log" >&2
        grep -E -A12 'error:|CMake Error|FAILED:|undefined reference' "$log" | sed -n '1,120p' >&2
        echo "rdsbak: $directory does not build (see above)" >&2
        rm -f "$log"
        return 1
    fi
    grep -E 'warning:' "$log" >&2 || true
    rm -f "$log"
}
