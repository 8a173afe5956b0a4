#!/usr/bin/env bash
# How long does a start through `momo-cred exec` take, beside the floor? One run, on an idle machine:
#   true               the program alone
#   chpst -e           reads three variables from files, then execve (Debian package runit)
#   momo-cred exec     reads three fields from a .env, then execve
# Prints the table and the ratio of the overheads. Needs hyperfine and chpst.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in hyperfine chpst python3; do
    command -v "$tool" >/dev/null || { echo "benches/exec.sh needs $tool (apt-get install hyperfine runit python3)" >&2; exit 69; }
done
cargo build --quiet --release --bin momo-cred
momo_cred=$PWD/target/release/momo-cred

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
key=$(printf '%032d' 7)
user=00000000-0000-4000-8000-000000000000
( umask 077; printf 'MOMO_SUBSCRIPTION_KEY=%s\nMOMO_API_USER=%s\nMOMO_API_KEY=%s\n' "$key" "$user" "$key" > .env )
mkdir env
printf %s "$key" > env/MOMO_SUBSCRIPTION_KEY
printf %s "$user" > env/MOMO_API_USER
printf %s "$key" > env/MOMO_API_KEY

HOME=$work hyperfine -N --warmup 20 --runs 500 --export-json times.json --style basic \
    '/usr/bin/true' \
    'chpst -e env /usr/bin/true' \
    "$momo_cred exec -- /usr/bin/true"

python3 - <<'PYTHON'
import json
true, chpst, ours = (result["median"] * 1000 for result in json.load(open("times.json"))["results"])
print(f"median ms: true {true:.2f}, chpst -e {chpst:.2f}, momo-cred exec {ours:.2f}")
print(f"overhead over true: chpst {chpst - true:.2f}, momo-cred {ours - true:.2f}, ratio {(ours - true) / (chpst - true):.1f}")
PYTHON
ls -l "$momo_cred" | awk '{ print "release binary, stripped: " $5 " bytes" }'
