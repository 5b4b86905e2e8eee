"""What the claims of an access token must say before they prove a caller (RFC 9068, 4; RFC 8707)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joserfc.errors import ClaimError, ExpiredTokenError
from joserfc.jwt import JWTClaimsRegistry

from wirepost.calls.caller import Caller
from wirepost.server.auth.verified import Refused, Verified

LEEWAY_S = 30
"""So far clocks may be apart."""
LONGEST_SUBJECT = 255
"""Letters; no issuer makes longer ones (OpenID Connect Core, 2)."""


def verified(claims: Mapping[str, Any], issuer: str, resource: str, now: float) -> Verified:
    """The caller that the claims prove at `now` (seconds since 1970); raises `Refused`.

    The audience is the resource, with or without a slash at its end, as clients differ in that.
    """
    rules = JWTClaimsRegistry(
        now=int(now),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "values": [resource, f"{resource}/"]},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        rules.validate(dict(claims))
    except ExpiredTokenError:
        raise Refused("The access token expired") from None
    except ClaimError as error:
        raise Refused(_PROBLEMS.get(error.claim, _INCOMPLETE)) from None
    subject, client_id = claims["sub"], claims.get("client_id") or claims.get("azp")
    if not (isinstance(client_id, str) and _is_plain(client_id) and _is_plain(subject)):
        raise Refused(_INCOMPLETE)
    if "cnf" in claims:  # to be shown with a proof of possession, which nobody asks for here
        raise Refused("The access token is bound to a key and no bearer token")
    return Verified(Caller(f"{issuer}|{subject}", scopes_in(claims)), issuer, subject, client_id)


_INCOMPLETE = "The access token lacks something that it must say, or says it in a wrong way"
_PROBLEMS = {
    "iss": "The access token is of another issuer",
    "aud": "The access token is for another resource",
    "nbf": "The access token is not valid yet",
    "iat": "The access token is from the future",
}


def scopes_in(claims: Mapping[str, Any]) -> frozenset[str]:
    """What was granted: `scope` as RFC 9068 has it, or `scp` as others write it, as text or as a list."""
    said = claims.get("scope", claims.get("scp", ""))
    words = said.split() if isinstance(said, str) else said
    if not isinstance(words, list):
        return frozenset()
    return frozenset(word for word in words if isinstance(word, str))


def _is_plain(text: str) -> bool:
    return 0 < len(text) <= LONGEST_SUBJECT and text.isprintable()
