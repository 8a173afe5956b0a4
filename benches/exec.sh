#!/usr/bin/env bash
# How long does a start through `momo-cred exec` take, beside the floor and beside others? Three runs, on an idle machine:
#   true               the program alone
#   chpst -e           reads three variables from files, then execve (Debian package runit)
#   momo-cred exec     reads three fields from a .env, then execve
#   secretspec run     reads three secrets from a .env, then starts a child
#   secretenv run      reads three secrets from files, then starts a child
# Prints the overheads over `true` and the median of the three ratios, and says whether the two targets are met: 1.5 times
# chpst, and a quarter of the better one of the last two. Those are built below target/peers the first time, which takes
# minutes; `benches/exec.sh --floor` leaves them out. Needs hyperfine, chpst and python3.
set -euo pipefail
cd "$(dirname "$0")/.."

SECRETSPEC=0.21.1
SECRETENV=0.20.0

for tool in hyperfine chpst python3; do
    command -v "$tool" >/dev/null || { echo "benches/exec.sh needs $tool (apt-get install hyperfine runit python3)" >&2; exit 69; }
done
peers=$PWD/target/peers/cargo
# peer NAME VERSION OPTIONS...: built once, with as little in it as it offers.
peer() {
    [[ $("$peers/bin/$1" --version 2>/dev/null) != "$1 $2" ]] || return 0
    echo "building $1 $2 into target/peers"
    CARGO_TARGET_DIR=$PWD/target/peers/build nice cargo install --quiet --locked --force --root "$peers" "$1" --version "=$2" "${@:3}"
}
if [[ ${1:-} != --floor ]]; then
    peer secretspec "$SECRETSPEC" --no-default-features --features cli
    peer secretenv "$SECRETENV"
    rm -rf target/peers/build
fi
cargo build --quiet --release --bin momo-cred
built=$(realpath "${CARGO_TARGET_DIR:-target}/release/momo-cred")

work=$(mktemp -d)
# Copied, as `cargo install` does: what a linker has just written lies page by page in the cache, and starts slower.
momo_cred=$work/momo-cred
cp "$built" "$momo_cred"
trap 'rm -rf "$work"' EXIT
cd "$work"
key=$(printf '%032d' 7)
user=00000000-0000-4000-8000-000000000000
( umask 077; printf 'MOMO_SUBSCRIPTION_KEY=%s\nMOMO_API_USER=%s\nMOMO_API_KEY=%s\n' "$key" "$user" "$key" > .env )
mkdir env
printf %s "$key" > env/MOMO_SUBSCRIPTION_KEY
printf %s "$user" > env/MOMO_API_USER
printf %s "$key" > env/MOMO_API_KEY
fields='MOMO_SUBSCRIPTION_KEY MOMO_API_USER MOMO_API_KEY'
{
    printf '[project]\nname = "bench"\nrevision = "1.0"\n[profiles.default]\n'
    for field in $fields; do printf '%s = { description = "a field", required = true }\n' "$field"; done
} > secretspec.toml
printf '[registries.default]\nsources = ["local://%s/registry.toml"]\n[backends.local]\ntype = "local"\n' "$work" > config.toml
echo '[secrets]' > secretenv.toml
for field in $fields; do
    printf '%s = { from = "secretenv://%s" }\n' "$field" "$field" >> secretenv.toml
    printf '%s = "local://%s/env/%s"\n' "$field" "$work" "$field" >> registry.toml
done

commands=(
    '/usr/bin/true'
    'chpst -e env /usr/bin/true'
    "$momo_cred exec -- /usr/bin/true"
)
if [[ ${1:-} != --floor ]]; then
    commands+=(
        "$peers/bin/secretspec run --provider dotenv:.env -- /usr/bin/true"
        "$peers/bin/secretenv --config $work/config.toml run -- /usr/bin/true"
    )
fi
export HOME=$work
for command in "${commands[@]}"; do
    $command </dev/null >/dev/null || { echo "error: it fails: $command" >&2; exit 1; }
done
for run in 1 2 3; do
    # secretspec dies of SIGPIPE in two runs of a thousand; that the others end well is looked at below.
    hyperfine -N --warmup 20 --runs 300 --ignore-failure --export-json "times$run.json" --style none "${commands[@]}" >hyperfine.log 2>&1 ||
        { cat hyperfine.log >&2; exit 1; }
done
ls -l "$momo_cred" | awk '{ print "the program: " $5 " bytes" }'

python3 - <<'PYTHON'
import json
import statistics
import sys

runs = []
for run in (1, 2, 3):
    results = json.load(open(f"times{run}.json"))["results"]
    if any(code != 0 for result in results[:3] for code in result["exit_codes"]):
        sys.exit("error: a start has failed")
    true, *others = (result["median"] * 1000 for result in results)
    runs.append([time - true for time in others])
    names = ["chpst -e", "momo-cred exec", "secretspec run", "secretenv run"]
    overheads = ", ".join(f"{name} +{ms:.2f}" for name, ms in zip(names, runs[-1]))
    print(f"run {run}, median ms: true {true:.2f}, {overheads}")

def judged(what, ratios, most):
    ratio = statistics.median(ratios)
    met = ratio <= most
    print(f"{'met   ' if met else 'MISSED'}: {ratio:.2f} of {what}, at most {most} ({', '.join(f'{r:.2f}' for r in ratios)})")
    return met

met = [judged("chpst -e", [ours / chpst for chpst, ours, *_ in runs], 1.5)]
if len(runs[0]) > 2:
    met.append(judged("the better of secretspec and secretenv", [ours / min(peers) for _, ours, *peers in runs], 0.25))
sys.exit(0 if all(met) else 1)
PYTHON
