"""Secrets come out of the keyring of the machine; one that has none is told so."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked

from wirepost.core.errors import ConfigError
from wirepost.core.secret_refs import SecretRef
from wirepost.secrets.keyring import read

REFERENCE = SecretRef("keyring:wirepost/stripe/live")


class Machine(KeyringBackend):
    """The keyring of a desktop, as far as it is needed here."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise KeyringLocked("the password was s3cret-of-the-keyring")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def machine() -> Iterator[Machine]:
    """This test's keyring in the place of the machine's."""
    before, machine = keyring.get_keyring(), Machine()
    keyring.set_keyring(machine)
    yield machine
    keyring.set_keyring(before)


def test_a_password_is_found_by_service_and_user(machine: Machine) -> None:
    keyring.set_password("wirepost", "stripe/live", "kept by the desktop")
    assert read(REFERENCE) == "kept by the desktop"


def test_what_is_not_there_is_named_with_the_command_that_puts_it_there(machine: Machine) -> None:
    with pytest.raises(ConfigError, match="keyring:wirepost/stripe/live does not exist") as caught:
        read(REFERENCE)
    assert caught.value.hint == "keyring set wirepost stripe/live"


def test_a_locked_keyring_is_told_without_its_words(machine: Machine) -> None:
    machine.is_locked = True
    with pytest.raises(ConfigError, match="cannot be read: KeyringLocked") as caught:
        read(REFERENCE)
    assert "s3cret" not in f"{caught.value}{caught.value.hint}"


def test_a_machine_without_a_keyring_is_told_so(machine: Machine) -> None:
    """What the package chooses on a server without a desktop."""
    keyring.set_keyring(NoKeyring())
    with pytest.raises(ConfigError, match="this machine has no keyring") as caught:
        read(REFERENCE)
    assert "keep the secret in a file or a vault" in (caught.value.hint or "")


def test_the_package_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match="needs the package keyring") as caught:
        read(REFERENCE)
    assert caught.value.hint == "pip install 'wirepost[keyring]'"
