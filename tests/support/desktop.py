"""The keyring of a desktop, as far as it is needed here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class Desktop(KeyringBackend):
    """Keeps passwords in memory, and counts how often it is asked."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], list[str]] = {}
        """The last of several is given again and again, each other once."""
        self.asked = 0
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        """The password, as programs ask for it."""
        self.asked += 1
        if self.is_locked:
            raise KeyringLocked("the password was s3cret-of-the-keyring")
        kept = self.kept.get((service, username), [])
        return None if not kept else kept[0] if len(kept) == 1 else kept.pop(0)

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a password."""
        self.kept[service, username] = [password]


@contextmanager
def desktop(**kept: list[str]) -> Iterator[Desktop]:
    """In the place of this machine's keyring, with passwords of the service `wirepost` by user."""
    before, mine = keyring.get_keyring(), Desktop()
    mine.kept = {("wirepost", user): passwords for user, passwords in kept.items()}
    keyring.set_keyring(mine)
    try:
        yield mine
    finally:
        keyring.set_keyring(before)
