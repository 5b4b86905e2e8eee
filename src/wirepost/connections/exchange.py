"""`TokenCredential`: an access token fetched without a browser, renewed when it ends or is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from wirepost.connections.credentials import Checkable
from wirepost.core.errors import CallError, ConfigError, NotConnected
from wirepost.core.redact import SECRETS
from wirepost.core.text import clean_line
from wirepost.upstream.ask import Answer, Ask
from wirepost.upstream.client import Client
from wirepost.upstream.faults import safe_words
from wirepost.upstream.scope import Scope

if TYPE_CHECKING:
    from wirepost.contracts.auth import TokenExchange
    from wirepost.contracts.provider import Provider
    from wirepost.core.clock import Clock
    from wirepost.settings import ConnectionSettings
    from wirepost.upstream.upstream import Upstream

FETCH_S = 20.0
EARLY = 0.9
"""A token is renewed after this part of its life, so that none ends on its way."""
ASSERTION_S = 180
"""Life of a signed assertion; Salesforce accepts at most three minutes."""
_ASSERTION_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SANDBOX_CLIENT = "sandbox"


@dataclass(frozen=True)
class _Token:
    value: str
    address: str | None
    renew_at: float


class TokenCredential(Checkable):
    """The credential of a connection whose provider declares a `TokenExchange`."""

    is_renewable = True

    def __init__(
        self,
        connection: str,
        provider: Provider,
        method: TokenExchange,
        *,
        settings: ConnectionSettings,
        clock: Clock,
        upstream: Callable[[], Upstream],
    ) -> None:
        self._connection, self._provider, self._method = connection, provider, method
        self._settings, self._clock = settings, clock
        self._upstream = upstream
        self._token: _Token | None = None
        self._fetching = asyncio.Lock()

    def __repr__(self) -> str:
        return f"TokenCredential({self._connection})"

    @property
    def address(self) -> str | None:
        """Where the provider wants further requests, once a token is there."""
        return self._token.address if self._token else None

    def check(self) -> str | None:
        """What is missing, if anything; raises `ConfigError` for an address of another environment."""
        settings = self._settings
        if settings.environment == "sandbox":
            return None
        if settings.base_url is None:
            return f"no base_url is configured ({self._provider.title} gives each account its own address)"
        belongs = self._method.environment_of(settings.base_url)
        if belongs != settings.environment and not _is_loopback(settings.base_url):
            raise ConfigError(
                f"the address belongs to {belongs}, the connection says environment: {settings.environment}",
                key=f"connections.{self._connection}.base_url",
                hint="change the environment or the address",
            )
        try:
            return self._missing(settings)
        except ConfigError as error:
            return error.message

    def _missing(self, settings: ConnectionSettings) -> str | None:
        if not settings.client_id:
            return "no client_id is configured"
        if settings.client_secret is not None:
            self._secret()
            return None
        if settings.private_key is None:
            return "neither client_secret nor private_key is configured"
        self._private_key()
        return None if settings.username else "no username is configured for the private key"

    async def header(self) -> str:
        """The value of the Authorization header; raises `NotConnected` when no token can be had."""
        async with self._fetching:
            if self._token is None or self._token.renew_at <= self._clock.monotonic():
                self._token = await self._fetch()
            return f"Bearer {self._token.value}"

    def forget(self, refused: str) -> None:
        """Fetch a new token next time, unless somebody has done so meanwhile."""
        if self._token is not None and refused == f"Bearer {self._token.value}":
            self._token = None

    async def _fetch(self) -> _Token:
        try:
            problem = self.check()
            form = None if problem else self._form()
        except ConfigError as error:
            problem, form = error.message, None
        if form is None:
            raise NotConnected(
                "not_connected",
                f"The connection {self._connection} has no usable credential: {problem}",
                hint=f"Set it and try again; `wirepost doctor` checks it. {self._method.help}",
                detail={"connection": self._connection},
            )
        client = _TokenClient(self._upstream(), Scope(self._clock.monotonic() + FETCH_S), self._method.help)
        ask = Ask(
            "POST",
            self._method.path,
            content=urlencode(form).encode(),
            content_type="application/x-www-form-urlencoded",
        )
        return self._token_in((await client.send(ask)).json())

    def _token_in(self, answer: Any) -> _Token:
        value = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(value, str) or not value:
            raise NotConnected(
                "not_connected",
                f"{self._provider.title} answered the token request of {self._connection} without a token",
                hint=self._method.help,
            )
        SECRETS.add(value)
        address = answer.get("instance_url")
        if not (isinstance(address, str) and (address.startswith("https://") or _is_loopback(address))):
            address = None
        life_s = float(answer.get("expires_in") or self._method.lifetime_s)
        return _Token(value, address, self._clock.monotonic() + life_s * EARLY)

    def _form(self) -> dict[str, str]:
        settings = self._settings
        if settings.environment == "sandbox":
            return _client_credentials(_SANDBOX_CLIENT, self._provider.sandbox.key)
        client_id = settings.client_id or ""
        if settings.client_secret is not None:
            return _client_credentials(client_id, self._secret())
        return {"grant_type": _ASSERTION_GRANT, "assertion": self._assertion(client_id)}

    def _assertion(self, client_id: str) -> str:
        from authlib.oauth2.rfc7523 import JWTBearerGrant  # it and what it needs take a while to load
        from joserfc.jwk import RSAKey

        try:
            signed: str = JWTBearerGrant.sign(
                RSAKey.import_key(self._private_key()),
                issuer=client_id,
                audience=self._method.audience(self._settings.base_url or ""),
                subject=self._settings.username,
                issued_at=int(self._clock.now().timestamp()),
                expires_in=ASSERTION_S,
                alg="RS256",
            )
        except (TypeError, ValueError):  # a key with a password is the former
            raise ConfigError(
                "the private key cannot be read", hint="it must be an RSA key in PEM form without a password"
            ) from None
        return signed

    def _secret(self) -> str:
        reference = self._settings.client_secret
        value = reference.resolve() if reference else ""
        SECRETS.add(value)
        return value

    def _private_key(self) -> str:
        reference = self._settings.private_key
        return reference.resolve(may_have_lines=True) if reference else ""


class _TokenClient(Client):
    """The token endpoint; `options` is what a person does when it refuses."""

    def error(self, ask: Ask, answer: Answer) -> CallError:
        """OAuth's error answers (RFC 6749, 5.2); anything else as usual."""
        try:
            said = answer.json()
        except ValueError:
            said = None
        if not isinstance(said, dict) or not isinstance(said.get("error"), str):
            return super().error(ask, answer)
        words = safe_words(str(said.get("error_description") or said["error"]))
        return NotConnected(
            "not_connected",
            f"{self.upstream.name} got no token: {words}",
            hint=str(self.options),
            provider_code=clean_line(said["error"], 60),
        )


def _client_credentials(client_id: str, secret: str) -> dict[str, str]:
    return {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}


def _is_loopback(address: str) -> bool:
    return urlsplit(address).hostname in {"localhost", "127.0.0.1", "::1"}
