"""Assertions are short, fresh, and signed as their key demands."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, x25519
from joserfc import jwt
from joserfc.jwk import ECKey

from support.keys import pem
from wirepost.connections.oauth.assertion import signed
from wirepost.core.errors import ConfigError


def test_claims_that_are_given_count_more_than_the_usual_ones(clock) -> None:
    key = ec.generate_private_key(ec.SECP521R1())
    now = int(clock.now().timestamp())
    token = signed(pem(key), {"iss": "app", "iat": now - 60}, clock, life_s=60)
    public = ECKey.import_key(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    read = jwt.decode(token, public, algorithms=["ES512"])
    assert (read.claims["iss"], read.claims["iat"], read.claims["exp"]) == ("app", now - 60, now + 60)


@pytest.mark.parametrize(
    "make",
    [
        lambda: dsa.generate_private_key(2048),
        x25519.X25519PrivateKey.generate,
        lambda: ec.generate_private_key(ec.SECP192R1()),
    ],
    ids=["dsa", "x25519", "p192"],
)
def test_a_key_that_no_server_takes_is_refused(clock, make) -> None:
    with pytest.raises(ConfigError, match="the private key cannot be read"):
        signed(pem(make()), {}, clock)
