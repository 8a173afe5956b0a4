#!/usr/bin/env python3
"""Gets a MoMo credential from `momo-cred credential get`, and with it an access token. Standard library only.

    credential.py [PROFILE]

For authors of SDKs: `credential` is the part to take. docs/credential-protocol.md has the protocol.
"""

import base64
import json
import subprocess
import sys
import urllib.request


class CredentialError(Exception):
    """momo-cred has no credential to give. `kind` is one of its kinds, such as `not-found` or `unavailable`."""

    def __init__(self, kind, message, retryable=False):
        super().__init__("{} ({})".format(message, kind))
        self.kind = kind
        self.retryable = retryable


def credential(profile=None, timeout=60):
    """Asks for the values of a profile's record: a dict of field names, complete and of one revision."""
    request = {"Version": 1}
    if profile is not None:
        request["Profile"] = profile
    # Standard error stays ours: what momo-cred says to people belongs there, and no value ever does.
    ran = subprocess.run(
        ["momo-cred", "credential", "get"],
        input=json.dumps(request).encode() + b"\n",
        stdout=subprocess.PIPE,
        timeout=timeout,
    )
    try:
        answer = json.loads(ran.stdout)
    except ValueError:
        # It could not be started as we asked, or it is older than this protocol.
        raise CredentialError("protocol", "no answer, exit status {}".format(ran.returncode)) from None
    if answer.get("Version") != 1:
        raise CredentialError("protocol", "an answer of another version")
    if "Error" in answer:
        error = answer["Error"]
        raise CredentialError(error["Kind"], error["Message"], error.get("Retryable", False))
    return answer["Values"]


def token(values):
    """An access token, which lives for an hour."""
    pair = "{}:{}".format(values["api_user"], values["api_key"]).encode()
    request = urllib.request.Request(
        "{}/{}/token/".format(values["base_url"], values["product"]),
        data=b"",
        headers={
            "Authorization": "Basic " + base64.b64encode(pair).decode(),
            "Ocp-Apim-Subscription-Key": values["subscription_key"],
        },
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["access_token"]


if __name__ == "__main__":
    try:
        values = credential(*sys.argv[1:2])
    except CredentialError as error:
        sys.exit("credential.py: {}".format(error))
    # Never print a value: the names of the fields are enough to see that it works.
    print("fields:", " ".join(sorted(values)))
    print("token ok" if token(values) else "no token")
