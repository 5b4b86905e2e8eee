"""Access tokens (https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flows.htm)."""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Mapping
from hashlib import blake2b
from hmac import compare_digest
from typing import Any

import orjson

from wirepost.providers.salesforce.sandbox.calls import Reply
from wirepost.providers.salesforce.sandbox.errors import Body
from wirepost.providers.salesforce.sandbox.keys import ORGANIZATION
from wirepost.providers.salesforce.sandbox.rows import ME
from wirepost.providers.salesforce.sandbox.state import State

CLIENT = "sandbox"
_ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_AUDIENCES = {"https://login.salesforce.com", "https://test.salesforce.com"}
_LONGEST_S = 300
"""Salesforce takes assertions that end within five minutes."""


def token(state: State, form: Mapping[str, str], headers: Mapping[str, str], secret: str) -> Reply:
    """A new session for a client that proves itself by its secret or by an assertion."""
    match form.get("grant_type"):
        case "client_credentials":
            refusal = _wrong_client(form, headers, secret)
        case grant if grant == _ASSERTION:
            refusal = _wrong_assertion(state, form.get("assertion", ""))
        case _:
            refusal = {"error": "unsupported_grant_type", "error_description": "grant type not supported"}
    if refusal is not None:
        return Reply(400, refusal)
    state.issued += 1
    value = f"{ORGANIZATION[:15]}!AQ.{blake2b(f'{state.issued}'.encode(), digest_size=24).hexdigest()}"
    state.sessions.add(value)
    issued_at = str(int(state.clock.now().timestamp() * 1000))
    return Reply(
        200,
        {
            "access_token": value,
            "id": f"https://login.salesforce.com/id/{ORGANIZATION}/{ME}",
            "issued_at": issued_at,
            "scope": "api",
            "signature": blake2b(issued_at.encode(), digest_size=32).hexdigest(),
            "token_type": "Bearer",
        },
    )


def _wrong_client(form: Mapping[str, str], headers: Mapping[str, str], secret: str) -> Body | None:
    name, given = form.get("client_id", ""), form.get("client_secret", "")
    basic = headers.get("authorization", "")
    if basic.startswith("Basic "):
        try:
            name, _, given = b64decode(basic.removeprefix("Basic ")).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name = ""
    if name != CLIENT:
        return {"error": "invalid_client_id", "error_description": "client identifier invalid"}
    if not compare_digest(given.encode(), secret.encode()):
        return {"error": "invalid_client", "error_description": "invalid client credentials"}
    return None


def _wrong_assertion(state: State, assertion: str) -> Body | None:
    """Claims are checked; the signature is not, because nobody registers a certificate here."""
    try:
        head, claims = (_json(part) for part in assertion.split(".")[:2])
        ends_in_s = float(claims["exp"]) - state.clock.now().timestamp()
        known = {user.values["Username"] for user in state.table("User").values() if user.values["IsActive"]}
        if head.get("alg") != "RS256" or claims["iss"] != CLIENT:
            return {"error": "invalid_client", "error_description": "invalid client credentials"}
        if claims["aud"] not in _AUDIENCES:
            return {"error": "invalid_grant", "error_description": "audience is invalid"}
        if not 0 < ends_in_s <= _LONGEST_S:
            return {"error": "invalid_grant", "error_description": "expired authorization code"}
        if claims["sub"] not in known:
            return {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {"error": "invalid_grant", "error_description": "invalid assertion"}
    return None


def _json(part: str) -> Any:
    return orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
