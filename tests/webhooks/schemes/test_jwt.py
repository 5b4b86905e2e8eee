"""Signed tokens: the algorithm is ours, the keys are fetched with care, the claims are checked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import serialize_compact

from support.keys import rsa_key
from support.signatures import NOW, incoming, terms_with, verdict, verified
from wirepost.core.errors import Unavailable
from wirepost.webhooks.schemes.jwt import JWT, NETLIFY, JwtScheme
from wirepost.webhooks.schemes.published import AGAIN_S
from wirepost.webhooks.verdict import Verified

SECRET = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
BODY = b'{"state":"ready"}'
PAIR = rsa_key()
PEM = PAIR.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
JWKS_URL = "https://login.example.com/jwks.json"


def part(content: bytes | dict[str, Any]) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def shared(claims: dict[str, Any], secret: str = SECRET, name: str = "HS256", **head: Any) -> str:
    """A token made by hand, as RFC 7515 says."""
    content = f"{part({'alg': name, **head})}.{part(claims)}"
    digest = hmac.new(secret.encode(), content.encode(), getattr(hashlib, f"sha{name[2:]}")).digest()
    return f"{content}.{part(digest)}"


def signed(claims: dict[str, Any], key: Any, name: str = "RS256", **head: Any) -> str:
    return serialize_compact({"alg": name, **head}, json.dumps(claims), key, algorithms=[name])


def bearing(token: str, **request: Any):
    return incoming(BODY, {"Authorization": f"Bearer {token}"}, **request)


def settled(*secrets: str, documents: dict[str, str] | None = None, **jwt: Any):
    return terms_with(*secrets, documents=documents, jwt={"algorithms": ["HS256"], **jwt})


CLAIMS = {"exp": NOW + 60, "iat": NOW - 1, "iss": "https://idp.example.com", "aud": ["x", "hooks"]}


@pytest.mark.parametrize("name", ["HS256", "HS384", "HS512"])
async def test_a_shared_secret_signs_with_each_hash(name: str) -> None:
    terms = settled(
        "new", SECRET, algorithms=["HS256", "HS384", "HS512"], audience="hooks", issuer=CLAIMS["iss"]
    )
    found = await verified(JWT, bearing(shared(CLAIMS, name=name)), terms)
    assert found == Verified("token", "jwt", "1", NOW - 1)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({}, "valid"),
        ({"exp": NOW}, "invalid:token_expired"),
        ({"exp": None}, "invalid:token_expired"),
        ({"exp": "soon"}, "invalid:malformed_header"),
        ({"exp": True}, "invalid:malformed_header"),
        ({"nbf": NOW + 1}, "invalid:token_not_yet_valid"),
        ({"nbf": NOW}, "valid"),
        ({"nbf": []}, "invalid:malformed_header"),
        ({"iss": "https://idp.example.com/"}, "invalid:wrong_issuer"),
        ({"iss": None}, "invalid:wrong_issuer"),
        ({"aud": "hooks"}, "valid"),
        ({"aud": ["other"]}, "invalid:wrong_audience"),
        ({"aud": "hooks,other"}, "invalid:wrong_audience"),
        ({"aud": None}, "invalid:wrong_audience"),
        ({"aud": {"hooks": 1}}, "invalid:wrong_audience"),
    ],
)
async def test_times_issuer_and_audience_are_checked(claims: dict[str, Any], said: str) -> None:
    token = shared({**CLAIMS, **claims})
    assert await verdict(JWT, bearing(token), settled(SECRET, audience="hooks", issuer=CLAIMS["iss"])) == said
    assert (
        await verdict(JWT, bearing(token), settled("other", audience="hooks")) == "invalid:signature_mismatch"
    )


async def test_clocks_may_differ_as_much_as_is_allowed() -> None:
    late, early = shared({"exp": NOW - 9}), shared({"exp": NOW + 60, "nbf": NOW + 9})
    for token in (late, early):
        assert await verdict(JWT, bearing(token), settled(SECRET, leeway_s=10)) == "valid"
        assert await verdict(JWT, bearing(token), settled(SECRET, leeway_s=8)) != "valid"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (shared(CLAIMS, name="HS512"), "no_supported_scheme"),
        (f"{part({'alg': 'none'})}.{part(CLAIMS)}.", "no_supported_scheme"),
        (f"{part({'alg': 'nOnE'})}.{part(CLAIMS)}.AAAA", "no_supported_scheme"),
        (f"{part({})}.{part(CLAIMS)}.AAAA", "no_supported_scheme"),
        (shared(CLAIMS, crit=["exp"]), "malformed_header"),
        (shared(CLAIMS, kid=7), "malformed_header"),
        ("a.b", "malformed_header"),
        ("a.b.c.d", "malformed_header"),
        ("..", "malformed_header"),
        (f"{part([])}.{part({})}.AAAA", "malformed_header"),  # type: ignore[arg-type]
        (f"{part({'alg': 'HS256'})}.{part(b'[]')}.AAAA", "malformed_header"),
        (shared(CLAIMS) + "=", "malformed_header"),
        (shared(CLAIMS)[:-4], "signature_mismatch"),
        ("é.é.é", "malformed_header"),
    ],
)
async def test_a_token_of_another_form_is_refused(value: str, said: str) -> None:
    assert await verdict(JWT, bearing(value), settled(SECRET)) == f"invalid:{said}"


async def test_a_public_key_is_never_taken_for_a_shared_secret() -> None:
    """The endpoint takes RSA; the token is an HMAC with the public key, which everybody knows."""
    forged = shared(CLAIMS, secret=PEM)
    assert (
        await verdict(JWT, bearing(forged), settled(PEM, algorithms=["RS256"]))
        == "invalid:no_supported_scheme"
    )


@pytest.mark.parametrize("name", ["RS256", "PS256"])
async def test_a_key_in_pem_checks_what_its_pair_signs(name: str) -> None:
    token = signed(CLAIMS, RSAKey.import_key(PAIR), name)
    terms = settled("no key", PEM, algorithms=["RS256", "PS256"])
    assert await verified(JWT, bearing(token), terms) == Verified("token", "jwt", "1", NOW - 1)
    other = rsa_key("foreign")
    forged = signed(CLAIMS, RSAKey.import_key(other), name)
    assert await verdict(JWT, bearing(forged), terms) == "invalid:signature_mismatch"


async def test_published_keys_are_found_by_their_id() -> None:
    keys = [RSAKey.import_key(PAIR, {"kid": "r1"}), ECKey.generate_key("P-256", {"kid": "e1"})]
    documents = {JWKS_URL: json.dumps({"keys": [key.as_dict(private=False) for key in keys]})}
    terms = settled(documents=documents, algorithms=["RS256", "ES256"], jwks_url=JWKS_URL)
    scheme = JwtScheme("jwt")
    for key, name in zip(keys, ("RS256", "ES256"), strict=True):
        found = await verified(scheme, bearing(signed(CLAIMS, key, name, kid=key.kid)), terms)
        assert found == Verified("token", "jwt", key.kid, NOW - 1)
        assert await verdict(scheme, bearing(signed(CLAIMS, key, name)), terms) == "valid"  # names none
    wrong = bearing(signed(CLAIMS, keys[1], "ES256", kid="r1"))
    assert await verdict(scheme, wrong, terms) == "invalid:signature_mismatch"


async def test_a_new_key_is_found_after_a_minute_and_unknown_ones_do_not_make_us_ask() -> None:
    asked: list[str] = []
    old, new = (OKPKey.generate_key("Ed25519", {"kid": kid}) for kid in ("old", "new"))
    shown = [old]

    async def fetch(url: str) -> bytes:
        asked.append(url)
        return json.dumps({"keys": [key.as_dict(private=False) for key in shown]}).encode()

    scheme = JwtScheme("jwt")
    terms = replace(settled(algorithms=["EdDSA"], jwks_url=JWKS_URL), fetch=fetch)
    claims = {"exp": NOW + 600}

    def by(key: OKPKey) -> str:
        return _eddsa(claims, key)

    assert await verdict(scheme, bearing(by(old)), terms) == "valid"
    shown.append(new)
    for _ in range(5):
        assert await verdict(scheme, bearing(by(new)), terms) == "invalid:signature_mismatch"
    assert len(asked) == 1
    later = bearing(by(new), now=NOW + AGAIN_S)
    assert await verdict(scheme, later, terms) == "valid"
    assert len(asked) == 2


def _eddsa(claims: dict[str, Any], key: OKPKey) -> str:
    """By hand: the library warns of the name that these tokens still use."""
    content = f"{part({'alg': 'EdDSA', 'kid': key.kid})}.{part(claims)}"
    return f"{content}.{part(key.private_key.sign(content.encode()))}"


async def test_while_keys_cannot_be_fetched_the_sender_shall_try_again() -> None:
    async def fetch(url: str) -> bytes:
        raise Unavailable("timeout", "No answer")

    terms = replace(settled(algorithms=["RS256"], jwks_url=JWKS_URL), fetch=fetch)
    with pytest.raises(Unavailable):
        await JwtScheme("jwt").verify(bearing(signed(CLAIMS, RSAKey.import_key(PAIR))), terms)


async def test_a_token_can_vouch_for_the_body() -> None:
    terms = settled(SECRET, header="X-Token", body_hash_claim="body")
    good = shared({**CLAIMS, "body": hashlib.sha256(BODY).hexdigest().upper()})
    request = incoming(BODY, {"X-Token": good})
    assert await verified(JWT, request, terms) == Verified("signature", "jwt", "0", NOW - 1)
    assert await verdict(JWT, replace(request, body=b"{}"), terms) == "invalid:signature_mismatch"
    for claim in (None, "", 7, "é"):
        token = shared({**CLAIMS, "body": claim})
        assert await verdict(JWT, incoming(BODY, {"X-Token": token}), terms) == "invalid:signature_mismatch"


async def test_netlify_signs_the_body_without_a_time() -> None:
    claims = {"iss": "netlify", "sha256": hashlib.sha256(BODY).hexdigest()}
    request = incoming(BODY, {"X-Webhook-Signature": shared(claims)})
    assert await verified(NETLIFY, request, terms_with(SECRET)) == Verified("signature", "netlify-hs256", "0")
    assert (
        await verdict(NETLIFY, replace(request, body=b"{}"), terms_with(SECRET))
        == "invalid:signature_mismatch"
    )
    other = incoming(BODY, {"X-Webhook-Signature": shared({**claims, "iss": "x"})})
    assert await verdict(NETLIFY, other, terms_with(SECRET)) == "invalid:wrong_issuer"
    ended = incoming(BODY, {"X-Webhook-Signature": shared({**claims, "exp": NOW - 1})})
    assert await verdict(NETLIFY, ended, terms_with(SECRET)) == "invalid:token_expired"


async def test_without_settings_nothing_is_taken() -> None:
    assert await verdict(JWT, bearing(shared(CLAIMS)), terms_with(SECRET)) == "invalid:no_supported_scheme"


async def test_a_key_of_another_curve_is_passed_over() -> None:
    pair = generate_ec(SECP256R1())
    token = signed(CLAIMS, ECKey.import_key(pair), "ES256")
    terms = settled(json.dumps(ECKey.generate_key("P-384").as_dict(private=False)), algorithms=["ES256"])
    assert await verdict(JWT, bearing(token), terms) == "invalid:signature_mismatch"
