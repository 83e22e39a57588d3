# shellcheck shell=bash
# The house rules that a grep can hold. Each finding is printed with the rule's reason. A line that
# must break one says why in a comment "check: allow - reason".

# Rules run in pipes, that is in subshells: a failure is remembered in a file.
rules_mark=$(mktemp)
trap 'rm -f "$rules_mark"' EXIT

rules_fail() {
    echo failed >>"$rules_mark"
}

rules_failed() {
    [ -s "$rules_mark" ]
}

# Reads findings (FILE:LINE:TEXT) from stdin; any that is not excused fails the rule.
rules_report() {
    local rule=$1 reason=$2 findings
    findings=$(grep -vE 'check: allow|:// -+$' || true) # a line across is only a line
    [ -n "$findings" ] || return 0
    rules_fail
    printf '%s\n' "$findings" | sed -n '1,20p'
    printf '  ^ %s: %s\n\n' "$rule" "$reason"
}

# rule NAME REASON EXTENDED-REGEX FILE...
rule() {
    local name=$1 reason=$2 pattern=$3
    shift 3
    [ $# -gt 0 ] || return 0
    { grep -HnE "$pattern" "$@" || true; } | rules_report "$name" "$reason"
}

# Comments and string literals name functions without calling them.
rules_code_only() {
    sed -E 's,"([^"\\]|\\.)*","",g; s,//.*check: allow.*,/*check: allow*/,; t; s,//.*,,' "$1" |
        awk -v file="$1" '{ print file ":" NR ":" $0 }'
}

# rule_code NAME REASON EXTENDED-REGEX FILE...: as rule, on code without comments and literals.
rule_code() {
    local name=$1 reason=$2 pattern=$3 file
    shift 3
    for file in "$@"; do
        rules_code_only "$file"
    done | { grep -E "^[^:]+:[0-9]+:.*($pattern)" || true; } | rules_report "$name" "$reason"
}

# Folders that a folder's files may include from: the arrows of docs/ARCHITECTURE.md.
rules_may_include() {
    case $1 in
    common) echo 'common/' ;;
    mtf) echo 'common/|mtf/' ;;
    crypto) echo 'common/|crypto/' ;;
    s3) echo 'common/|s3/' ;;
    object) echo 'common/|crypto/|mtf/mtf.h|s3/|object/' ;;
    fs) echo 'common/|crypto/envelope.h|crypto/cipher.h|s3/store.h|mtf/mtf.h|object/|fs/' ;;
    cli) echo 'common/|mtf/|crypto/|s3/|object/|fs/|cli/' ;;
    esac
}

# Third-party headers that a folder may use.
rules_may_use() {
    case $1 in
    common) echo 'sodium' ;;
    crypto) echo 'openssl/|jansson|sodium' ;;
    s3) echo 'curl/|openssl/|expat|jansson' ;;
    object) echo 'uthash|utlist|utarray' ;;
    fs) echo 'fuse_lowlevel|uthash|utlist|utarray' ;;
    mtf) echo 'none-at-all' ;;
    cli) echo 'jansson' ;;
    esac
}

THIRD_PARTY='sodium|openssl/|curl/|expat|jansson|ut(hash|list|array|string)|fuse|cmocka'

rules_includes() {
    local folder headers
    mapfile -t headers < <(find common mtf crypto s3 object fs cli \
        -name '*.h' ! -name '*_internal.h')
    for folder in common mtf crypto s3 object fs cli; do
        { grep -HnE '^#include "' "$folder"/*.[ch] 2>/dev/null || true; } |
            { grep -vE "#include \"($(rules_may_include "$folder"))" || true; } |
            rules_report "include direction" \
                "$folder/ includes only $(rules_may_include "$folder" | tr '|' ' ')"
        { grep -HnE "^#include <($THIRD_PARTY)" "$folder"/*.c 2>/dev/null || true; } |
            { grep -vE "#include <($(rules_may_use "$folder"))" || true; } |
            rules_report "third-party header" \
                "$folder/ may use only $(rules_may_use "$folder" | tr '|' ' ')"
    done
    rule "third-party header in ours" "a library is known to one or two files, never to all that \
include our header (a module's own _internal.h may hold a hash table)" \
        "^#include <($THIRD_PARTY)" "${headers[@]}"
}

rules_c() {
    rule_code "unbounded copy" "the destination's size is not looked at; use snprintf, memcpy or \
struct buf" '\b(strcpy|strcat|sprintf|vsprintf|gets|stpcpy)\(' "$@"
    rule_code "number parsing" "errors cannot be seen; use decimal_parse or size_parse" \
        '\b(atoi|atol|atoll|atof)\(' "$@"
    rule_code "shared state" "not safe with threads; use the _r form or a local" \
        '\b(strtok|localtime|gmtime|asctime|ctime|rand|srand|strsignal_|getpwnam|getgrnam)\(' "$@"
    rule_code "stack" "input must not size the stack" '\balloca\(' "$@"
    rule_code "shell" "no command is ever run" '\b(system|popen)\(' "$@"
    rule_code "goto" "locals release themselves (CLEANUP in common/cleanup.h)" '\bgoto\b' "$@"
    rule_code "typedef" "struct tags show what a thing is" '^typedef (struct|union|enum)\b' "$@"
    rule_code "timing" "tags, keys and signatures are compared in constant time; use secret_equal" \
        '\b(memcmp|strcmp|strncmp)\([^;]*\b(tag|mac|hmac|digest|signature|secret)\b' "$@"
    rule_code "wiping" "the compiler may drop it; use secret_wipe" \
        '\bmemset\([^,;]*(secret|plaintext|key_bytes)' "$@"
    rule "long line" "over 100 columns; clang-format leaves comments and macros to you" \
        '^.{101,}$' "$@"
    rule "white space" "tabs, or blanks at the end of a line" $'\t|[ ]+$' "$@"
}

# Longest functions and files: to look at, not to fail on. The style is 10-20 lines, few over 50.
rules_longest() {
    echo "longest functions (aim: 10-20 lines, few over 50):"
    awk 'FNR == 1 { name = "" }
        /^[a-z_].*\(/ && !/;$/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
        /^\{/ { start = FNR }
        /^\}/ && start { if (name != "") print FNR - start + 1, FILENAME ": " name
            start = 0; name = "" }' "$@" | sort -rn | sed -n '1,5s/^/  /p'
    echo "longest files (aim: 150-400 lines):"
    wc -l "$@" | grep -v ' total$' | sort -rn | sed -n '1,5s/^ */  /p'
}
