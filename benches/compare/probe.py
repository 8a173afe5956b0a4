#!/usr/bin/env python3
"""Prints what a program sees of the tool that started it, as a table in Markdown: what tests/probe/probe
records, the program of the fidelity tests.

A cell with a number of signals says how often the program saw one when the tool got it. "orphan": the tool died of it
and left the program running.
"""

import itertools
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tools

PROBE = str(Path(__file__).resolve().parents[2] / "tests/probe/probe")
ODD = ["", " a  b ", "$HOME", "'\"", "*", "-x", b"\xff\xfe", "a\nb"]
PATIENCE = 20.0
# How long a second copy of a signal may take to be noted.
SETTLE = 0.7
RUNS = itertools.count(1)


class Probe:
    """One tool in one folder."""

    def __init__(self, tool, folder):
        self.tool, self.folder = tool, folder

    def start(self, *program, **options):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **options}
        return subprocess.Popen(
            self.tool.command(*program), cwd=self.folder, env=tools.environment(self.folder), **options
        )

    def code(self, *program):
        try:
            return said(self.start(*program).wait(PATIENCE))
        except subprocess.TimeoutExpired:
            return "hangs"
        except OSError:
            return "–"  # without a tool there is nobody to ask

    def file(self):
        return str(self.folder / f"seen-{next(RUNS)}")

    def see(self, arguments):
        """What the program finds when it is started with a signal ignored."""
        file = self.file()
        ran = self.start(PROBE, file, *arguments, preexec_fn=lambda: signal.signal(signal.SIGUSR2, signal.SIG_IGN))
        ran.wait(PATIENCE)
        if not os.path.exists(file):
            return {}
        seen = json.loads(Path(file).read_text(encoding="utf-8"))
        seen["same pid"] = seen["pid"] == ran.pid
        return seen

    def waiting(self):
        """A program that notes signals: the tool, the program's pid, and where it notes them."""
        file = self.file()
        log = file + ".signals"
        ran = self.start(PROBE, file, "--signals", log, start_new_session=True)
        pid = ready(file)
        if pid is None:
            ran.kill()
            ran.wait()
        return ran, pid, log

    def signalled(self, name):
        """How often the program notes a signal that the tool is sent."""
        ran, pid, log = self.waiting()
        if pid is None:
            return "?"
        number = getattr(signal, f"SIG{name}")
        os.kill(ran.pid, number)
        time.sleep(SETTLE)
        gone = ran.poll() is not None
        orphaned = gone and running(pid) and pid != ran.pid
        seen = noted(log, number)
        kill(pid)
        if not gone:
            ran.kill()
        ran.wait()
        return "orphan" if orphaned else str(seen)

    def interrupted(self):
        """The same for Ctrl-C on a terminal."""
        file = self.file()
        log = file + ".signals"
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            command = self.tool.command(PROBE, file, "--signals", log)
            try:
                os.execvpe(command[0], command, tools.environment(self.folder))
            finally:
                os._exit(127)
        child = ready(file)
        if child is None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(terminal)
            return "?"
        os.write(terminal, b"\x03")
        time.sleep(SETTLE)
        seen = noted(log, signal.SIGINT)
        for end in {child, pid}:
            kill(end)
        os.waitpid(pid, 0)
        os.close(terminal)
        return str(seen)

    def copies(self):
        """How many copies of the API key the tool holds while the program runs."""
        ran, pid, _ = self.waiting()
        if pid is None:
            return "?"
        found = 0 if pid == ran.pid else count_in_memory(ran.pid, tools.VALUES["MOMO_API_KEY"].encode())
        kill(pid)
        ran.kill()
        ran.wait()
        return str(found)


def row(tool, folder):
    probe = Probe(tool, folder)
    # The first word is the name of the report.
    words = probe.see(ODD).get("argv", [])[1:]
    # Again without them, since some refuse bytes that are no UTF-8.
    seen = probe.see([])
    plain = folder / "not-executable"
    plain.write_text("")
    plain.chmod(0o644)
    ignored = int(seen.get("ignored", "0"), 16) >> (signal.SIGUSR2 - 1) & 1
    blocked = int(seen.get("blocked", "0"), 16)
    cells = [
        yes(seen.get("same pid")),
        yes(words == [os.fsencode(odd).decode("latin-1") for odd in ODD]),
        ",".join(number for number in seen.get("descriptors", {"?": None}) if number not in "012") or "none",
        yes(ignored and not blocked),
        probe.code("sh", "-c", "exit 37"),
        f"{probe.code('sh', '-c', 'kill -KILL $$')} / {probe.code('sh', '-c', 'kill -TERM $$')}",
        f"{probe.code('no-such-program')} / {probe.code(str(plain))}",
        *[probe.signalled(name) for name in ("TERM", "INT", "HUP", "QUIT", "USR1")],
        probe.interrupted(),
        probe.copies(),
    ]
    name = f"**{tool.name}**" if tool.name == tools.OURS else tool.name
    return f"| {name} | " + " | ".join(cells) + " |"


def ready(file):
    """The pid of the waiting program, as soon as it is ready."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if os.path.exists(file):
            return json.loads(Path(file).read_text(encoding="utf-8"))["pid"]
        time.sleep(0.01)
    return None


def noted(log, number):
    """How often a signal was noted."""
    return Path(log).read_text(encoding="utf-8").split().count(str(int(number)))


def running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def count_in_memory(pid, value):
    found = 0
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, mode, *_ = line.split()
            start, end = (int(part, 16) for part in span.split("-"))
            if "r" not in mode or "[v" in line:
                continue
            try:
                memory.seek(start)
                found += memory.read(end - start).count(value)
            except OSError:
                continue
    return found


def said(code):
    return str(code) if code >= 0 else f"sig {-code}"


def yes(condition):
    return "Y" if condition else "n"


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        print("\nWhat the program sees (a number counts signals; direct is without a tool):\n")
        head = [
            "tool", "same pid", "arguments byte for byte", "descriptors beyond 2", "ignored signals as given", "exit 37",
            "killed by KILL / TERM", "not found / not executable", "TERM", "INT", "HUP", "QUIT", "USR1", "Ctrl-C",
            "copies of a key left in the tool",
        ]
        print("| " + " | ".join(head) + " |")
        print("|---" * len(head) + "|")
        for tool in tools.tools(folder):
            print(row(tool, folder))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
