"""Whom a consent is asked of, what for, and the address that puts the question."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from wirepost.connections.oauth.method import is_loopback
from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.connections.oauth.endpoint import TokenEndpoint
    from wirepost.contracts.auth import OAuth2

CALLBACK = "/oauth/callback"
_VERIFIER_BYTES = 48
_NONCE_BYTES = 16


@dataclass(frozen=True)
class Party:
    """Whom a flow speaks to: an authorization server, and us as it knows us."""

    connection: str
    title: str
    endpoint: TokenEndpoint
    own_path: str
    """Last part of the redirect address where that must tell servers apart."""

    @property
    def method(self) -> OAuth2:
        """How the server works."""
        return self.endpoint.method

    @property
    def client_id(self) -> str:
        """Our name there."""
        return self.endpoint.identity.client_id

    @property
    def callback(self) -> str:
        """Path of the redirect address: an own one unless the server names itself in its answers.

        One address for several servers would let a malicious one pass off another's code as its own
        (https://www.rfc-editor.org/rfc/rfc9700#section-4.4.2).
        """
        is_shared = self.method.sends_issuer and not self.method.own_callback
        return CALLBACK if is_shared else f"{CALLBACK}/{self.own_path}"


@dataclass(frozen=True)
class Asked:
    """What a person is asked for."""

    scopes: tuple[str, ...] = ()
    user_scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """What was sent with a browser, and what must come back with it."""

    client_id: str
    issuer: str | None
    token_url: str
    redirect_uri: str
    verifier: str | None
    nonce: str | None
    scopes: Sequence[str]
    user_scopes: Sequence[str]

    @classmethod
    def to(cls, party: Party, asked: Asked, redirect_uri: str) -> Self:
        """A new question, with secrets of its own.

        Raises `ConfigError` for a redirect address that is neither https nor on this machine.
        """
        _check_redirect(redirect_uri)
        return cls(
            client_id=party.client_id,
            issuer=party.method.issuer,
            token_url=party.method.token_url,
            redirect_uri=redirect_uri,
            verifier=secrets.token_urlsafe(_VERIFIER_BYTES) if party.method.has_pkce else None,
            nonce=secrets.token_urlsafe(_NONCE_BYTES) if "openid" in asked.scopes else None,
            scopes=asked.scopes,
            user_scopes=asked.user_scopes,
        )


def authorization_url(party: Party, question: Question, state: str) -> str:
    """Where a browser is sent (RFC 6749 §4.1.1, RFC 7636 §4.3)."""
    from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    method = party.method
    more: dict[str, str | None] = {**method.authorize_extra, "nonce": question.nonce}
    if question.scopes:
        more[method.scope_parameter] = method.scope_separator.join(question.scopes)
    if method.user_scope_parameter and question.user_scopes:
        more[method.user_scope_parameter] = method.scope_separator.join(question.user_scopes)
    if question.verifier is not None:
        more["code_challenge"] = create_s256_code_challenge(question.verifier)
        more["code_challenge_method"] = "S256"
    scope = more.pop("scope", None)
    address: str = prepare_grant_uri(
        method.authorize_url,
        party.client_id,
        "code",
        question.redirect_uri,
        scope,
        state,
        **more,
    )
    return address


def _check_redirect(redirect_uri: str) -> None:
    if urlsplit(redirect_uri).scheme != "https" and not is_loopback(redirect_uri):
        raise ConfigError(
            "accounts are connected over https only, as the browser brings secrets back",
            key="server.url",
            hint="put a proxy with a certificate in front, or connect from this machine",
        )
