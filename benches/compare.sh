#!/usr/bin/env bash
# How does `momo-cred exec` compare with the tools that do the same job? Installs them below target/peers (versions are
# pinned in compare/install.sh; the Rust ones take a quarter of an hour to build, once), builds the release program, and
# prints two tables: what a start costs, and what the program started sees of the tool.
#
#   benches/compare.sh            prints the tables; run it on an idle machine
#   benches/compare.sh --write    puts them into README.md, too, between the marks "comparison"
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in cargo python3 npm hyperfine; do
    command -v "$tool" >/dev/null || { echo "benches/compare.sh needs $tool" >&2; exit 69; }
done
benches/compare/install.sh
tables=$(mktemp)
trap 'rm -f "$tables"' EXIT
python3 benches/compare/start.py | tee "$tables"
python3 benches/compare/probe.py | tee -a "$tables"
if [[ ${1:-} == --write ]]; then
    python3 benches/compare/readme.py README.md "$tables"
fi
