"""This server as a client of the callers' issuer: what the issuer says of itself decides how it is asked."""

from __future__ import annotations

import httpx2
import jwt
import pytest

from support.keys import rsa_key
from wirepost.core.errors import NotConnected
from wirepost.secrets.resolve import Secrets
from wirepost.server.auth.issuer import Issuer
from wirepost.server.auth.own_client import OwnClient
from wirepost.settings import SecretSettings
from wirepost.settings.auth import AuthSettings

NAME = "https://login.example.com"
KEY = jwt.get_algorithm_by_name("RS256").to_jwk(rsa_key().public_key(), as_dict=True)
ENDPOINTS = {"authorization_endpoint": f"{NAME}/authorize", "token_endpoint": f"{NAME}/token"}


def client(clock, *, is_down=False, secret=True, **metadata):
    documents = {
        "/.well-known/openid-configuration": {"issuer": NAME, "jwks_uri": f"{NAME}/keys", **metadata},
        "/keys": {"keys": [KEY]},
    }

    def answer(request):
        return httpx2.Response(503) if is_down else httpx2.Response(200, json=documents[request.url.path])

    issuer = Issuer(NAME, clock, transport=httpx2.MockTransport(answer))
    settings = AuthSettings(
        mode="oauth",
        issuer=NAME,
        client_id="wirepost",
        client_secret="env:ISSUER_SECRET" if secret else None,
    )
    return OwnClient(issuer, settings, Secrets(SecretSettings(), clock), clock), issuer


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("ISSUER_SECRET", "s%c")


@pytest.mark.parametrize(
    ("metadata", "has_secret", "way"),
    [
        ({}, True, "basic"),
        ({"token_endpoint_auth_methods_supported": ["client_secret_post"]}, True, "post"),
        (
            {"token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"]},
            True,
            "basic",
        ),
        ({"token_endpoint_auth_methods_supported": "nonsense"}, True, "basic"),
        ({}, False, "none"),
    ],
)
async def test_it_shows_who_it_is_as_the_issuer_wants(clock, metadata, has_secret, way) -> None:
    own, issuer = client(clock, secret=has_secret, **ENDPOINTS, **metadata)
    party = await own.party()
    assert party.method.client_auth == way
    assert (party.method.authorize_url, party.method.token_url) == tuple(ENDPOINTS.values())
    assert party.client_id == "wirepost"
    assert await party.endpoint.identity.secret() == ("s%c" if has_secret else None)
    assert party.method.issuer == NAME
    assert party.method.sends_issuer is False
    await own.party()
    await own.aclose()
    await issuer.close()


async def test_an_issuer_that_names_itself_must_do_so(clock) -> None:
    own, issuer = client(clock, **ENDPOINTS, authorization_response_iss_parameter_supported=True)
    assert (await own.party()).method.sends_issuer
    await own.aclose()
    await issuer.close()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"is_down": True}, "cannot be asked"),
        ({"token_endpoint": f"{NAME}/token"}, "signs nobody in"),
        ({"authorization_endpoint": f"{NAME}/authorize"}, "signs nobody in"),
    ],
)
async def test_an_issuer_that_cannot_be_used_is_said(clock, how, words) -> None:
    own, issuer = client(clock, **how)
    with pytest.raises(NotConnected, match=words):
        await own.party()
    await own.aclose()
    await issuer.close()
