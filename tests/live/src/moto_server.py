"""Serves moto on a loopback port of its own, prints the port, and ends with its standard input."""

import json
import logging
import os
import sys
import threading
import time

from moto.secretsmanager.exceptions import InvalidRequestException, SecretNotFoundException
from moto.secretsmanager.models import SecretsManagerBackend
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

# What moto 5.2.5 does otherwise than the service, as far as every client of it meets that.
list_all, move, put, add = (
    SecretsManagerBackend.list_secret_version_ids,
    SecretsManagerBackend.update_secret_version_stage,
    SecretsManagerBackend.put_secret_value,
    SecretsManagerBackend._add_secret,
)


def refuse_deleted(self, secret_id):
    if secret_id in self.secrets and self.secrets[secret_id].is_deleted():
        raise InvalidRequestException("The secret was marked for deletion.")


def move_stage(self, secret_id, version_stage, remove_from_version_id, move_to_version_id):
    """A secret that waits for its deletion is not changed; without a stage, what AWSCURRENT was moved to is read."""
    refuse_deleted(self, secret_id)
    moved = move(self, secret_id, version_stage, remove_from_version_id, move_to_version_id)
    if version_stage == "AWSCURRENT" and move_to_version_id:
        self.secrets[secret_id].set_default_version_id(move_to_version_id)
    return moved


def put_value(self, secret_id, *args, **kwargs):
    refuse_deleted(self, secret_id)
    return put(self, secret_id, *args, **kwargs)


def add_secret(self, *args, **kwargs):
    """Dates have fractions of a second."""
    secret, new_version = add(self, *args, **kwargs)
    for version in secret.versions.values():
        if isinstance(version["createdate"], int):
            version["createdate"] = time.time()
    return secret, new_version


def list_versions(self, secret_id):
    """Versions have the date when they were made, and a missing secret has none."""
    if secret_id not in self.secrets:
        raise SecretNotFoundException()
    answer = json.loads(list_all(self, secret_id))
    for version in answer["Versions"]:
        version["CreatedDate"] = self.secrets[secret_id].versions[version["VersionId"]]["createdate"]
    return json.dumps(answer)


SecretsManagerBackend.list_secret_version_ids = list_versions
SecretsManagerBackend.update_secret_version_stage = move_stage
SecretsManagerBackend.put_secret_value = put_value
SecretsManagerBackend._add_secret = add_secret

logging.getLogger("werkzeug").setLevel(logging.ERROR)
# As the service does it: a connection serves many requests.
WSGIRequestHandler.protocol_version = "HTTP/1.1"
moto = DomainDispatcherApplication(create_backend_app)
# moto is not made for threads: between two of its steps a secret has no current version.
one_at_a_time = threading.Lock()


def serve(environ, start_response):
    with one_at_a_time:
        return moto(environ, start_response)


server = make_server("127.0.0.1", 0, serve, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
os._exit(0)
