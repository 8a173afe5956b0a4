#!/usr/bin/env bash
# What does `momo-cred exec --mask` cost? On an idle machine:
#   throughput   1 GiB through a pipe: the program alone, and masked; text of logs, and the worst there is (all hex digits,
#                so that a key may begin everywhere)
#   latency      one line to the program and its answer back, 10000 times: alone, and masked
set -euo pipefail
cd "$(dirname "$0")/.."

command -v python3 >/dev/null || { echo "benches/mask.sh needs python3" >&2; exit 69; }
cargo build --quiet --release --bin momo-cred
momo_cred=${CARGO_TARGET_DIR:-$PWD/target}/release/momo-cred

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
key=$(printf '%032d' 7 | tr 0 a)
user=00000000-0000-4000-8000-000000000000
( umask 077; printf 'MOMO_SUBSCRIPTION_KEY=%s\nMOMO_API_USER=%s\nMOMO_API_KEY=%s\n' "$key" "$user" "$key" > .env )

HOME=$work MOMO_CRED=$momo_cred python3 - <<'PYTHON'
import os, random, subprocess, time

us = [os.environ["MOMO_CRED"], "exec", "--mask", "--"]
random.seed(7)
line = "2026-01-02T03:04:05.678Z INFO  payments::collection request_to_pay status=202 elapsed_ms=113\n"
pieces = {"log lines": line * 700, "hex digits": "".join(random.choice("0123456789abcdef") for _ in range(1 << 16))}
writer = "import os\npiece = open('piece', 'rb').read()\nfor _ in range((1 << 30) // len(piece)): os.write(1, piece)\n"
open("writer.py", "w").write(writer)
for name, piece in pieces.items():
    open("piece", "w").write(piece)
    figures = []
    for command in ([], us):
        best = 1e9
        for _ in range(3):
            begin = time.monotonic()
            child = subprocess.Popen(command + ["python3", "writer.py"], stdout=subprocess.PIPE)
            count = 0
            while data := os.read(child.stdout.fileno(), 1 << 16):
                count += len(data)
            child.wait()
            best = min(best, time.monotonic() - begin)
        figures.append(count / best / 1e6)
    print(f"throughput, {name}: {figures[0]:.0f} MB/s alone, {figures[1]:.0f} MB/s masked")

echo = "import os\nwhile data := os.read(0, 100): os.write(1, data)\n"
open("echo.py", "w").write(echo)
figures = []
for command in ([], us):
    child = subprocess.Popen(command + ["python3", "echo.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    times = []
    for _ in range(10000):
        begin = time.monotonic()
        child.stdin.write(b"how are you\n")
        child.stdout.read(100)
        times.append(time.monotonic() - begin)
    child.stdin.close()
    child.wait()
    times.sort()
    figures.append(times)
alone, masked = figures
at = lambda times, part: times[int(len(times) * part)] * 1e6
print(f"latency added: median {at(masked, .5) - at(alone, .5):.0f} us, 99th percentile {at(masked, .99) - at(alone, .99):.0f} us")
PYTHON
