"""A record of a team's secrets engine, read or written with hvac as the team's other programs do.

Usage: team.py read|write MOUNT PATH; VAULT_ADDR and VAULT_TOKEN say where and as whom. `write` takes a JSON object
from standard input and writes it only where nothing is yet; `read` prints one.
"""

import json
import os
import sys

import hvac


def main():
    verb, mount, path = sys.argv[1:]
    client = hvac.Client(url=os.environ["VAULT_ADDR"], token=os.environ["VAULT_TOKEN"])
    engine = client.secrets.kv.v2
    if verb == "read":
        answer = engine.read_secret_version(path=path, mount_point=mount)
        # Python prints a float with all digits that tell it from its neighbours.
        print(json.dumps(answer["data"]["data"], sort_keys=True))
    else:
        secret = json.load(sys.stdin)
        answer = engine.create_or_update_secret(path=path, secret=secret, cas=0, mount_point=mount)
        print(answer["data"]["version"])


main()
