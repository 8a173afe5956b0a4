"""The program that the tools start in the comparison: tells what it sees, in a file.

    child.py see FILE ARGUMENTS...    writes pid, arguments, descriptors, dispositions; ends with 37
    child.py die SIGNAL               ends by that signal
    child.py wait FILE                notes each signal that it gets, until it is killed
"""

import json
import os
import signal
import sys
import time

NOTED = ("TERM", "INT", "HUP", "QUIT", "USR1")


def see(file, arguments):
    status = dict(line.rstrip("\n").split(":", 1) for line in open("/proc/self/status", encoding="utf-8"))
    descriptors = []
    for fd in map(int, os.listdir("/proc/self/fd")):
        try:
            descriptors.append((fd, os.readlink(f"/proc/self/fd/{fd}")))
        except OSError:
            pass  # the one that listed them
    seen = {
        "pid": os.getpid(),
        "arguments": [os.fsencode(argument).hex() for argument in arguments],
        "descriptors": [fd for fd, _ in descriptors if fd > 2],
        # SIGPIPE, which Python ignores of itself, is left to another look.
        "ignored": int(status["SigIgn"], 16),
        "blocked": int(status["SigBlk"], 16),
        "variables": sorted(name for name in os.environ if name.startswith("MOMO_")),
    }
    write(file, json.dumps(seen))
    sys.exit(37)


def wait(file):
    notes = open(file, "a", encoding="utf-8", buffering=1)
    for name in NOTED:
        signal.signal(getattr(signal, f"SIG{name}"), lambda number, _: notes.write(f"{signal.Signals(number).name}\n"))
    notes.write(f"ready {os.getpid()}\n")
    while True:
        time.sleep(60)


def write(file, text):
    with open(file + ".new", "w", encoding="utf-8") as out:
        out.write(text)
    os.rename(file + ".new", file)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["see", file, *rest]:
            see(file, rest)
        case ["die", name]:
            os.kill(os.getpid(), getattr(signal, f"SIG{name}"))
            time.sleep(60)
        case ["wait", file]:
            wait(file)
        case _:
            sys.exit(__doc__)
