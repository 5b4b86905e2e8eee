"""`TokenCredential`: an access token fetched without a browser, renewed when it ends or is refused."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from wirepost.connections.credentials import missing_address
from wirepost.connections.fetched import FetchedCredential, FetchedToken
from wirepost.connections.oauth.assertion import signed
from wirepost.connections.oauth.endpoint import TokenEndpoint, TokenRefused
from wirepost.connections.oauth.identity import Identity
from wirepost.connections.oauth.method import is_loopback
from wirepost.contracts.auth import ANY, OAuth2, TokenExchange
from wirepost.core.errors import CallError, ConfigError, NotConnected, Unavailable

if TYPE_CHECKING:
    from wirepost.connections.oauth.endpoint import Granted

EARLY = 0.9
"""A token is renewed after this part of its life, so that none ends on its way."""
_SANDBOX_CLIENT = "sandbox"


class TokenCredential(FetchedCredential[TokenExchange]):
    """The credential of a connection whose provider declares a `TokenExchange`."""

    def check(self) -> str | None:
        """What is missing, if anything; raises `ConfigError` for an address of another environment."""
        settings = self._settings
        if settings.environment == "sandbox":
            return None
        problem = missing_address(self._provider, settings)
        if problem:
            return problem
        if settings.base_url is not None:
            self._check_environment(settings.base_url)
        try:
            return self._missing()
        except ConfigError as error:
            return error.message

    def _check_environment(self, address: str) -> None:
        belongs = self._method.environment_of(address)
        if belongs not in {self._settings.environment, ANY} and not is_loopback(address):
            raise ConfigError(
                f"the address belongs to {belongs}, the connection says environment: "
                f"{self._settings.environment}",
                key=f"connections.{self._connection}.base_url",
                hint="change the environment or the address",
            )

    def _missing(self) -> str | None:
        settings = self._settings
        if not (self._method.path or self._method.url or settings.oauth.token_url):
            return "no oauth.token_url is configured"
        if not settings.client_id:
            return "no client_id is configured"
        if settings.client_secret is not None:
            settings.client_secret.peek()
            return None
        if settings.private_key is not None:
            settings.private_key.peek(may_have_lines=True)
            has_name = self._subject or self._shows_key or self._method.own_claims is not None
            return None if has_name else "no username is configured for the private key"
        is_public = settings.oauth.client_auth == "none"
        return None if is_public else "neither client_secret nor private_key is configured"

    def _kept(self, granted: Granted) -> FetchedToken:
        now = self._clock.now().timestamp()
        life_s = self._method.lifetime_s if granted.expires_at is None else granted.expires_at - now
        header = self._method.form.format(granted.tokens.access)
        return FetchedToken(header, self._clock.monotonic() + life_s * EARLY, granted.address)

    async def _fetch(self) -> FetchedToken:
        try:
            problem = self.check()
            if problem is None:
                return self._kept(await self._ask())
        except ConfigError as error:
            problem = error.message
        except TokenRefused as refused:
            raise self._refused(refused) from None
        raise NotConnected(
            "not_connected",
            f"The connection {self._connection} has no usable credential: {problem}",
            hint=f"Set it and try again; `wirepost doctor` checks it. {self._method.help}",
            detail={"connection": self._connection},
        )

    async def _ask(self) -> Granted:
        upstream, scopes = self._upstream(), self._settings.scopes or ()
        method = self._oauth(upstream.address)
        if not self._is_asserted:
            identity = Identity(self._client_id, self._secret, self._private_key, self._forget_secret)
            return await TokenEndpoint(method, identity, upstream, self._clock).client_credentials(scopes)
        endpoint = TokenEndpoint(replace(method, client_auth="none"), Identity(""), upstream, self._clock)
        return await endpoint.exchange_assertion(await self._assertion(), scopes)

    async def _assertion(self) -> str:
        settings, subject = self._settings, self._subject
        audience = settings.oauth.audience or settings.oauth.token_url
        claims = {
            "iss": self._client_id,
            **({} if subject is None else {"sub": subject}),
            "aud": audience or self._method.audience(settings.base_url or ""),
            **(self._method.own_claims or {}),
        }
        return signed(await self._private_key() or "", claims, self._clock)

    def _oauth(self, address: str) -> OAuth2:
        """The same endpoint in the words of OAuth 2, which it is."""
        settings, method = self._settings.oauth, self._method
        return OAuth2(
            authorize_url="",
            token_url=settings.token_url or self._own_url or f"{address}{method.path}",
            help=method.help,
            client_auth=settings.client_auth or "post",
            issuer=settings.audience or settings.issuer,
            scope_separator=settings.scope_separator or " ",
            address_at="instance_url",
            lifetime_s=settings.lifetime_s or method.lifetime_s,
        )

    @property
    def _own_url(self) -> str | None:
        return None if self._settings.environment == "sandbox" else self._method.url

    @property
    def _is_asserted(self) -> bool:
        """Whether a token is asked for by an assertion, in a user's name or the client's own."""
        is_own = self._method.own_claims is not None and self._settings.private_key is not None
        return self._subject is not None or is_own

    @property
    def _shows_key(self) -> bool:
        return self._settings.oauth.client_auth == "private_key_jwt"

    @property
    def _subject(self) -> str | None:
        """In whose name a token is asked for, where that is not the client's own."""
        has_secret = self._settings.client_secret is not None
        return None if has_secret or self._shows_key else self._settings.username

    @property
    def _client_id(self) -> str:
        is_sandbox = self._settings.environment == "sandbox"
        return _SANDBOX_CLIENT if is_sandbox else self._settings.client_id or ""

    async def _secret(self) -> str | None:
        if self._settings.environment == "sandbox":
            return self._provider.sandbox.key
        reference = self._settings.client_secret
        return await self._secrets.resolve(reference) if reference else None

    def _forget_secret(self, refused: str) -> None:
        if self._settings.client_secret is not None:
            self._secrets.forget(self._settings.client_secret, refused)

    async def _private_key(self) -> str | None:
        reference = self._settings.private_key
        return await self._secrets.resolve(reference, may_have_lines=True) if reference else None

    def _refused(self, refused: TokenRefused) -> CallError:
        if refused.kind == "retry":
            code = (
                "rate_limited" if refused.status == HTTPStatus.TOO_MANY_REQUESTS else "upstream_unavailable"
            )
            return Unavailable(code, refused.words, retry_after_s=refused.retry_after_s)
        return NotConnected(
            "not_connected",
            f"{self._connection} got no token: {refused.words}",
            hint=self._method.help,
            provider_code=refused.code,
        )
