#!/usr/bin/env bash
# Builds the release program and installs the tools of the comparison below target/peers, and the packages of the system
# when run as root. What cannot be had is left out of the tables. A second run only builds the program.
#
#   benches/compare/install.sh              all tools
#   benches/compare/install.sh TOOL...      only these of the Rust ones; none at all for ""
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
peers=$PWD/target/peers
mkdir -p "$peers/ours"

cargo build --quiet --release --bin momo-cred
# Copied, as `cargo install` does: what a linker has just written lies page by page in the cache, and starts slower.
cp "${CARGO_TARGET_DIR:-target}/release/momo-cred" "$peers/ours/momo-cred.new"
mv "$peers/ours/momo-cred.new" "$peers/ours/momo-cred"

packages=()
for pair in chpst:runit s6-envdir:s6 dumb-init:dumb-init tini:tini direnv:direnv protoc:protobuf-compiler; do
    command -v "${pair%%:*}" >/dev/null || packages+=("${pair#*:}")
done
if [[ ${#packages[@]} -gt 0 && $(id -u) -eq 0 ]]; then
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null
fi

# crate | version | environment | arguments. As its makers ship it, but for two: secretspec without the stores that need
# libraries of the system; fnox without link-time optimisation, which takes more memory than small machines have, and
# without its lock file, which names versions that the registry no longer has.
while IFS='|' read -r crate version environment arguments; do
    [[ $# -eq 0 || " $* " == *" $crate "* ]] || continue
    [[ ! -x $peers/cargo/bin/$crate ]] || continue
    echo "building $crate $version into target/peers, once; takes minutes" >&2
    # shellcheck disable=SC2086 # lists of words
    env $environment CARGO_TARGET_DIR="$peers/build" \
        cargo install --quiet --root "$peers/cargo" "$crate" --version "=$version" $arguments </dev/null ||
        echo "$crate $version cannot be built here; it is left out" >&2
done <<'CRATES'
secretspec|0.21.1||--locked --no-default-features --features cli,vault,awssm
secretenv|0.20.0||--locked
fnox|1.46.0|CARGO_PROFILE_RELEASE_LTO=false|
teller|2.0.7||--locked
CRATES
rm -rf "$peers/build"
[[ $# -eq 0 ]] || exit 0

if [[ ! -x $peers/venv/bin/honcho ]]; then
    python3 -m venv "$peers/venv"
    "$peers/venv/bin/pip" install --quiet --disable-pip-version-check 'python-dotenv[cli]==1.2.4' honcho==2.0.0
fi
if [[ ! -x $peers/node/node_modules/.bin/dotenvx ]]; then
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$peers/node" \
        dotenv-cli@11.0.0 @dotenvx/dotenvx@2.38.2
fi
