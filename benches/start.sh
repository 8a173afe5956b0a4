#!/usr/bin/env bash
# What does a start through `momo-cred exec` cost, in numbers that do not depend on what else the machine does?
#   instructions   under callgrind, from the first one of the program to `execve`, for three fields of a .env
#   memory         the most that was resident before `execve`
# Compares with benches/start.txt: more than 2 % above its number fails, and so does 12 MiB. The number is for one
# toolchain, one C library and one Cargo.lock, which stand beside it; with others it has to be taken again:
#   benches/start.sh --bless
# rewrites the line of this C library. The commit that does so says why the number changed.
# Needs valgrind and GNU time.
set -euo pipefail
cd "$(dirname "$0")/.."

FIGURES=benches/start.txt
LIMIT_KIB=$((12 * 1024))

die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# within NOW COMMITTED: at most 2 % more.
within() { [[ $1 -gt 0 && $(($1 * 100)) -le $(($2 * 102)) ]]; }

# instructions PROFILE: the total of a callgrind profile. execve ends valgrind, too: what is written there is empty.
instructions() {
    local total
    total=$(sed -n 's/^\(totals\|summary\): \([0-9]*\).*/\2/p' "$1" 2>/dev/null | head -n 1)
    [[ ${total:-0} -gt 0 ]] || return 1
    printf '%s\n' "$total"
}

# A check that cannot fail is none.
if within 1021 1000 || within 0 1000 || ! within 1020 1000 || instructions /dev/null; then
    die "this script takes everything for good"
fi

for tool in valgrind /usr/bin/time; do
    command -v "$tool" >/dev/null || { echo "benches/start.sh needs $tool (apt-get install valgrind time)" >&2; exit 69; }
done
# With its symbols, which callgrind needs to tell functions apart; they are not loaded.
CARGO_PROFILE_RELEASE_STRIP=false cargo build --quiet --release --bin momo-cred
program=${CARGO_TARGET_DIR:-target}/release/momo-cred

# Paths of one length and a fixed environment, since both are copied.
work=$(mktemp -d /tmp/momo-cred-start.XXXXXX)
trap 'rm -rf "$work"' EXIT
cp "$program" "$work/momo-cred"
cd "$work"
key=$(printf '%032d' 7)
user=00000000-0000-4000-8000-000000000000
( umask 077; printf 'MOMO_SUBSCRIPTION_KEY=%s\nMOMO_API_USER=%s\nMOMO_API_KEY=%s\n' "$key" "$user" "$key" >.env )
fixed=(env -i "HOME=$work" PATH=/usr/bin:/bin LANG=C.UTF-8)

"${fixed[@]}" valgrind --quiet --tool=callgrind --callgrind-out-file="$work/profile" --dump-before=execve \
    "$work/momo-cred" exec -- /usr/bin/true >/dev/null
# The first dump; what follows it is after execve failed or of another process.
now=$(instructions "$work/profile.1") || die "the profile is empty: was it written before execve?"
"${fixed[@]}" /usr/bin/time --quiet --format %M --output "$work/memory" "$work/momo-cred" exec -- /usr/bin/true
memory=$(<"$work/memory")
[[ $memory -gt 0 ]] || die "the memory was not measured"
cd - >/dev/null

libc="$(uname -m) $(getconf GNU_LIBC_VERSION)"
rustc=$(rustc --version)
lock=$(sha256sum <Cargo.lock | cut -c1-16)
printf '    %s instructions, %s KiB before execve (%s, %s, Cargo.lock %s)\n' "$now" "$memory" "$libc" "$rustc" "$lock"
[[ $memory -lt $LIMIT_KIB ]] || die "more than $LIMIT_KIB KiB are resident before execve"

if [[ ${1:-} == --bless ]]; then
    { grep '^#' "$FIGURES"; { grep -v '^#' "$FIGURES" | grep -vF "$libc |" || true; printf '%s | %s | %s | %s\n' "$libc" "$rustc" "$lock" "$now"; } | sort; } >"$work/figures"
    cat "$work/figures" >"$FIGURES"
    echo "    written to $FIGURES: say in the commit why"
    exit 0
fi

again="take it again with benches/start.sh --bless, and say in the commit why it changed"
line=$(grep -F "$libc |" "$FIGURES") || die "$FIGURES has no number for $libc: $again"
IFS='|' read -r _ was_rustc was_lock was < <(tr -d '\n' <<<"$line" | sed 's/ *| */|/g'; echo)
[[ $was_rustc == "$rustc" ]] || die "$FIGURES has the number of $was_rustc, this is $rustc: $again"
[[ $was_lock == "$lock" ]] || die "$FIGURES has the number of another Cargo.lock ($was_lock, now $lock): $again"
within "$now" "$was" || die "$now instructions are more than 2 % above the $was of $FIGURES: find out why, or $again"
echo "    at most 2 % above the committed $was"
