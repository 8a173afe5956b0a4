"""The tools of the comparison: how each is told to start a program with three variables from files of this machine.

A tool that is not installed is left out. Every one gets the same three values, in the form that it reads.
"""

import os
import secrets
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).resolve().parents[2] / "target/peers"
NODE = PEERS / "node/node_modules/.bin"
PATH = os.pathsep.join([f"{PEERS}/ours", f"{PEERS}/cargo/bin", f"{PEERS}/venv/bin", os.environ.get("PATH", "")])

# The program without a tool, and our own.
BARE, OURS = "direct", "momo-cred exec"

# Made up for each run: nothing here is a key of anybody.
VALUES = {
    "MOMO_SUBSCRIPTION_KEY": secrets.token_hex(16),
    "MOMO_API_USER": str(uuid.uuid4()),
    "MOMO_API_KEY": secrets.token_hex(16),
}


@dataclass
class Tool:
    """A tool, and what stands before the program on its command line."""

    name: str
    before: list
    version: list

    def installed(self):
        return not self.before or shutil.which(self.before[0], path=PATH) is not None

    def command(self, *program):
        return [*self.before, *program]


def tools(folder):
    """All tools that are installed, each told to read its variables in this folder."""
    prepare(folder)
    quoted = str(folder)
    every = [
        Tool(BARE, [], []),
        Tool(OURS, ["momo-cred", "exec", "--"], ["momo-cred", "--version"]),
        Tool("chpst -e", ["chpst", "-e", f"{quoted}/env"], ["dpkg-query", "-W", "-f", "${Version}", "runit"]),
        Tool("s6-envdir", ["s6-envdir", f"{quoted}/env"], ["dpkg-query", "-W", "-f", "${Version}", "s6"]),
        Tool("dumb-init (no variables)", ["dumb-init"], ["dumb-init", "--version"]),
        Tool("tini -s (no variables)", ["tini", "-s", "--"], ["tini", "--version"]),
        Tool("secretenv run", ["secretenv", "--config", f"{quoted}/config.toml", "run", "--"], ["secretenv", "--version"]),
        Tool("secretspec run", ["secretspec", "run", "--provider", "dotenv:.env", "--"], ["secretspec", "--version"]),
        Tool("fnox exec --replace", ["fnox", "exec", "--replace", "--"], ["fnox", "--version"]),
        Tool("fnox exec", ["fnox", "exec", "--"], ["fnox", "--version"]),
        Tool("teller run", ["teller", "run", "--"], ["teller", "--version"]),
        Tool("direnv exec", ["direnv", "exec", "."], ["direnv", "version"]),
        Tool("python-dotenv run", ["dotenv", "run", "--"], ["dotenv", "--version"]),
        Tool("honcho run", ["honcho", "run"], ["honcho", "--version"]),
        Tool("dotenv-cli (npm)", [f"{NODE}/dotenv", "--"], ["node", "-p", f"require('{NODE}/../dotenv-cli/package.json').version"]),
        Tool("dotenvx run", [f"{NODE}/dotenvx", "run", "-q", "--"], [f"{NODE}/dotenvx", "--version"]),
    ]
    return [tool for tool in every if tool.installed()]


def environment(folder):
    """The environment in which tools are started: what programs need, and no variable of ours."""
    kept = {name: os.environ[name] for name in ("LANG", "TERM") if name in os.environ}
    return {**kept, "PATH": PATH, "HOME": str(folder), "XDG_CONFIG_HOME": f"{folder}/.config"}


def prepare(folder):
    """The files that the tools read."""

    def write(name, text):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)

    write(".env", "".join(f"{name}={value}\n" for name, value in VALUES.items()))
    for name, value in VALUES.items():
        write(f"env/{name}", value)
        write(f"value/{name}", value)
    write(
        "secretspec.toml",
        '[project]\nname = "compare"\nrevision = "1.0"\n\n[profiles.default]\n'
        + "".join(f'{name} = {{ description = "{name}", required = true }}\n' for name in VALUES),
    )
    write("registry.toml", "".join(f'{name} = "local://{folder}/value/{name}"\n' for name in VALUES))
    write(
        "config.toml",
        f'[registries.default]\nsources = ["local://{folder}/registry.toml"]\n\n[backends.local]\ntype = "local"\n',
    )
    write("secretenv.toml", "[secrets]\n" + "".join(f'{n} = {{ from = "secretenv://{n}" }}\n' for n in VALUES))
    write(
        "fnox.toml",
        '[providers.plain]\ntype = "plain"\n\n[secrets]\n'
        + "".join(f'{name} = {{ provider = "plain", value = "{value}" }}\n' for name, value in VALUES.items()),
    )
    write(".teller.yml", "providers:\n  dot:\n    kind: dotenv\n    maps:\n      - id: one\n        path: .env\n")
    write(".envrc", "dotenv\n")
    write(".config/direnv/direnv.toml", f'[whitelist]\nprefix = ["{folder}"]\n')
