"""Access tokens of an issuer: fourteen ways to be wrong, and what is asked about opaque ones.

Tokens are made with PyJWT, which shares no code with what checks them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support.clock import START
from support.keys import rsa_key
from wirepost.secrets.resolve import Secrets
from wirepost.server.auth.access_tokens import AccessTokens
from wirepost.server.auth.issuer import Issuer
from wirepost.server.auth.verified import CannotTell, Refused
from wirepost.settings import AuthSettings, SecretSettings

ISSUER, RESOURCE = "https://login.example.com", "https://wirepost.example.com/mcp"
NOW = int(START.timestamp())
RSA = rsa_key()
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
FOREIGN = rsa_key("foreign")
CLAIMS = {
    "iss": ISSUER,
    "aud": RESOURCE,
    "sub": "alice",
    "client_id": "editor",
    "exp": NOW + 300,
    "iat": NOW,
    "scope": "crm.read crm.write",
}


def public(private, kid: str, **more: str) -> dict[str, str]:
    """The key as an issuer publishes it."""
    algorithm = {RSA: "RS256", EC: "ES256", ED: "EdDSA"}[private]
    shown = jwt.get_algorithm_by_name(algorithm).to_jwk(private.public_key(), as_dict=True)
    return {**shown, "kid": kid, "use": "sig", "alg": algorithm, **more}


KEYS = {"keys": [public(RSA, "rsa"), public(EC, "ec"), public(ED, "ed")]}


def signed(private=RSA, kid: str | None = "rsa", algorithm: str = "RS256", header=None, **claims) -> str:
    """A token; `None` takes a claim out."""
    content = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    headers = {"typ": "at+jwt", **({} if kid is None else {"kid": kid}), **(header or {})}
    return jwt.encode(content, private, algorithm, headers)


def unsigned() -> str:
    parts = [{"alg": "none", "typ": "at+jwt"}, CLAIMS]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts) + "."


def signed_with_the_public_key() -> str:
    """The old trick: the published key, taken for the secret of HS256."""
    secret = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    parts = [{"alg": "HS256", "typ": "at+jwt", "kid": "rsa"}, CLAIMS]
    text = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts
    )
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


class Server:
    """An issuer that answers what a test wants."""

    def __init__(self, **metadata) -> None:
        self.metadata = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys", **metadata}
        self.about: dict[str, object] = {}
        self.asked: list[httpx2.Request] = []
        self.status = 200

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path.startswith("/.well-known/"):
            return httpx2.Response(200, json=self.metadata)
        if path == "/keys":
            return httpx2.Response(200, json=KEYS)
        self.asked.append(request)
        return httpx2.Response(self.status, json=self.about)

    def tokens(self, clock, **settings) -> AccessTokens:
        issuer = Issuer(ISSUER, clock, transport=httpx2.MockTransport(self))
        options = AuthSettings.model_validate({"mode": "oauth", "issuer": ISSUER, **settings})
        secrets = Secrets(SecretSettings(), clock)
        return AccessTokens(issuer, options, secrets, resource=lambda: RESOURCE, clock=clock)


@pytest.fixture
def tokens(clock):
    return Server().tokens(clock)


@pytest.mark.parametrize(
    "token",
    [
        signed(),
        signed(EC, "ec", "ES256"),
        signed(ED, "ed", "EdDSA"),
        signed(aud=f"{RESOURCE}/"),
        signed(aud=["https://other.example.com", RESOURCE]),
        signed(client_id=None, azp="editor"),
        signed(exp=NOW - 29),
        signed(nbf=NOW + 29, iat=NOW + 29),
        signed(header={"typ": "JWT"}),
        signed(header={"nonce": "an issuer's own field"}),
    ],
)
async def test_good_tokens_prove_their_caller(tokens, token) -> None:
    found = await tokens.verify(token, "")
    assert found.caller.id == f"{ISSUER}|alice"
    assert found.caller.scopes == {"crm.read", "crm.write"}
    assert (found.issuer, found.subject, found.client_id) == (ISSUER, "alice", "editor")


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (unsigned(), "signed in a way"),
        (signed_with_the_public_key(), "signed in a way"),
        (signed(FOREIGN), "signature"),
        (signed()[:-20] + "A" * 20, "signature"),
        (signed(kid="unknown"), "does not publish"),
        (signed(kid=None), "does not publish"),
        (signed(EC, "rsa", "ES256"), "signature"),
        (signed(iss="https://evil.example.com"), "another issuer"),
        (signed(iss=f"{ISSUER}/"), "another issuer"),
        (signed(aud="https://other.example.com/mcp"), "another resource"),
        (signed(aud=f"{RESOURCE}//"), "another resource"),
        (signed(aud=None), "another resource|lacks"),
        (signed(exp=NOW - 31), "expired"),
        (signed(exp=None), "lacks"),
        (signed(nbf=NOW + 31), "not valid yet"),
        (signed(iat=NOW + 31), "future"),
        (signed(sub=None), "lacks"),
        (signed(sub="x" * 256), "lacks"),
        (signed(sub="a\nb"), "lacks"),
        (signed(client_id=None), "lacks"),
        (signed(header={"typ": "logout+jwt"}), "not an access token"),
        (signed(header={"crit": ["exp"]}), "signature"),
        (signed(cnf={"jkt": "x"}), "bound to a key"),
    ],
)
async def test_wrong_tokens_prove_nothing_and_say_why(tokens, token, why) -> None:
    with pytest.raises(Refused, match=why):
        await tokens.verify(token, "")


async def test_a_token_of_any_type_is_refused_where_one_is_demanded(clock) -> None:
    tokens = Server().tokens(clock, token_type="at+jwt")
    await tokens.verify(signed(), "")
    with pytest.raises(Refused, match="not an access token"):
        await tokens.verify(signed(header={"typ": "JWT"}), "")


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": None, "scp": "a b"}, {"a", "b"}),
        ({"scope": None, "scp": ["a", "b", 3]}, {"a", "b"}),
        ({"scope": None}, set()),
        ({"scope": 7}, set()),
    ],
)
async def test_scopes_are_read_as_issuers_write_them(tokens, claims, scopes) -> None:
    assert (await tokens.verify(signed(**claims), "")).caller.scopes == scopes


OPAQUE = {"client_id": "wirepost", "client_secret": "env:INTROSPECTION_SECRET"}


@pytest.fixture
def opaque(monkeypatch) -> Server:
    monkeypatch.setenv("INTROSPECTION_SECRET", "s%c+r:e&t/=")
    return Server(introspection_endpoint=f"{ISSUER}/introspect")


async def test_an_opaque_token_is_asked_about_and_the_answer_kept_for_a_minute(opaque, clock) -> None:
    opaque.about = {"active": True, **CLAIMS}
    tokens = opaque.tokens(clock, **OPAQUE)
    for _ in range(3):
        assert (await tokens.verify("opaque", "")).caller.id == f"{ISSUER}|alice"
    assert len(opaque.asked) == 1
    # RFC 6749, 2.3.1: form-encoded before it becomes Basic.
    sent = base64.b64decode(opaque.asked[0].headers["authorization"].removeprefix("Basic ")).decode()
    assert sent == "wirepost:s%25c%2Br%3Ae%26t%2F%3D"
    assert b"token=opaque" in opaque.asked[0].content
    clock.advance(60)
    await tokens.verify("opaque", "")
    assert len(opaque.asked) == 2


async def test_an_answer_is_kept_no_longer_than_the_token_lives(opaque, clock) -> None:
    opaque.about = {"active": True, **CLAIMS, "exp": NOW + 20}
    tokens = opaque.tokens(clock, **OPAQUE)
    await tokens.verify("opaque", "")
    clock.advance(20)
    opaque.about = {"active": False}
    with pytest.raises(Refused, match="not valid"):
        await tokens.verify("opaque", "")


@pytest.mark.parametrize(
    ("about", "why"),
    [
        ({"active": False}, "not valid"),
        ({"active": "true", **CLAIMS}, "not valid"),
        ({"active": True, **CLAIMS, "aud": "https://other.example.com"}, "another resource"),
        ({"active": True, **CLAIMS, "iss": "https://evil.example.com"}, "another issuer"),
        ({"active": True, **CLAIMS, "exp": NOW - 31}, "expired"),
        ({"active": True, "sub": "alice"}, "lacks"),
    ],
)
async def test_a_refusal_is_kept_for_five_seconds(opaque, clock, about, why) -> None:
    opaque.about = about
    tokens = opaque.tokens(clock, **OPAQUE)
    for _ in range(3):
        with pytest.raises(Refused, match=why):
            await tokens.verify("opaque", "")
    assert len(opaque.asked) == 1
    opaque.about = {"active": True, **CLAIMS}
    clock.advance(5)
    await tokens.verify("opaque", "")


async def test_the_secret_goes_into_the_form_where_the_issuer_wants_it_there(opaque, clock) -> None:
    opaque.metadata["introspection_endpoint_auth_methods_supported"] = ["client_secret_post"]
    opaque.about = {"active": True, **CLAIMS}
    await opaque.tokens(clock, **OPAQUE).verify("opaque", "")
    assert b"client_secret=s%25c%2Br%3Ae%26t%2F%3D" in opaque.asked[0].content
    assert "authorization" not in opaque.asked[0].headers


@pytest.mark.parametrize("settings", [{}, {"client_id": "wirepost"}])
async def test_without_credentials_only_signed_tokens_are_accepted(opaque, clock, settings) -> None:
    with pytest.raises(Refused, match="Only signed"):
        await opaque.tokens(clock, **settings).verify("opaque", "")


@pytest.mark.parametrize(("status", "about"), [(401, {"error": "invalid_client"}), (500, {}), (200, [])])
async def test_an_issuer_that_does_not_answer_is_not_the_callers_fault(opaque, clock, status, about) -> None:
    opaque.status, opaque.about = status, about
    with pytest.raises(CannotTell):
        await opaque.tokens(clock, **OPAQUE).verify("opaque", "")


async def test_a_secret_that_was_replaced_is_read_again(opaque, clock, monkeypatch) -> None:
    tokens = opaque.tokens(clock, **OPAQUE)
    opaque.status = 401
    with pytest.raises(CannotTell):
        await tokens.verify("opaque", "")
    monkeypatch.setenv("INTROSPECTION_SECRET", "another-one")
    opaque.status, opaque.about = 200, {"active": True, **CLAIMS}
    await tokens.verify("opaque", "")
    assert opaque.asked[-1].headers["authorization"] == "Basic d2lyZXBvc3Q6YW5vdGhlci1vbmU="


async def test_a_secret_that_is_missing_here_is_not_the_callers_fault(opaque, clock, monkeypatch) -> None:
    monkeypatch.delenv("INTROSPECTION_SECRET")
    with pytest.raises(CannotTell, match="INTROSPECTION_SECRET"):
        await opaque.tokens(clock, **OPAQUE).verify("opaque", "")


@pytest.mark.parametrize("token", ["a.b.c", "e30.e30.x", "[].x.y", "a.b", "....", "W10.a.b", "\x00.a.b"])
async def test_what_has_not_the_shape_of_a_signed_token_is_taken_for_an_opaque_one(tokens, token) -> None:
    with pytest.raises(Refused, match="Only signed"):
        await tokens.verify(token, "")
