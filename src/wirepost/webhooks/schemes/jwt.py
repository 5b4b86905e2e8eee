"""`JwtScheme`: a signed JSON token in a header, which may vouch for the body; Netlify's among them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest, digest
from typing import Any

import orjson

from wirepost.settings.webhooks import JwtSettings
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.checks import find_secret, from_base64url, key_bytes
from wirepost.webhooks.schemes.jwt_keys import PublicKey, is_signed_by, load_key, load_key_set, shared_key
from wirepost.webhooks.schemes.published import AGAIN_S, Published
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Secret, Terms

_PARTS = 3
_SHARED = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


@dataclass(frozen=True)
class Token:
    """One token, read and not yet believed."""

    algorithm: str
    kid: str | None
    content: bytes
    """What is signed."""
    signature: bytes
    claims: Mapping[str, Any]


@dataclass(frozen=True)
class JwtScheme:
    """A token in a header; the algorithms are those of the settings, never the token's choice."""

    name: str
    settings: JwtSettings | None = None
    """`None`: those of the endpoint."""
    needs_end: bool = True
    """Whether a token without `exp` is refused."""
    keys: Published[Sequence[PublicKey]] = field(
        default_factory=lambda: Published(load_key_set, "signature_mismatch"), compare=False, repr=False
    )

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`, and `Unavailable` while keys cannot be fetched."""
        settings = self.settings or terms.settings.jwt
        if settings is None:
            raise Rejected("no_supported_scheme", "jwt is not set")
        header = settings.header.lower()
        token = read_token(request.required(header), header)
        if token.algorithm not in settings.algorithms:
            raise Rejected("no_supported_scheme", "alg")
        secret = await self._find_signer(token, settings.jwks_url, terms, request.now)
        check_claims(token.claims, settings, request.now, needs_end=self.needs_end)
        is_bound = settings.body_hash_claim is not None
        if is_bound:
            _check_body(token.claims.get(settings.body_hash_claim or ""), request.body)
        at = token.claims.get("iat")
        signed_at = float(at) if isinstance(at, int | float) else None
        return Verified("signature" if is_bound else "token", self.name, secret.label, signed_at)

    async def _find_signer(self, token: Token, url: str | None, terms: Terms, now: float) -> Secret:
        """The secret, or the published key, that signed it; raises `Rejected`."""
        if url is None:
            return await find_secret(terms, _shared(token) if token.algorithm in _SHARED else _public(token))
        keys = _named(await self.keys.get(url, terms, now), token.kid)
        if not keys:  # they may have changed; they are not fetched at each request, though
            keys = _named(await self.keys.get(url, terms, now, newer_than_s=AGAIN_S), token.kid)
        if not any(is_signed_by(key, token.algorithm, token.content, token.signature) for key in keys):
            raise Rejected("signature_mismatch")
        return Secret("", token.kid or "jwks")


def read_token(value: str, where: str) -> Token:
    """The token behind `Bearer`, or alone; raises `Rejected`."""
    text = value.strip(" ")
    if text[:7].lower() == "bearer ":
        text = text[7:].strip(" ")
    parts = text.split(".")
    decoded = [from_base64url(part) for part in parts]
    if len(parts) != _PARTS or None in decoded:
        raise Rejected("malformed_header", where)
    head, claims = _members(decoded[0]), _members(decoded[1])
    kid = head.get("kid")
    if "crit" in head or not isinstance(kid, str | None):
        raise Rejected("malformed_header", where)
    content = f"{parts[0]}.{parts[1]}".encode()
    return Token(str(head.get("alg")), kid, content, decoded[2] or b"", claims)


def check_claims(
    claims: Mapping[str, Any], settings: JwtSettings, now: float, *, needs_end: bool = True
) -> None:
    """Times, issuer and audience; raises `Rejected`."""
    end, start = claims.get("exp"), claims.get("nbf")
    if end is None and needs_end:
        raise Rejected("token_expired", "exp is missing")
    for each in (end, start):
        if not (each is None or _is_number(each)):
            raise Rejected("malformed_header", "exp, nbf")
    if end is not None and now >= end + settings.leeway_s:
        raise Rejected("token_expired")
    if start is not None and now < start - settings.leeway_s:
        raise Rejected("token_not_yet_valid")
    if settings.issuer is not None and claims.get("iss") != settings.issuer:
        raise Rejected("wrong_issuer")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if settings.audience is not None and settings.audience not in named:
        raise Rejected("wrong_audience")


def _named(keys: Sequence[PublicKey], kid: str | None) -> Sequence[PublicKey]:
    return [key for key in keys if kid is None or key.kid == kid]


def _shared(token: Token) -> Callable[[str], bool]:
    def fits(secret: str) -> bool:
        key = shared_key(secret)
        return bool(key) and compare_digest(
            digest(key, token.content, _SHARED[token.algorithm]), token.signature
        )

    return fits


def _public(token: Token) -> Callable[[str], bool]:
    def fits(secret: str) -> bool:
        key = load_key(secret, token.algorithm)
        return key is not None and is_signed_by(key, token.algorithm, token.content, token.signature)

    return fits


def _check_body(claim: object, body: bytes) -> None:
    expected = hashlib.sha256(body).hexdigest().encode()
    if not isinstance(claim, str) or not compare_digest(expected, key_bytes(claim.lower())):
        raise Rejected("signature_mismatch", "hash of the body")


def _members(raw: bytes | None) -> dict[str, Any]:
    try:
        found = orjson.loads(raw or b"")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Rejected("malformed_header")
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


JWT = JwtScheme("jwt")
NETLIFY = JwtScheme(
    "netlify-hs256",
    JwtSettings(
        header="x-webhook-signature", algorithms=["HS256"], issuer="netlify", body_hash_claim="sha256"
    ),
    needs_end=False,
)
