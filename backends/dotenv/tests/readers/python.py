"""Prints what python-dotenv reads from every *.env file of a folder, as JSON: {file: {name: value}}."""

import io
import json
import logging
import pathlib
import sys

import dotenv

logging.disable(logging.CRITICAL)
result = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.env")):
    # As dotenv opens files (universal newlines), but without giving up at bytes that are not UTF-8.
    with io.open(path, encoding="utf-8", errors="replace") as stream:
        result[path.name] = dotenv.dotenv_values(stream=stream, interpolate=True)
json.dump(result, sys.stdout)
