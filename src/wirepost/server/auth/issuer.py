"""`Issuer`: the authorization server as it describes itself, and the keys with which it signs."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from wirepost.core.errors import CallError, Rejected
from wirepost.server.auth.verified import CannotTell
from wirepost.upstream.ask import Answer, Ask
from wirepost.upstream.client import Client
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream

if TYPE_CHECKING:
    from wirepost.core.clock import Clock

    Key: TypeAlias = RSAKey | ECKey | OKPKey

FETCH_S = 5.0
MAX_BODY = 256 * 1024
SHORTEST_S, LONGEST_S = 300.0, 86400.0
"""Bounds of how long keys are used before they are fetched again; the longer holds without success, too."""
AGAIN_S = 30.0
"""Between two fetches for a key that is not known, and after one that failed."""
LEAST_RSA_BITS = 2048
_BITS_PER_LETTER = 6
_KINDS: Mapping[str, type[Key]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_LIMITS = Limits(requests_per_s=100, burst=100, concurrency=20)
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Metadata:
    """What an authorization server says of itself (RFC 8414), as far as it is used here."""

    jwks_uri: str
    introspection_endpoint: str | None
    introspection_methods: tuple[str, ...]
    """How a client may show who it is there; empty: not said."""
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    token_methods: tuple[str, ...] = ()
    """How a client may show who it is at the token endpoint; empty: not said."""
    names_itself: bool = False
    """It says who it is where it sends a browser back (RFC 9207)."""


class Issuer:
    """One authorization server; its documents are fetched when they are needed, and kept for a while."""

    def __init__(self, name: str, clock: Clock, *, transport: Any = None) -> None:
        self.name, self._clock, self._transport = name, clock, transport
        self._origins: dict[str, Upstream] = {}
        self._metadata: Metadata | None = None
        self._keys: list[Key] = []
        self._fetched_at = self._due_at = self._forced_at = -LONGEST_S
        self._problem: str | None = None
        """Why the last fetch failed, if it did."""
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, kid: str | None) -> Key | None:
        """The public key of that id; raises `CannotTell` where the issuer must be asked and fails."""
        await self._refresh()
        found = self._find(kid)
        if found is None and not self._problem and self._clock.monotonic() - self._forced_at >= AGAIN_S:
            self._forced_at = self._clock.monotonic()
            await self._fetch_once()
            found = self._find(kid)
        if found is None and self._problem:
            raise CannotTell(self._problem, int(AGAIN_S))
        return found

    async def metadata(self) -> Metadata:
        """What it says of itself; raises `CannotTell`."""
        await self._refresh()
        if self._metadata is None:
            raise CannotTell(self._problem or "The issuer was not asked")
        return self._metadata

    async def post(self, url: str, form: Mapping[str, str], authorization: str = "") -> Answer:
        """Send a form to one of its addresses; raises `CallError`."""
        headers = {"Authorization": authorization} if authorization else {}
        content = urlencode(form).encode()
        return await self._send(url, content=content, content_type=_FORM, headers=headers)

    async def close(self) -> None:
        """Close all connections."""
        if self._fetching is not None:
            self._fetching.cancel()
        for upstream in self._origins.values():
            await upstream.close()

    async def _refresh(self) -> None:
        now = self._clock.monotonic()
        if now >= self._fetched_at + LONGEST_S:
            self._keys, self._metadata = [], None
        if self._metadata is None or now >= self._due_at:
            await self._fetch_once()

    async def _fetch_once(self) -> None:
        """Fetch; whoever comes meanwhile waits for the same answer, and whoever leaves does not end it."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch())
        await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        try:
            metadata = await self._read_metadata()
            answer = await self._send(metadata.jwks_uri)
            keys = _keys_in(answer.json())
        except (CallError, ValueError) as error:
            self._problem = f"The issuer {self.name} cannot be asked: {error}"
            self._due_at = self._clock.monotonic() + AGAIN_S
            log.warning("%s", self._problem)
        else:
            self._metadata, self._keys, self._problem = metadata, keys, None
            self._fetched_at = self._clock.monotonic()
            self._due_at = self._fetched_at + _lifetime(answer.headers.get("cache-control", ""))
        finally:
            self._fetching = None

    def _find(self, kid: str | None) -> Key | None:
        if kid is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.kid == kid), None)

    async def _read_metadata(self) -> Metadata:
        for url in _well_known(self.name):
            try:
                said = (await self._send(url)).json()
            except Rejected as error:
                if error.code != "not_found":
                    raise
                continue
            return _metadata_in(said, self.name)
        raise ValueError("it has no document that describes it")

    async def _send(self, url: str, **request: Any) -> Answer:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        upstream = self._origins.get(origin)
        if upstream is None:
            upstream = self._origins[origin] = Upstream(
                self.name,
                base_url=origin,
                credential=_no_credential,
                limits=_LIMITS,
                clock=self._clock,
                transport=self._transport,
                max_body=MAX_BODY,
                attempt_s=FETCH_S,
            )
        client = _Asking(upstream, Scope(self._clock.monotonic() + FETCH_S), None)
        method = "POST" if request else "GET"
        return await client.send(Ask(method, parts.path or "/", tuple(parse_qsl(parts.query)), **request))


class _Asking(Client):
    """The issuer's addresses; nothing about them is a vendor's own."""


_FORM = "application/x-www-form-urlencoded"


async def _no_credential() -> str:
    return ""


def _well_known(issuer: str) -> tuple[str, ...]:
    """Where its description may be: OpenID Connect Discovery, 4, and RFC 8414, 3.1 and 5."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    places = (
        f"{origin}{path}/.well-known/openid-configuration",
        f"{origin}/.well-known/oauth-authorization-server{path}",
        f"{origin}/.well-known/openid-configuration{path}",
    )
    return tuple(dict.fromkeys(places))


def _metadata_in(said: Any, issuer: str) -> Metadata:
    if not isinstance(said, dict) or said.get("issuer") != issuer:
        named = said.get("issuer") if isinstance(said, dict) else None
        raise ValueError(f"its description is about another issuer: {str(named)[:200]!r}")
    return Metadata(
        jwks_uri=_trusted(said.get("jwks_uri"), issuer),
        introspection_endpoint=_endpoint(said, "introspection_endpoint", issuer),
        introspection_methods=_words(said, "introspection_endpoint_auth_methods_supported"),
        authorization_endpoint=_endpoint(said, "authorization_endpoint", issuer),
        token_endpoint=_endpoint(said, "token_endpoint", issuer),
        token_methods=_words(said, "token_endpoint_auth_methods_supported"),
        names_itself=said.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(said: dict[str, Any], name: str, issuer: str) -> str | None:
    url = said.get(name)
    return None if url is None else _trusted(url, issuer)


def _words(said: dict[str, Any], name: str) -> tuple[str, ...]:
    listed = said.get(name)
    return tuple(map(str, listed)) if isinstance(listed, list) else ()


def _trusted(url: object, issuer: str) -> str:
    """An address on the issuer's word: by https, unless the issuer itself is on this machine."""
    parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
    own = urlsplit(issuer)
    is_local = own.scheme == "http" and (parts.scheme, parts.hostname) == ("http", own.hostname)
    if not isinstance(url, str) or not parts.hostname or not (parts.scheme == "https" or is_local):
        raise ValueError(f"it names an address that cannot be trusted: {str(url)[:200]!r}")
    return url


def _keys_in(said: Any) -> list[Key]:
    """The keys of a key set (RFC 7517, 5) that can check signatures; others are passed over."""
    listed = said.get("keys") if isinstance(said, dict) else None
    found = [_key(each) for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    keys = [key for key in found if key is not None]
    if not keys:
        raise ValueError("it publishes no key that signs")
    return keys


def _key(said: dict[str, Any]) -> Key | None:
    kind = _KINDS.get(str(said.get("kty")))
    if kind is None or said.get("use", "sig") != "sig" or "verify" not in said.get("key_ops", ("verify",)):
        return None
    if kind is RSAKey and len(str(said.get("n"))) * _BITS_PER_LETTER < LEAST_RSA_BITS:
        return None
    try:
        return kind.import_key(said)
    except (JoseError, ValueError, TypeError, KeyError):
        log.warning("the issuer publishes a key that cannot be read")
        return None


def _lifetime(cache_control: str) -> float:
    found = _MAX_AGE.search(cache_control)
    return min(max(float(found[1]) if found else 0.0, SHORTEST_S), LONGEST_S)
