"""A service that only the configuration knows, in front of an authorization server that others wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from joserfc.jwk import import_key

from support.issuer import Issuer, issuer
from support.keys import pem, rsa_key
from wirepost.connections.connections import Connection
from wirepost.core.clock import Clock
from wirepost.core.errors import NotConnected
from wirepost.providers import load_provider
from wirepost.settings import ConnectionSettings

pytestmark = pytest.mark.services("node")

ODD = "s%c+r:e&t/="
KEYS = {
    "RS256": ("RSA", rsa_key),
    "ES256": ("EC", lambda: ec.generate_private_key(ec.SECP256R1())),
    "EdDSA": ("OKP", ed25519.Ed25519PrivateKey.generate),
}


def client(name: str, how: str, **more: Any) -> dict[str, Any]:
    """A client that asks for itself, in the words of RFC 7591."""
    return {
        "client_id": name,
        "token_endpoint_auth_method": how,
        "redirect_uris": [],
        "response_types": [],
        "grant_types": ["client_credentials"],
        **more,
    }


def kept(path: Path, text: str) -> str:
    """A secret in a file that only its owner reads, by reference."""
    path.touch(mode=0o600)
    path.write_text(text)
    return f"file:{path}"


def connection_to(server: Issuer, **options: Any) -> Connection:
    oauth = {"token_url": f"{server.url}/token", **options.pop("oauth")}
    given = {"provider": "http", "environment": "test", "auth": "exchange", "base_url": server.url, **options}
    settings = ConnectionSettings.model_validate({**given, "oauth": oauth})
    return Connection("acme", load_provider("http"), settings, Clock(), world=lambda: None)  # type: ignore[arg-type,return-value]


async def is_taken(server: Issuer, header: str) -> bool:
    """Whether the server itself knows a token that it gave."""
    form = {"client_id": "post", "client_secret": ODD, "token": header.removeprefix("Bearer ")}
    async with httpx2.AsyncClient() as http:
        answer = await http.post(f"{server.url}/token/introspection", data=form)
    return bool(answer.json()["active"])


@pytest.mark.parametrize("how", ["client_secret_post", "client_secret_basic"])
async def test_a_secret_with_every_odd_sign_is_taken(tmp_path: Path, how: str) -> None:
    name = how.removeprefix("client_secret_")
    clients = [client(each, f"client_secret_{each}", client_secret=ODD) for each in ("post", "basic")]
    async with issuer(clients=clients) as server:
        secret = kept(tmp_path / "secret", ODD)
        options = {"client_id": name, "client_secret": secret, "oauth": {"client_auth": name}}
        connection = connection_to(server, **options)
        try:
            assert await is_taken(server, await connection.shared.credential.header())
        finally:
            await connection.close()


@pytest.mark.parametrize("algorithm", KEYS)
async def test_an_assertion_of_the_client_is_taken_each_time_because_it_is_a_new_one(
    tmp_path: Path, algorithm: str
) -> None:
    kind, make = KEYS[algorithm]
    shown = pem(make())
    public = {**import_key(shown, kind).as_dict(private=False), "use": "sig"}
    clients = [
        client("post", "client_secret_post", client_secret=ODD),
        client(
            "keyed",
            "private_key_jwt",
            jwks={"keys": [public]},
            token_endpoint_auth_signing_alg="Ed25519" if algorithm == "EdDSA" else algorithm,
        ),
    ]
    async with issuer(clients=clients) as server:
        connection = connection_to(
            server,
            client_id="keyed",
            private_key=kept(tmp_path / "key.pem", shown),
            oauth={"client_auth": "private_key_jwt", "audience": server.url},
        )
        try:
            for _ in range(2):
                header = await connection.shared.credential.header()
                assert await is_taken(server, header)
                connection.shared.credential.forget(header)
        finally:
            await connection.close()


async def test_a_wrong_secret_is_told_as_the_configuration_s_fault(tmp_path: Path) -> None:
    clients = [client("post", "client_secret_post", client_secret=ODD)]
    async with issuer(clients=clients) as server:
        secret = kept(tmp_path / "secret", "another-secret")
        connection = connection_to(server, client_id="post", client_secret=secret, oauth={})
        try:
            with pytest.raises(NotConnected) as refused:
                await connection.shared.credential.header()
        finally:
            await connection.close()
    assert refused.value.provider_code == "invalid_client"
    assert "another-secret" not in str(refused.value.payload())
