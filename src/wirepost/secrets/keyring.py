"""Secrets in the keyring of the operating system, through the package `keyring`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.core.secret_refs import SecretRef


def read(reference: SecretRef) -> str:
    """The password of `service/user`; waits for the keyring. Raises `ConfigError`."""
    try:
        import keyring
        from keyring.errors import KeyringError, NoKeyringError
    except ImportError:
        raise ConfigError(
            f"{reference.title} needs the package keyring", hint="pip install 'wirepost[keyring]'"
        ) from None
    service, _, user = reference.name.partition("/")
    try:
        value = keyring.get_password(service, user)
    except NoKeyringError:
        raise ConfigError(
            f"{reference.title} cannot be read: this machine has no keyring",
            hint="A server without a desktop has none; keep the secret in a file or a vault",
        ) from None
    except KeyringError as error:
        raise ConfigError(
            f"{reference.title} cannot be read: {type(error).__name__}", hint="Unlock the keyring"
        ) from None
    if value is None:
        raise ConfigError(f"{reference.title} does not exist", hint=f"keyring set {service} {user}")
    return value
