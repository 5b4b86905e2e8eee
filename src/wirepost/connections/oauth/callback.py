"""What a browser brings back from a provider, and the checks it has to pass before anything is believed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from wirepost.connections.oauth.party import CALLBACK
from wirepost.core.errors import NotConnected

if TYPE_CHECKING:
    from wirepost.connections.oauth.party import Party, Question

SKEW_S = 60.0
"""So long an id token may have ended by our clock."""
DENIED = frozenset({"access_denied", "consent_required", "user_denied"})
KNOWN_ERRORS = frozenset(
    {
        *("invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope"),
        *("server_error", "temporarily_unavailable", "interaction_required", "login_required"),
        *("invalid_target", "redirect_uri_mismatch", "account_selection_required"),
    }
)
"""Words that are repeated to people (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6); others are not."""


@dataclass(frozen=True)
class Callback:
    """What a browser brought back: the address it was sent to, and each parameter once."""

    path: str
    parameters: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, path: str, query: str) -> Callback:
        """Read a query; one with a parameter that is there twice has none (RFC 6749 §3.1)."""
        pairs = parse_qsl(query, keep_blank_values=True, errors="replace", max_num_fields=None)
        parameters = dict(pairs)
        return cls(path, parameters if len(parameters) == len(pairs) else {})

    @classmethod
    def of_url(cls, url: str) -> Callback:
        """Read an address that a person copied from a browser; raises `NotConnected` when it is none."""
        try:
            parts = urlsplit(url.strip())
        except ValueError:
            parts = urlsplit("")
        if not parts.query:
            raise refused("unknown", "This is not the address of the page at the end of a consent")
        return cls.of(parts.path, parts.query)


def check_browser(expected: str | None, cookie: str | None) -> None:
    """Whoever comes back is whoever left; otherwise one person could finish another's consent."""
    given = None if cookie is None else hashed(cookie)
    if expected is None and given is None:
        return
    if expected is None or given is None or not hmac.compare_digest(expected, given):
        raise refused(
            "browser", "This consent was begun in another browser", "Open the link and consent in one browser"
        )


def check_sender(party: Party, question: Question, callback: Callback) -> None:
    """The answer is from the server that was asked, errors included (RFC 9207 §2.4)."""
    is_right = (
        urlsplit(question.redirect_uri).path.endswith(callback.path)  # a proxy may take off the beginning
        and callback.path.startswith("/")
        and party.method.token_url == question.token_url
        and _is_issuer_right(party, question, callback.parameters.get("iss"))
    )
    if not is_right:
        raise refused("sender", f"The answer is not from the server of {party.title} that was asked")


def _is_issuer_right(party: Party, question: Question, iss: str | None) -> bool:
    if iss is None:
        return not party.method.sends_issuer
    if question.issuer is None:  # nobody knows its name, so only an address of its own tells it from others
        return not urlsplit(question.redirect_uri).path.endswith(CALLBACK)
    return iss == question.issuer


def check_answer(given: Mapping[str, str], title: str) -> None:
    """A refusal ends here in our words; the provider's description is text from outside and is not shown."""
    error = given.get("error")
    if error in DENIED:
        raise refused("denied", f"Consent was not given at {title}", "Open a new link to try again")
    if error is not None:
        word = error if error in KNOWN_ERRORS else "an error without a known name"
        raise refused(
            "error", f"{title} refused: {word}", provider_code=word if error in KNOWN_ERRORS else None
        )
    if not given.get("code"):
        raise refused("error", f"{title} sent neither a code nor an error")


async def check_vendor(party: Party, given: Mapping[str, str]) -> None:
    """The vendor's own proof that it sent the browser (Shopify signs the parameters)."""
    verify = party.method.verify_callback
    if verify is None:
        return
    secret = await party.endpoint.identity.secret()
    if not verify(given, secret or "", urlsplit(party.method.token_url).hostname or ""):
        raise refused("sender", f"The answer does not carry the signature of {party.title}")


def check_identity(question: Question, claims: Mapping[str, Any], now: float) -> None:
    """The statement of who signed in is for us and this question, and holds now.

    It came straight from the token endpoint, whose TLS stands for its signature
    (https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation, 6.).
    """
    audience = claims.get("aud")
    expires = claims.get("exp")
    is_ours = (
        question.client_id in (audience if isinstance(audience, list) else [audience])
        and question.issuer in {None, claims.get("iss")}
        and hmac.compare_digest(str(claims.get("nonce")).encode(), str(question.nonce).encode())
        and isinstance(expires, int | float)
        and expires > now - SKEW_S
    )
    if not is_ours:
        raise refused("identity", "The provider's statement of who signed in is not for this consent")


def claims_of(token: object) -> Mapping[str, Any]:
    """The claims of an id token, whose signature nobody has looked at; empty where it is none."""
    from authlib.common.encoding import urlsafe_b64decode

    try:
        claims = orjson.loads(urlsafe_b64decode(str(token).split(".")[1].encode()))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def refused(
    reason: str, message: str, hint: str | None = "Open a new link", provider_code: str | None = None
) -> NotConnected:
    """Nothing comes of a consent; `reason` is for programs, the rest for people."""
    return NotConnected(
        "not_connected", message, hint=hint, provider_code=provider_code, detail={"reason": reason}
    )


def hashed(secret: str) -> str:
    """What is stored in the place of something that only a browser knows."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
