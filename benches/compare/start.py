#!/usr/bin/env python3
"""Prints what a start through each tool costs over the bare program, as a table in Markdown.

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


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        found = tools.tools(folder)
        rounds = [measure(folder, found) for _ in range(ROUNDS)]
        print(f"\nStart-up, {machine()}:\n")
        print("| tool | version | ms | over the bare program, ms | as a multiple of `chpst -e` |")
        print("|---|---|--:|--:|--:|")
        chpst = next((n for n, tool in enumerate(found) if tool.name.startswith("chpst")), None)
        for n, tool in enumerate(found):
            total = statistics.median(times[n] for times in rounds)
            over = statistics.median(times[n] - times[0] for times in rounds)
            ratio = "" if chpst is None or n == 0 else statistics.median(
                (times[n] - times[0]) / (times[chpst] - times[0]) for times in rounds
            )
            print(
                f"| {tool.name} | {version(tool)} | {total:.2f} | {over:.2f} | "
                f"{ratio if ratio == '' else format(ratio, '.1f')} |"
            )
            sys.stdout.flush()


def measure(folder, found):
    """The median of each tool's times, in milliseconds."""
    report = folder / "times.json"
    command = ["hyperfine", "-N", "--style", "none", "--warmup", "5", "--min-runs", "60", "--export-json", str(report)]
    command += [shlex.join(tool.command("/usr/bin/true")) for tool in found]
    subprocess.run(
        command, cwd=folder, env=tools.environment(folder), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True
    )
    return [result["median"] * 1000 for result in json.loads(report.read_text())["results"]]


def version(tool):
    """The first word of what the tool says of its version that begins with a digit."""
    if not tool.version:
        return "11.0.0" if tool.name.startswith("dotenv-cli") else ""
    said = subprocess.run(tool.version, capture_output=True, text=True, check=False)
    words = (said.stdout + said.stderr).replace(",", " ").split()
    return next((word.lstrip("v") for word in words if word.lstrip("v")[:1].isdigit()), "?")


def machine():
    """Date, processors and system."""
    today = datetime.date.today().isoformat()
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return f"{today}, {os.cpu_count()} processors ({platform.machine()}), {release}"


if __name__ == "__main__":
    main()
