"""Private keys of tests: the RSA ones are made once in a process, which takes longer than most tests."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)


@cache
def rsa_key(owner: str = "own", size: int = 2048) -> rsa.RSAPrivateKey:
    """The key of an owner; each owner has another one."""
    del owner
    return rsa.generate_private_key(public_exponent=65537, key_size=size)


def pem(
    key: PrivateKeyTypes, form: PrivateFormat = PrivateFormat.PKCS8, *, password: bytes | None = None
) -> str:
    """A private key as files hold it."""
    return key.private_bytes(
        Encoding.PEM, form, BestAvailableEncryption(password) if password else NoEncryption()
    ).decode()
