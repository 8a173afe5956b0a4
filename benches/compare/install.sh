#!/usr/bin/env bash
# Installs the tools of the comparison below target/peers, and the packages of the system when run as root. What is not
# there is left out of the tables. A second run does nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
peers=$PWD/target/peers
mkdir -p "$peers"

packages=()
for pair in chpst:runit s6-envdir:s6 dumb-init:dumb-init tini:tini direnv:direnv protoc:protobuf-compiler; do
    command -v "${pair%%:*}" >/dev/null || packages+=("${pair#*:}")
done
if [[ ${#packages[@]} -gt 0 && $(id -u) -eq 0 ]]; then
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null
fi

# crate | version | arguments. As its makers ship it, but for two: secretspec without the stores that need libraries of
# the system, fnox without link-time optimisation, which takes more memory than small machines have, and without its
# lock file, which names versions that the registry no longer has.
while IFS='|' read -r crate version lto arguments; do
    # shellcheck disable=SC2086 # a list of arguments
    [[ -x $peers/cargo/bin/$crate ]] || env $lto CARGO_TARGET_DIR="$peers/build" \
        cargo install --quiet --root "$peers/cargo" "$crate" --version "=$version" $arguments </dev/null ||
        echo "benches/compare/install.sh: $crate $version cannot be built here; it is left out" >&2
done <<'CRATES'
secretspec|0.21.1||--locked --no-default-features --features cli,vault,awssm
secretenv|0.20.0||--locked
fnox|1.46.0|CARGO_PROFILE_RELEASE_LTO=false|
teller|2.0.7||--locked
CRATES
rm -rf "$peers/build"

if [[ ! -x $peers/venv/bin/honcho ]]; then
    python3 -m venv "$peers/venv"
    "$peers/venv/bin/pip" install --quiet --disable-pip-version-check 'python-dotenv[cli]==1.2.4' honcho==2.0.0
fi
if [[ ! -x $peers/node/node_modules/.bin/dotenvx ]]; then
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$peers/node" \
        dotenv-cli@11.0.0 @dotenvx/dotenvx@2.38.2
fi
