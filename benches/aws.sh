#!/usr/bin/env bash
# How long does a start through `momo-cred exec` take with a record in AWS Secrets Manager, beside what people do without
# it? One run, on an idle machine, against moto on loopback:
#   true               the program alone
#   aws                `aws secretsmanager get-secret-value` (the AWS CLI 1, on Python), printed to nowhere
#   curl               one request of the same operation, unsigned, printed to nowhere: the floor that server sets
#   momo-cred exec     reads the record, then execve
# Prints the table, the ratios of the overheads, and the requests that one exec makes. Needs hyperfine, curl, and what
# `tests/run live` installs.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in hyperfine curl; do
    command -v "$tool" >/dev/null || { echo "benches/aws.sh needs $tool (apt-get install hyperfine curl)" >&2; exit 69; }
done
python=$PWD/target/live/moto/bin/python
[[ -x $python ]] || { echo "benches/aws.sh needs $python: tests/run live" >&2; exit 69; }
server=$PWD/tests/live/src/moto_server.py
cargo build --quiet --release --bin momo-cred
built=$(realpath "${CARGO_TARGET_DIR:-target}/release/momo-cred")

work=$(mktemp -d)
# Copied, as `cargo install` does: what a linker has just written lies page by page in the cache, and starts slower.
momo_cred=$work/momo-cred
cp "$built" "$momo_cred"
mkfifo "$work/stdin"
"$python" "$server" <"$work/stdin" >"$work/port" &
# The server ends when nobody holds the other end any more.
exec 9>"$work/stdin"
trap 'exec 9>&-; rm -rf "$work"' EXIT
cd "$work"
until [[ -s port ]]; do sleep 0.1; done
# moto checks no signature; these are nobody's.
export AWS_ENDPOINT_URL=http://127.0.0.1:$(<port) AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 HOME=$work
export AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing
key=$(printf '%032d' 7)
user=00000000-0000-4000-8000-000000000000
"$python" -m awscli secretsmanager create-secret --name momo --output text --query Name --secret-string \
    "{\"subscription_key\":\"$key\",\"api_user\":\"$user\",\"api_key\":\"$key\"}"

exec_it="$momo_cred exec --store aws:momo -- /usr/bin/true"
scope=20260101/us-east-1/secretsmanager/aws4_request
hyperfine -N --warmup 5 --runs 100 --export-json times.json --style basic \
    '/usr/bin/true' \
    "$python -m awscli secretsmanager get-secret-value --secret-id momo" \
    "curl --silent --fail --output /dev/null --header 'X-Amz-Target: secretsmanager.GetSecretValue' --header 'Content-Type: application/x-amz-json-1.1' --header 'Authorization: AWS4-HMAC-SHA256 Credential=testing/$scope, SignedHeaders=host, Signature=0' --data '{\"SecretId\":\"momo\"}' $AWS_ENDPOINT_URL/" \
    "$exec_it"

"$python" - <<'PYTHON'
import json
true, aws, curl, ours = (result["median"] * 1000 for result in json.load(open("times.json"))["results"])
print(f"median ms: true {true:.2f}, aws {aws:.2f}, curl {curl:.2f}, momo-cred exec {ours:.2f}")
print(f"overhead over true: aws {aws - true:.2f}, curl {curl - true:.2f}, momo-cred {ours - true:.2f}")
print(f"momo-cred: {(ours - true) / (aws - true):.3f} of aws, {(ours - true) / (curl - true):.2f} of curl")
PYTHON
echo "requests of one exec:"
MOMO_CRED_LOG=debug $exec_it 2>&1 | grep -c 'operation=' || true
