#!/usr/bin/env python3
"""Prints what a start through each tool costs over the bare program, as a table in Markdown.

    start.py                      every tool that is installed
    start.py --targets TOOL...    momo-cred beside these alone; ends with 1 where a target is missed

One run of hyperfine for all tools, three times over; of the three the median counts. stdin is /dev/null, the child is
/usr/bin/true, the three variables come from local files.
"""

import datetime
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import tools

ROUNDS = 3
# At most so many times the overhead of: the floor, and the better one of those that do more.
TARGETS = [(1.5, ["chpst -e"]), (0.25, ["secretspec run", "secretenv run"])]


def main():
    wanted = [tools.BARE, tools.OURS, *sys.argv[2:]] if sys.argv[1:2] == ["--targets"] else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        found = [tool for tool in tools.tools(folder) if wanted is None or tool.name in wanted]
        # Of each round, what each tool takes over the bare program, which is the first.
        rounds = [measure(folder, found) for _ in range(ROUNDS)]
    table(found, rounds)
    if wanted is not None and not all([met(found, rounds, most, names) for most, names in TARGETS]):
        sys.exit(1)


def measure(folder, found):
    """The median of each tool's times, in milliseconds."""
    report = folder / "times.json"
    command = ["hyperfine", "-N", "--style", "none", "--warmup", "10", "--min-runs", "100", "--ignore-failure"]
    command += ["--export-json", str(report)]
    command += [shlex.join(tool.command("/usr/bin/true")) for tool in found]
    environment = tools.environment(folder)
    for tool in found:
        subprocess.run(tool.command("/usr/bin/true"), cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    results = json.loads(report.read_text())["results"]
    # Others may fail now and then: secretspec dies of SIGPIPE in two runs of a thousand.
    for tool, result in zip(found, results):
        if tool.name == tools.OURS and any(result["exit_codes"]):
            sys.exit("error: a start through momo-cred has failed")
    return [result["median"] * 1000 for result in results]


def over(times, n):
    return times[n] - times[0]


def table(found, rounds):
    names = [tool.name for tool in found]
    print(f"\nStart-up, {machine()}:\n")
    print("| tool | version | ms | over the bare program, ms | as a multiple of `chpst -e` |")
    print("|---|---|--:|--:|--:|")
    chpst = names.index("chpst -e") if "chpst -e" in names else None
    for n, tool in enumerate(found):
        total = statistics.median(times[n] for times in rounds)
        cost = statistics.median(over(times, n) for times in rounds)
        ratio = ""
        if n > 0 and chpst is not None:
            ratio = format(statistics.median(over(times, n) / over(times, chpst) for times in rounds), ".2f")
        name = f"**{tool.name}**" if tool.name == tools.OURS else tool.name
        print(f"| {name} | {version(tool)} | {total:.2f} | {cost:.2f} | {ratio} |", flush=True)


def met(found, rounds, most, names):
    """Whether a target is met; says so. One whose tools are not there is none."""
    beside = [n for n, tool in enumerate(found) if tool.name in names]
    if not beside:
        return True
    ours = next(n for n, tool in enumerate(found) if tool.name == tools.OURS)
    ratios = [over(times, ours) / min(over(times, n) for n in beside) for times in rounds]
    ratio = statistics.median(ratios)
    each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    verdict = "met   " if ratio <= most else "MISSED"
    print(f"{verdict}: {ratio:.2f} of {' or '.join(names)}, at most {most} ({each})")
    return ratio <= most


def version(tool):
    """The first word of what the tool says of its version that begins with a digit."""
    if not tool.version:
        return ""
    environment = {**os.environ, "PATH": tools.PATH}
    said = subprocess.run(tool.version, env=environment, capture_output=True, text=True, check=False)
    words = (said.stdout + said.stderr).replace(",", " ").split()
    return next((word.lstrip("v") for word in words if word.lstrip("v")[:1].isdigit()), "")


def machine():
    """Date, processors and system."""
    today = datetime.date.today().isoformat()
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return f"{today}, {os.cpu_count()} processors ({platform.machine()}), {release}"


if __name__ == "__main__":
    main()
