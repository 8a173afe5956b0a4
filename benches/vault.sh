#!/usr/bin/env bash
# How long does a start through `momo-cred exec` take with a record in Vault, beside the floor? One run, on an idle machine:
#   true               the program alone
#   curl               the same path of the same server, read once, printed to nowhere
#   momo-cred exec     reads the record, then execve
# Prints the table, the ratio of the overheads, and the requests that one exec makes. Needs hyperfine, curl and python3, and
# the server that `tests/run live` builds.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in hyperfine curl python3; do
    command -v "$tool" >/dev/null || { echo "benches/vault.sh needs $tool (apt-get install hyperfine curl python3)" >&2; exit 69; }
done
server=$PWD/target/live/vault-server
[[ -x $server ]] || { echo "benches/vault.sh needs $server: tests/run live" >&2; exit 69; }
cargo build --quiet --release --bin momo-cred
momo_cred=$PWD/target/release/momo-cred

work=$(mktemp -d)
mkfifo "$work/stdin"
"$server" -exit-on-stdin-eof <"$work/stdin" >"$work/started" 2>/dev/null &
# The server ends when nobody holds the other end any more.
exec 9>"$work/stdin"
trap 'exec 9>&-; rm -rf "$work"' EXIT
cd "$work"
until [[ -s started ]]; do sleep 0.1; done
field() { python3 -c 'import json, sys; print(json.load(open("started"))[sys.argv[1]])' "$1"; }
VAULT_ADDR=$(field address)
VAULT_TOKEN=$(field root_token)
export VAULT_ADDR VAULT_TOKEN HOME=$work
# The token goes through a file: arguments are seen by everybody.
( umask 077; printf 'X-Vault-Token: %s\n' "$VAULT_TOKEN" >header )
api() { curl --silent --fail --output /dev/null --header @header "$VAULT_ADDR/v1/$1" "${@:2}"; }
api sys/mounts/secret --data '{"type":"kv","options":{"version":"2"}}'
key=$(printf '%032d' 7)
user=00000000-0000-4000-8000-000000000000
until api secret/data/momo --data "{\"data\":{\"subscription_key\":\"$key\",\"api_user\":\"$user\",\"api_key\":\"$key\"}}"
do sleep 0.1; done

exec_it="$momo_cred exec --store vault:secret/momo -- /usr/bin/true"
hyperfine -N --warmup 20 --runs 300 --export-json times.json --style basic \
    '/usr/bin/true' \
    "curl --silent --fail --output /dev/null --header @header $VAULT_ADDR/v1/secret/data/momo" \
    "$exec_it"

python3 - <<'PYTHON'
import json
true, curl, ours = (result["median"] * 1000 for result in json.load(open("times.json"))["results"])
print(f"median ms: true {true:.2f}, curl {curl:.2f}, momo-cred exec {ours:.2f}")
print(f"overhead over true: curl {curl - true:.2f}, momo-cred {ours - true:.2f}, ratio {(ours - true) / (curl - true):.2f}")
PYTHON
echo "requests of one exec:"
MOMO_CRED_LOG=debug $exec_it 2>&1 | grep -c ' vault ' || true
