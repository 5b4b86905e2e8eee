"""`Spool`: new tokens that the database did not take, sealed in files until it does."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.connections.accounts import Account, Tokens
from wirepost.core.errors import NotConnected

if TYPE_CHECKING:
    from wirepost.secrets.vault import Vault

_PLACE = ("spool", "tokens")

log = logging.getLogger(__name__)


class Spool:
    """One file for each account, readable only with the server's keys."""

    def __init__(self, directory: Path, vault: Vault) -> None:
        self._directory, self._vault = directory, vault

    def keep(self, account: Account) -> None:
        """Write an account with its tokens to the disk; raises `OSError`."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        shown = {**vars(account), "tokens": vars(account.tokens) if account.tokens else None}
        sealed = self._vault.seal(orjson.dumps(shown).decode(), bound_to=_PLACE)
        path = self._path(account)
        fresh = path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)

    def drop(self, account: Account) -> None:
        """Forget an account that the database has; a file that stays is older than what is there then."""
        try:
            self._path(account).unlink(missing_ok=True)
        except OSError as error:
            log.warning("kept tokens of %s could not be deleted: %s", account.connection, error.strerror)

    def kept(self) -> list[Account]:
        """What waits for the database; what cannot be opened stays where it is."""
        found = []
        for path in sorted(self._directory.glob("*.sealed")):
            try:
                text = self._vault.open(path.read_text(encoding="ascii"), bound_to=_PLACE)
            except (OSError, ValueError, NotConnected):
                log.exception("kept tokens cannot be read: %s", path.name)
                continue
            found.append(_read(orjson.loads(text)))
        return found

    def _path(self, account: Account) -> Path:
        name = hashlib.sha256("\0".join(account.place).encode()).hexdigest()[:32]
        return self._directory / f"{name}.sealed"


def _read(told: dict[str, Any]) -> Account:
    for name in ("scopes_requested", "scopes_granted"):
        told[name] = None if told[name] is None else tuple(told[name])
    tokens = told.pop("tokens")
    return dataclasses.replace(Account(**told), tokens=Tokens(**tokens) if tokens else None)
