#!/usr/bin/env bash
# How long does a start through `momo-cred exec` take with a record in Vault, beside the floor? Three runs, on an idle
# machine, over plain http on loopback and over TLS:
#   true               the program alone
#   curl               the same path of the same server, read once, printed to nowhere
#   momo-cred exec     reads the record, then execve
# Prints the overheads over `true` and the median of the three ratios, and says whether the targets are met: 0.6 of curl,
# over TLS no more than curl. Then the requests that one exec makes. Needs hyperfine, curl, openssl and
# python3, and the server that `tests/run live` builds.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in hyperfine curl openssl python3; do
    command -v "$tool" >/dev/null || { echo "benches/vault.sh needs $tool (apt-get install hyperfine curl python3)" >&2; exit 69; }
done
server=$PWD/target/live/vault-server
[[ -x $server ]] || { echo "benches/vault.sh needs $server: tests/run live" >&2; exit 69; }
cargo build --quiet --release --bin momo-cred
built=$(realpath "${CARGO_TARGET_DIR:-target}/release/momo-cred")

work=$(mktemp -d)
# Copied, as `cargo install` does: what a linker has just written lies page by page in the cache, and starts slower.
momo_cred=$work/momo-cred
cp "$built" "$momo_cred"
key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
openssl req -x509 "${key[@]}" -keyout "$work/ca.key" -out "$work/ca.pem" -subj /CN=bench -days 2 2>/dev/null
openssl req -new "${key[@]}" -keyout "$work/server.key" -out "$work/server.csr" -subj /CN=127.0.0.1 2>/dev/null
openssl x509 -req -in "$work/server.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 2 \
    -extfile <(echo subjectAltName=IP:127.0.0.1) -out "$work/server.pem" 2>/dev/null
mkfifo "$work/stdin"
"$server" -exit-on-stdin-eof -tls-cert "$work/server.pem" -tls-key "$work/server.key" \
    <"$work/stdin" >"$work/started" 2>/dev/null &
# The server ends when nobody holds the other end any more.
exec 9>"$work/stdin"
trap 'exec 9>&-; rm -rf "$work"' EXIT
cd "$work"
until [[ -s started ]]; do sleep 0.1; done
field() { python3 -c 'import json, sys; print(json.load(open("started"))[sys.argv[1]])' "$1"; }
plain=$(field address)
secure=$(field tls_address)
VAULT_TOKEN=$(field root_token)
export VAULT_TOKEN HOME=$work VAULT_CACERT=$work/ca.pem
# The token goes through a file: arguments are seen by everybody.
( umask 077; printf 'X-Vault-Token: %s\n' "$VAULT_TOKEN" >header )
api() { curl --silent --fail --output /dev/null --header @header "$plain/v1/$1" "${@:2}"; }
api sys/mounts/secret --data '{"type":"kv","options":{"version":"2"}}'
key=$(printf '%032d' 7)
user=00000000-0000-4000-8000-000000000000
until api secret/data/momo --data "{\"data\":{\"subscription_key\":\"$key\",\"api_user\":\"$user\",\"api_key\":\"$key\"}}"
do sleep 0.1; done

exec_it="$momo_cred exec --store vault:secret/momo -- /usr/bin/true"
measure() {
    local address=$1 name=$2 run
    for run in 1 2 3; do
        VAULT_ADDR=$address hyperfine -N --warmup 20 --runs 200 --export-json "$name$run.json" --style none \
            '/usr/bin/true' \
            "curl --silent --fail --output /dev/null --cacert ca.pem --header @header $address/v1/secret/data/momo" \
            "$exec_it" >hyperfine.log 2>&1 || { cat hyperfine.log >&2; exit 1; }
    done
}
measure "$plain" plain
measure "$secure" tls
echo "requests of one exec:"
VAULT_ADDR=$plain MOMO_CRED_LOG=debug $exec_it 2>&1 | grep -c ' vault ' || true

python3 - <<'PYTHON'
import json
import statistics
import sys

met = True
for name, most in (("plain", 0.6), ("tls", 1.0)):
    ratios = []
    for run in (1, 2, 3):
        results = json.load(open(f"{name}{run}.json"))["results"]
        true, curl, ours = (result["median"] * 1000 for result in results)
        ratios.append((ours - true) / (curl - true))
        print(f"{name} {run}, median ms: true {true:.2f}, curl +{curl - true:.2f}, momo-cred exec +{ours - true:.2f}")
    ratio = statistics.median(ratios)
    met = met and ratio <= most
    print(f"{'met   ' if ratio <= most else 'MISSED'}: {name}, {ratio:.2f} of curl, at most {most}")
sys.exit(0 if met else 1)
PYTHON
