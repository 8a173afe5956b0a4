"""Uses the published SDK `mtnmomo` as its README does: a client from environment variables, a token, a balance.

    collection.py [collection|disbursement|remittance]

Prints one line, `token ok / balance ok`, and never a value. Exits 1 with a message on stderr when a variable is not
set or the gateway refuses.
"""

import contextlib
import io
import os
import sys

from mtnmomo.collection import Collection
from mtnmomo.disbursement import Disbursement
from mtnmomo.remittance import Remittance

CLIENTS = {"collection": Collection, "disbursement": Disbursement, "remittance": Remittance}


class Failed(Exception):
    """What went wrong, in words that hold no value."""


def config_for(product):
    """Reads the variables that the SDK's README names. The base URL and the environment have defaults there."""
    name = product.upper()
    required = ["CALLBACK_HOST", name + "_PRIMARY_KEY", name + "_USER_ID", name + "_API_SECRET"]
    missing = [variable for variable in required if not os.environ.get(variable)]
    if missing:
        raise Failed("not set: " + ", ".join(missing))
    return {variable: os.environ.get(variable) for variable in ["ENVIRONMENT", "BASE_URL", *required]}


def answer(step, call):
    """Makes one call of the SDK. Its exceptions can quote what was sent or answered: only their type leaves."""
    try:
        # The SDK prints its response objects on stdout.
        with contextlib.redirect_stdout(io.StringIO()):
            return call()
    except Exception as error:
        raise Failed("{}: {}".format(step, type(error).__name__)) from None


def run(product):
    config = config_for(product)
    client = answer("client", lambda: CLIENTS[product](config))

    response = answer("token", client.getAuthToken)
    if response.status_code != 200:
        raise Failed("token: HTTP status {}".format(response.status_code))
    if not answer("token", response.json).get("access_token"):
        raise Failed("token: the answer holds none")

    balance = answer("balance", client.getBalance)
    if not {"availableBalance", "currency"} <= set(balance):
        raise Failed("balance: the answer holds none")


def main(arguments):
    product = arguments[0] if arguments else "collection"
    if len(arguments) > 1 or product not in CLIENTS:
        raise Failed("usage: collection.py [{}]".format("|".join(CLIENTS)))
    run(product)
    print("token ok / balance ok")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Failed as failure:
        sys.exit("mtnmomo: {}".format(failure))
