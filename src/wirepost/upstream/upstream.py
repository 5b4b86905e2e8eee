"""`Upstream`: the HTTP side of one connection, open for the life of the process."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from random import Random, SystemRandom
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import quote, urlencode

import httpx2

from wirepost.core.errors import NotConnected
from wirepost.core.redact import SECRETS
from wirepost.upstream.ask import Ask, Lost
from wirepost.upstream.breaker import Breaker
from wirepost.upstream.cache import Cache
from wirepost.upstream.limits import Limiter, Limits
from wirepost.upstream.stream import Unread
from wirepost.upstream.tls import context_for, is_untrusted

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.upstream.breaker import Admission
    from wirepost.upstream.sigv4 import Signable
    from wirepost.upstream.tls import ClientCertificate

ATTEMPT_S = 20.0
"""How long one request may take."""
CONNECT_S = 5.0
POOL_WAIT_S = 5.0
KEEP_ALIVE_S = 30.0
MAX_BODY = 8 * 1024 * 1024

_NEVER_LEFT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)
"""What the client raises before it has written a byte of the request."""


class Reply(NamedTuple):
    """An answer as it came: header names in lower case, body decoded."""

    status: int
    headers: dict[str, str]
    body: bytes
    unread: Unread | None = None
    """In place of the body, which is still on its way; whoever gets it closes it."""


class Upstream:
    """Address, credential, limits and open connections of one account at a provider."""

    def __init__(
        self,
        name: str,
        *,
        base_url: str | Callable[[], str],
        credential: Callable[[], Awaitable[str]],
        credential_header: str = "Authorization",
        user_credential: Callable[[], Awaitable[str]] | None = None,
        forget_credential: Callable[[str], None] = lambda _: None,
        is_renewable: bool = False,
        limits: Limits,
        clock: Clock,
        transport: httpx2.AsyncBaseTransport | None = None,
        certificate: ClientCertificate | None = None,
        sign: Callable[[Signable], Awaitable[Mapping[str, str]]] | None = None,
        rng: Random | None = None,
        max_body: int = MAX_BODY,
        attempt_s: float = ATTEMPT_S,
    ) -> None:
        self.name, self.clock, self.attempt_s = name, clock, attempt_s
        self.forget_credential = forget_credential
        self.rng = rng or SystemRandom()
        self.limiter = Limiter(limits, clock)
        self.breaker = Breaker(
            clock, failures_to_open=limits.failures_to_open, cool_down_s=limits.cool_down_s
        )
        self.cache = Cache(clock)
        """Slow and lasting answers of this connection."""
        self.is_renewable = is_renewable
        """Whether asking for the credential again after a refusal may bring a new one."""
        self.said_at: tuple[str, datetime] | None = None
        """The `Date` of the last answer, and when it came by our clock."""
        self.credential_header = credential_header
        """Where a credential stands in a request; all but a few vendors use the standard's."""
        self._base_url = base_url
        self._credential, self._user_credential, self._transport = credential, user_credential, transport
        self._concurrency, self._max_body = limits.concurrency, max_body
        self._certificate, self._sign = certificate, sign
        self._http: httpx2.AsyncClient | None = None
        self._shown: ssl.SSLContext | None = None
        """With the certificate that the open connections were made with."""
        self._retired: list[httpx2.AsyncClient] = []
        """Of earlier certificates: no new request goes over their connections."""

    def __repr__(self) -> str:
        return f"Upstream({self.name})"

    @property
    def address(self) -> str:
        """The base address; where a token exchange gives it, only right after the authorization."""
        base_url = self._base_url if isinstance(self._base_url, str) else self._base_url()
        return base_url.rstrip("/")

    async def authorization(self, *, as_user: bool = False) -> str:
        """The value of the credential's header; from now on it is redacted in all that is said.

        Raises `NotConnected` where the credential is missing or none.
        """
        credential = self._user_credential if as_user else self._credential
        if credential is None:
            raise NotConnected(
                "not_connected",
                f"The connection {self.name} has no key that acts as a user",
                hint="An operator adds it as `user_key` of the connection",
                detail={"connection": self.name},
            )
        value = await credential()
        if not (value.isascii() and value.isprintable()):
            raise NotConnected(
                "not_connected",
                f"The credential of {self.name} contains characters that no credential has",
                hint="Look for line breaks or quotation marks that were copied with it",
            )
        SECRETS.add(value.rpartition(" ")[2])
        return value

    def turn(self, *, interactive: bool, latest: float, quota: str | None = None) -> Turn:
        """A place for one request, as an async context; raises `Unavailable` when none comes by `latest`."""
        limiters = [self.limiter] if quota is None else [self.limiter.limiter_of(quota), self.limiter]
        return Turn(limiters, self.breaker, interactive=interactive, latest=latest)

    def pause(self, seconds: float | None, quota: str | None) -> None:
        """The provider refused for the rate: let that kind of request wait (see `Limiter.pause`)."""
        (self.limiter if quota is None else self.limiter.limiter_of(quota)).pause(seconds)

    async def exchange(
        self, ask: Ask, headers: Mapping[str, str], timeout_s: float, *, is_streamed: bool = False
    ) -> Reply:
        """Send one request and read its whole answer, or of a success that is streamed its head.

        Raises `Lost` when that fails for any reason.
        """
        http = await self._open() if self._http is None or self._certificate else self._http
        request = httpx2.Request(
            ask.method,
            self._url(ask),
            headers=headers,
            content=ask.content,
            extensions={"timeout": _timeouts(timeout_s)},
        )
        if self._sign is not None:
            request.headers.update(await self._sign(_signable(request, ask)))
        try:
            # The client's own time limits are per read; a drip of single bytes would never end.
            async with asyncio.timeout(timeout_s):
                response = await http.send(request, stream=True)
                if is_streamed and response.is_success:
                    return Reply(response.status_code, dict(response.headers), b"", Unread(response))
                try:
                    return Reply(response.status_code, dict(response.headers), await self._read(response))
                finally:
                    await response.aclose()
        except _NEVER_LEFT as error:
            # The cause is dropped here and below: the client's messages may quote headers.
            raise Lost("untrusted" if is_untrusted(error) else "unreachable", is_sent=False) from None
        except (TimeoutError, httpx2.TimeoutException):
            raise Lost("timeout", is_sent=True) from None
        except httpx2.RequestError:
            raise Lost("cut", is_sent=True) from None

    async def close(self) -> None:
        """Close all connections."""
        self.limiter.close()
        for http in (*self._retired, self._http):
            if http is not None:
                await http.aclose()

    async def _read(self, response: httpx2.Response) -> bytes:
        announced = response.headers.get("content-length", "")
        has_body = response.request.method != "HEAD"  # which tells the size of what it does not bring
        if has_body and announced.isdecimal() and int(announced) > self._max_body:
            raise Lost("too_large", is_sent=True)
        parts: list[bytes] = []
        size = 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > self._max_body:
                raise Lost("too_large", is_sent=True)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _url(self, ask: Ask) -> str:
        url = (self.address if ask.origin is None else ask.origin) + ask.path
        return f"{url}?{urlencode(ask.query, quote_via=quote)}" if ask.query else url

    async def _open(self) -> httpx2.AsyncClient:
        context = await self._context()
        if self._http is not None and context is not self._shown:
            self._retired.append(self._http)
            self._http = None
        if self._http is None:
            self._shown = context
            silence_request_log()
            self._http = httpx2.AsyncClient(
                transport=self._transport,
                verify=True if context is None else context,
                http2=False,
                follow_redirects=False,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                limits=httpx2.Limits(
                    max_connections=self._concurrency,
                    max_keepalive_connections=self._concurrency,
                    keepalive_expiry=KEEP_ALIVE_S,
                ),
            )
        return self._http

    async def _context(self) -> ssl.SSLContext | None:
        """What TLS connections are made with; the same for as long as nothing about it changes."""
        if self._certificate is not None:
            return await self._certificate.context()
        if self._shown is None and self._transport is None:
            return await context_for(self.address)
        return self._shown


class Turn:
    """One request's way through circuit breaker and limiter; `is_healthy` tells the breaker how it went."""

    def __init__(
        self, limiters: Sequence[Limiter], breaker: Breaker, *, interactive: bool, latest: float
    ) -> None:
        self._limiters, self._breaker = limiters, breaker
        self._entered: list[Limiter] = []
        self._interactive, self._latest = interactive, latest
        self._admission: Admission
        self._is_kept = False
        self.is_healthy: bool | None = None

    def kept(self) -> Self:
        """Itself, which goes on when this context ends: whoever takes it over ends it."""
        self._is_kept = True
        return self

    async def __aenter__(self) -> Self:
        self._admission = self._breaker.admit()
        try:
            for limiter in self._limiters:
                await limiter.enter(interactive=self._interactive, latest=self._latest)
                self._entered.append(limiter)
        except BaseException:
            self._leave()
            self._breaker.abandoned(self._admission)
            raise
        return self

    def _leave(self) -> None:
        for limiter in self._entered:
            limiter.leave(interactive=self._interactive)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_kept:
            self._is_kept = False
            return
        self._leave()
        if self.is_healthy is None:
            self._breaker.abandoned(self._admission)
        elif self.is_healthy:
            self._breaker.succeeded(self._admission)
        else:
            self._breaker.failed(self._admission)


def _signable(request: httpx2.Request, ask: Ask) -> Signable:
    """The request as it goes over the wire; of its headers only the type of the content is signed."""
    from wirepost.upstream.sigv4 import Signable

    content_type = {} if ask.content_type is None else {"Content-Type": ask.content_type}
    address = str(request.url.copy_with(query=None))
    return Signable(ask.method, address, ask.query, content_type, ask.content or b"", ask.signed_for)


def _timeouts(attempt_s: float) -> dict[str, float]:
    return {
        "connect": min(CONNECT_S, attempt_s),
        "pool": min(POOL_WAIT_S, attempt_s),
        "read": attempt_s,
        "write": attempt_s,
    }


def silence_request_log() -> None:
    """The client logs each address with its query, and at debug level each header: both may hold secrets."""
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
