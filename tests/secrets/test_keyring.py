"""Secrets come out of the keyring of the machine; one that has none is told so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from support.desktop import Desktop, desktop
from wirepost.core.errors import ConfigError
from wirepost.core.secret_refs import SecretRef
from wirepost.secrets.keyring import read

REFERENCE = SecretRef("keyring:wirepost/stripe/live")


@pytest.fixture
def machine() -> Iterator[Desktop]:
    """This test's keyring in the place of the machine's."""
    with desktop() as machine:
        yield machine


def test_a_password_is_found_by_service_and_user(machine: Desktop) -> None:
    keyring.set_password("wirepost", "stripe/live", "kept by the desktop")
    assert read(REFERENCE) == "kept by the desktop"


def test_what_is_not_there_is_named_with_the_command_that_puts_it_there(machine: Desktop) -> None:
    with pytest.raises(ConfigError, match="keyring:wirepost/stripe/live does not exist") as caught:
        read(REFERENCE)
    assert caught.value.hint == "keyring set wirepost stripe/live"


def test_a_locked_keyring_is_told_without_its_words(machine: Desktop) -> None:
    machine.is_locked = True
    with pytest.raises(ConfigError, match="cannot be read: KeyringLocked") as caught:
        read(REFERENCE)
    assert "s3cret" not in f"{caught.value}{caught.value.hint}"


def test_a_machine_without_a_keyring_is_told_so(machine: Desktop) -> None:
    """What the package chooses on a server without a desktop."""
    keyring.set_keyring(NoKeyring())
    with pytest.raises(ConfigError, match="this machine has no keyring") as caught:
        read(REFERENCE)
    assert "keep the secret in a file or a vault" in (caught.value.hint or "")


def test_the_package_is_named_where_it_is_missing() -> None:
    program = (
        "import sys; sys.modules['keyring'] = None\n"
        "from wirepost.core.errors import ConfigError\n"
        "from wirepost.core.secret_refs import SecretRef\n"
        "from wirepost.secrets.keyring import read\n"
        "try: read(SecretRef('keyring:wirepost/stripe'))\n"
        "except ConfigError as error: print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "needs the package keyring (pip install 'wirepost[keyring]')" in ran.stdout
