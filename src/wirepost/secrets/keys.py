"""The keys of a server: those that are configured or, for one person's machine, one in a file of its own."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import logging
import os
import secrets as random
from pathlib import Path
from typing import TYPE_CHECKING

from wirepost.core.errors import ConfigError
from wirepost.core.secret_refs import SecretRef
from wirepost.secrets.vault import KEY_BYTES, KeyRing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wirepost.core.signing import Signer
    from wirepost.secrets.resolve import Secrets
    from wirepost.settings import Settings
    from wirepost.store.owner import DataDirectory

KEY_FILE = "wirepost.key"
HOW = 'wirepost needs 32 random bytes in base64: openssl rand -base64 32; then set secrets.keys: ["env:…"]'

log = logging.getLogger(__name__)


def sandbox_key(signer: Signer) -> bytes:
    """Seals what sandboxes made up, as long as nothing else has to be sealed; opens it ever after."""
    return signer.mac("seal", b"sandbox")


async def key_ring(
    settings: Settings,
    secrets: Secrets,
    directory: DataDirectory,
    *,
    is_needed: bool,
    spare: Sequence[bytes] = (),
) -> KeyRing | None:
    """The keys that stored tokens are sealed with; `None` where there are none and none are needed.

    `is_needed` says that some connection stores tokens. A key is then made beside the database, unless other
    machines reach the server or its store: raises `ConfigError` there, and for what is no key. The `spare`
    keys open, too.
    """
    references = settings.secrets.keys or _beside(settings, directory, is_needed=is_needed)
    keys = [_key(each, await secrets.resolve(each)) for each in references]
    return KeyRing([*keys, *spare]) if keys else None


def _beside(settings: Settings, directory: DataDirectory, *, is_needed: bool) -> list[SecretRef]:
    file = Path(directory.path, KEY_FILE)
    if not (is_needed or file.exists()):
        return []
    _check_alone(settings)
    if not file.exists():
        make_key_file(file)
    return [SecretRef(f"file:{file}")]


def _check_alone(settings: Settings) -> None:
    reason = (
        "other servers share its store"
        if settings.store.url is not None
        else "other machines reach it"
        if settings.server.url is not None or not _is_loopback(settings.server.host)
        else None
    )
    if reason is not None:
        raise ConfigError(
            f"must be set for a server that stores tokens when {reason}", key="secrets.keys", hint=HOW
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _key(reference: SecretRef, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{reference.title} holds no key", key="secrets.keys", hint=HOW)
    return key


def make_key_file(file: Path) -> None:
    """Write a new key, unless another process has written one meanwhile; raises `ConfigError`.

    Whole or not at all: a key that is cut off would seal tokens that nobody opens again.
    """
    draft = file.with_suffix(f".{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
            opened.write(base64.b64encode(random.token_bytes(KEY_BYTES)) + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
        try:
            os.link(draft, file)  # refuses where another process has made one meanwhile
        except FileExistsError:
            return
        finally:
            draft.unlink()
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", file=str(file)) from None
    log.warning(
        "stored tokens are sealed with the key in %s and lost without it: "
        "keep a copy apart from the database, or set secrets.keys",
        file,
    )
