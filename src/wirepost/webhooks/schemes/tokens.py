"""Schemes in which the sender repeats a value that both sides know; nothing of the request is signed."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest

import orjson

from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.checks import find_secret, from_base64, key_bytes, latin
from wirepost.webhooks.schemes.standard import STANDARD
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Terms

_AUTHORIZATION = "authorization"
_GITLAB = "x-gitlab-token"


@dataclass(frozen=True)
class TokenScheme:
    """One of the endpoint's secrets stands in a header."""

    name: str
    header: str = _AUTHORIZATION
    word: str = ""
    """What stands before it, such as `Bearer`, in any case."""

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`."""
        header, word = self.header, self.word
        if terms.settings.token_header and header == _AUTHORIZATION:
            header, word = terms.settings.token_header.lower(), ""
        value = request.required(header)
        if word:
            said, _, value = value.partition(" ")
            if said.lower() != word.lower():
                raise Rejected("malformed_header", header)
        offered = latin(value.strip(" "))
        secret = await find_secret(terms, lambda each: compare_digest(key_bytes(each), offered))
        return Verified("token", self.name, secret.label)

    def sign(
        self,
        headers: Mapping[str, str],
        body: bytes,
        url: str,
        secret: str,
        at: float,
    ) -> Mapping[str, str]:
        """The headers with the token."""
        del body, url, at
        return {**headers, self.header: f"{self.word} {secret}".strip()}


@dataclass(frozen=True)
class Basic:
    """The endpoint's secrets are `user:password` (RFC 7617)."""

    name: str = "basic"

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`."""
        said, _, value = request.required(_AUTHORIZATION).partition(" ")
        offered = from_base64(value.strip(" "))
        if said.lower() != "basic" or offered is None or b":" not in offered:
            raise Rejected("malformed_header", _AUTHORIZATION)
        secret = await find_secret(terms, lambda each: compare_digest(key_bytes(each), offered))
        return Verified("token", self.name, secret.label)

    def sign(
        self,
        headers: Mapping[str, str],
        body: bytes,
        url: str,
        secret: str,
        at: float,
    ) -> Mapping[str, str]:
        """The headers with user and password."""
        del body, url, at
        value = b2a_base64(key_bytes(secret), newline=False).decode()
        return {**headers, _AUTHORIZATION: f"Basic {value}"}


@dataclass(frozen=True)
class GitLab:
    """A secret in a header; where a signing token is used, Standard Webhooks instead."""

    name: str = "gitlab-token"

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`."""
        if request.header("webhook-signature") is not None:
            return await STANDARD.verify(request, terms)
        return await _GITLAB_TOKEN.verify(request, terms)

    def sign(
        self, headers: Mapping[str, str], body: bytes, url: str, secret: str, at: float
    ) -> Mapping[str, str]:
        """The headers with the token."""
        return _GITLAB_TOKEN.sign(headers, body, url, secret, at)


@dataclass(frozen=True)
class ClientState:
    """Every notification of Microsoft Graph repeats the client state of its subscription."""

    name: str = "graph-client-state"

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`."""
        try:
            items = orjson.loads(request.body)["value"]
            states = [key_bytes(item["clientState"]) for item in items]
        except (ValueError, LookupError, TypeError, AttributeError):
            raise Rejected("malformed_body", "clientState") from None
        expected = _token(terms)
        if not states or not all([compare_digest(expected, each) for each in states]):  # noqa: C419 - all are compared
            raise Rejected("signature_mismatch", "clientState")
        return Verified("token", self.name)


@dataclass(frozen=True)
class ChannelToken:
    """Google repeats the token of the channel in a header."""

    name: str = "google-channel-token"

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`."""
        offered = latin(request.required("x-goog-channel-token"))
        if not compare_digest(_token(terms), offered):
            raise Rejected("signature_mismatch", "x-goog-channel-token")
        return Verified("token", self.name)


@dataclass(frozen=True)
class Unsigned:
    """Nothing proves the request; its address must be a secret, or the endpoint says `verify: false`."""

    name: str = "none"

    async def verify(self, request: Incoming, terms: Terms) -> Verified:  # noqa: ARG002 - nothing is looked at
        """Always genuine, by nothing."""
        return Verified("none", self.name)


def is_token(terms: Terms, offered: str | None) -> bool:
    """Whether this is the value the sender was told to repeat, compared in constant time."""
    return bool(terms.token) and compare_digest(
        key_bytes(terms.token or ""), (offered or "").encode("utf-8", "replace")
    )


def _token(terms: Terms) -> bytes:
    if not terms.token:
        raise Rejected("empty_secret")
    return key_bytes(terms.token)


_GITLAB_TOKEN = TokenScheme("gitlab-token", _GITLAB)
BEARER = TokenScheme("bearer", word="Bearer")
API_KEY = TokenScheme("api-key")
BASIC = Basic()
GITLAB = GitLab()
GRAPH = ClientState()
GOOGLE_CHANNEL = ChannelToken()
UNSIGNED = Unsigned()
