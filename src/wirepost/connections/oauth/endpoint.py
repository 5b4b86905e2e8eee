"""`TokenEndpoint`: codes, devices and refresh tokens become access tokens; tokens are given back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import orjson

from wirepost.connections.accounts import MAIN, Tokens
from wirepost.connections.oauth import reply
from wirepost.connections.oauth.identity import Identity, nothing
from wirepost.connections.oauth.method import origin_of
from wirepost.connections.oauth.reply import Granted, TokenRefused
from wirepost.core.errors import CallError, OutcomeUnknown, Unavailable
from wirepost.core.redact import SECRETS
from wirepost.upstream.ask import Answer, Ask
from wirepost.upstream.client import Client
from wirepost.upstream.scope import Scope

if TYPE_CHECKING:
    from wirepost.contracts.auth import OAuth2, Revocation
    from wirepost.core.clock import Clock
    from wirepost.upstream.upstream import Upstream

__all__ = ["DeviceCode", "Granted", "Identity", "TokenEndpoint", "TokenRefused"]

EXCHANGE_S = 30.0
"""So long a token may take, with all that is repeated."""
DEVICE_S, POLL_S = 600.0, 5.0
"""Life of a device's code and time between two questions where the server tells none (RFC 8628 §3.2)."""
_BY_ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ROTATION_LOST = "rotation_lost"
"""Code of a refusal behind a refresh whose answer was lost: the token in it is gone."""


@dataclass(frozen=True)
class DeviceCode:
    """A consent that waits for a person on another device (RFC 8628 §3.2)."""

    device_code: str = field(repr=False)
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    expires_in_s: float
    interval_s: float


class TokenEndpoint:
    """The endpoints of one authorization server, asked as one client. Everything raises `TokenRefused`.

    A request whose answer is lost is repeated only where that is harmless: a code and a rotated refresh
    token are good for one use.
    """

    def __init__(self, method: OAuth2, identity: Identity, upstream: Upstream, clock: Clock) -> None:
        self.method, self.identity = method, identity
        self._upstream, self._clock = upstream, clock

    def __repr__(self) -> str:
        return f"TokenEndpoint({self.method.token_url})"

    async def exchange_code(
        self, code: str, redirect_uri: str, verifier: str | None = None
    ) -> dict[str, Granted]:
        """The tokens of a consent, by part."""
        fields = {"code": code, "redirect_uri": redirect_uri}
        if verifier is not None:
            fields["code_verifier"] = verifier
        asked_at = self._now()
        answer = await self._ask_token("authorization_code", {**fields, **self.method.token_extra})
        return reply.granted_in(self.method, answer, asked_at, self._upstream.rng)

    async def refresh(self, refresh_token: str, part: str = MAIN) -> Granted:
        """New tokens for one part; a refresh token is among them only where the old one is replaced.

        A refusal without words is asked for once more, and so is an answer that was lost; what is refused
        behind a lost answer was rotated away (`rotation_lost`).
        """
        try:
            return await self._refresh(refresh_token, part)
        except TokenRefused as first:
            if not (first.is_lost or first.kind == "bare"):
                raise
            try:
                return await self._refresh(refresh_token, part)
            except TokenRefused as second:
                if first.is_lost and second.kind in {"reauth", "bare"}:
                    raise _again("reauth", ROTATION_LOST, second) from None
                if second.kind == "bare":
                    raise _again("reauth", second.code, second) from None
                raise

    async def client_credentials(self, scopes: Collection[str] = ()) -> Granted:
        """A token of the client itself (RFC 6749 §4.4)."""
        fields = self._scopes(scopes)
        asked_at = self._now()
        answer = await self._ask_token("client_credentials", fields, may_repeat=True)
        return reply.refreshed_in(self.method, answer, MAIN, asked_at, self._upstream.rng)

    async def exchange_assertion(self, assertion: str, scopes: Collection[str] = ()) -> Granted:
        """A token in the name of whom a signed assertion is about (RFC 7523 §2.1)."""
        asked_at = self._now()
        answer = await self._ask_token(_BY_ASSERTION, {"assertion": assertion, **self._scopes(scopes)})
        return reply.refreshed_in(self.method, answer, MAIN, asked_at, self._upstream.rng)

    async def start_device(self, scopes: Collection[str] = ()) -> DeviceCode:
        """A code for a person to type on another device; raises `ValueError` where there is no such flow."""
        if self.method.device_url is None:
            raise ValueError("this provider has no consent on another device")
        fields = {**self.method.device_start, **self._scopes(scopes)}
        said = (await self._post(self.method.device_url, fields, may_repeat=True)).json()
        try:
            return _device_code(said)
        except (KeyError, TypeError, ValueError):
            raise TokenRefused("bad_success", "no_code", "the answer holds no code for a device") from None

    async def poll_device(self, code: DeviceCode) -> dict[str, Granted] | None:
        """The tokens once the person has consented, `None` before; `slow_down` is a refusal to `retry`."""
        asked_at = self._now()
        fields = {self.method.device_parameter: code.device_code}
        try:
            answer = await self._ask_token(self.method.device_grant, fields)
        except TokenRefused as refused:
            if refused.code == "authorization_pending":
                return None
            if refused.code == "slow_down":
                raise _again("retry", refused.code, refused) from None
            if refused.code in {"access_denied", "expired_token"}:
                raise _again("reauth", refused.code, refused) from None
            raise
        return reply.granted_in(self.method, answer, asked_at, self._upstream.rng)

    async def revoke(self, tokens: Tokens, account_key: str | None = None) -> None:
        """Give the tokens back, the refresh token first (RFC 7009); returns once they are good for nothing.

        Does nothing where the provider has no way to do so.
        """
        revocation = self.method.revocation
        if revocation is None:
            return
        # Only RFC 7009 knows of refresh tokens; elsewhere the access token stands for the whole grant.
        if revocation.parameter == "token" and tokens.refresh:
            await self._revoke(revocation, tokens.refresh, account_key)
        await self._revoke(revocation, tokens.access, account_key)

    async def _refresh(self, refresh_token: str, part: str) -> Granted:
        method = self.method
        fields = {"refresh_token": refresh_token}
        asked_at = self._now()
        answer = await self._ask_token(
            "refresh_token",
            fields,
            url=method.refresh_url,
            may_repeat=method.has_reuse_grace or not method.rotates,
        )
        return reply.refreshed_in(method, answer, part, asked_at, self._upstream.rng)

    async def _ask_token(
        self, grant: str, fields: Mapping[str, str], *, url: str | None = None, may_repeat: bool = False
    ) -> Answer:
        fields = {"grant_type": grant, **fields}
        return await self._post(url or self.method.token_url, fields, may_repeat=may_repeat)

    async def _post(self, url: str, fields: Mapping[str, str], *, may_repeat: bool) -> Answer:
        try:
            return await self._post_once(url, fields, may_repeat=may_repeat)
        except TokenRefused as refused:
            if refused.kind != "config" or not await self.identity.has_new_secret():
                raise
            return await self._post_once(url, fields, may_repeat=may_repeat)

    async def _post_once(self, url: str, fields: Mapping[str, str], *, may_repeat: bool) -> Answer:
        extra, headers = await self.identity.shown(self.method, self._clock)
        content, content_type = _encoded({**fields, **extra}, self.method.body)
        ask = Ask(
            "POST",
            urlsplit(url).path or "/",
            query=tuple(parse_qsl(urlsplit(url).query)),
            content=content,
            content_type=content_type,
            headers=headers,
            is_write=not may_repeat,
            origin=origin_of(url),
        )
        answer = await self._send(ask, _TokenClient)
        refused = reply.refusal_in(self.method, answer, self._clock.now())
        if refused:
            raise refused
        return answer

    async def _send(self, ask: Ask, kind: type[_Endpoint]) -> Answer:
        scope = Scope(self._clock.monotonic() + EXCHANGE_S, before_write=nothing)
        try:
            return await kind(self._upstream, scope, self.method).send(ask)
        except CallError as error:
            raise TokenRefused(
                "retry",
                error.provider_code or error.code,
                error.message,
                status=error.last_status,
                retry_after_s=error.retry_after_s and min(error.retry_after_s, reply.LONGEST_WAIT_S),
                is_lost=isinstance(error, OutcomeUnknown),
            ) from None

    async def _revoke(self, revocation: Revocation, token: str, account_key: str | None) -> None:
        known = {"{client_id}": self.identity.client_id, "{account}": account_key or ""}
        fields = {name: _filled(value, known) for name, value in revocation.parameters.items()}
        headers: dict[str, str] = {}
        if revocation.parameter:
            fields[revocation.parameter] = token
        if revocation.authenticates == "client":
            extra, headers = await self.identity.shown(self.method, self._clock)
            fields |= extra
        elif revocation.authenticates == "basic":
            headers = await self.identity.basic(self.method)
        elif not revocation.parameter:
            headers = {self.method.header: self.method.form.format(token)}
        is_query = revocation.method == "GET" or not fields
        content, content_type = (None, None) if is_query else _encoded(fields, revocation.body)
        parts = urlsplit(_filled(revocation.url, {name: quote(value) for name, value in known.items()}))
        ask = Ask(
            revocation.method,
            parts.path or "/",
            query=(*parse_qsl(parts.query), *(fields.items() if is_query else ())),
            content=content,
            content_type=content_type,
            headers=headers,
            origin=origin_of(revocation.url),
        )
        answer = await self._send(ask, _Endpoint)
        refused = reply.refusal_in(self.method, answer, self._clock.now())
        if refused and not _is_gone(revocation, answer, refused):
            raise refused

    def _scopes(self, scopes: Collection[str]) -> dict[str, str]:
        wanted = self.method.scope_separator.join(scopes)
        return {self.method.scope_parameter: wanted} if wanted else {}

    def _now(self) -> float:
        return self._clock.now().timestamp()


class _Endpoint(Client):
    """An endpoint of an authorization server; `options` is the method. Refusals are answers here."""

    answers_json = False

    def knows_origin(self, origin: str) -> bool:
        """The addresses of the method, and no other."""
        method: OAuth2 = self.options
        urls = [method.token_url, method.refresh_url, method.device_url]
        urls.append(method.revocation.url if method.revocation else None)
        return origin in {origin_of(url) for url in urls if url}

    def refusal(self, ask: Ask, answer: Answer) -> CallError | None:
        """Only what passes: an outage or a limit."""
        status = answer.status
        is_passing = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in reply.TRANSIENT
        return self.error(ask, answer) if is_passing else None


class _TokenClient(_Endpoint):
    """The token endpoint: a success without JSON, or with a word for an outage, passes too."""

    def refusal(self, ask: Ask, answer: Answer) -> CallError | None:
        """What may be different the next time."""
        refused = reply.refusal_in(self.options, answer, self.upstream.clock.now())
        if refused is None or refused.kind != "retry":
            return None
        if not answer.is_success and answer.status != HTTPStatus.TOO_EARLY:
            error = self.error(ask, answer)
        elif ask.is_write:
            error = OutcomeUnknown("outcome_unknown", refused.words)
        else:
            error = Unavailable("upstream_unavailable", refused.words)
        error.provider_code = refused.code
        return error

    def may_retry(self, ask: Ask, answer: Answer) -> bool | None:
        """Everything that gets so far passes."""
        del ask, answer
        return True


def _again(kind: reply.Kind, code: str, refused: TokenRefused) -> TokenRefused:
    return TokenRefused(kind, code, refused.words, status=refused.status, retry_after_s=refused.retry_after_s)


def _encoded(fields: Mapping[str, str], form: str) -> tuple[bytes, str]:
    if form == "json":
        return orjson.dumps(dict(fields)), "application/json"
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def _filled(text: str, known: Mapping[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(name, value)
    return text


def _device_code(said: Any) -> DeviceCode:
    code, complete = said["device_code"], said.get("verification_uri_complete")
    SECRETS.add(code)
    return DeviceCode(
        device_code=code,
        user_code=str(said["user_code"]),
        verification_uri=str(said.get("verification_uri") or said["verification_url"]),  # Google: the latter
        verification_uri_complete=str(complete) if complete else None,
        expires_in_s=float(said.get("expires_in") or DEVICE_S),
        interval_s=float(said.get("interval") or POLL_S),
    )


def _is_gone(revocation: Revocation, answer: Answer, refused: TokenRefused) -> bool:
    """Whether a refusal says that there is nothing (more) to give back."""
    return (
        (answer.is_success and refused.code == f"http_{answer.status}")  # any body, or none
        or refused.kind == "reauth"
        or refused.code in {"invalid_token", "unsupported_token_type"}
        or (revocation.authenticates == "token" and answer.status == HTTPStatus.UNAUTHORIZED)
        or (revocation.method == "DELETE" and answer.status == HTTPStatus.NOT_FOUND)
    )
