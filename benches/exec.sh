#!/usr/bin/env bash
# Are the targets of a start met? On an idle machine, with three fields of a .env, median ratio of three runs:
#   the overhead over `true` is at most 1.5 times that of `chpst -e`, which reads three variables from files,
#   and at most a quarter of that of the better one of secretspec and secretenv, which are built the first time.
# `benches/exec.sh --floor` leaves those two out. `benches/compare.sh` measures them beside many more.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in hyperfine chpst python3; do
    command -v "$tool" >/dev/null || { echo "benches/exec.sh needs $tool (apt-get install hyperfine runit python3)" >&2; exit 69; }
done
if [[ ${1:-} == --floor ]]; then
    benches/compare/install.sh ""
    exec python3 benches/compare/start.py --targets "chpst -e"
fi
benches/compare/install.sh secretspec secretenv
exec python3 benches/compare/start.py --targets "chpst -e" "secretspec run" "secretenv run"
