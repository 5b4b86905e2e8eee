"""`Admission`: what is asked of a request before its body is read, and what those hear that do not get in."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, TypeAlias

import orjson

from wirepost.events.rates import Buckets
from wirepost.webhooks.incoming import Reply

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.events.endpoints import Endpoint

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Published = Callable[[str], Sequence[Network]]
"""Name of a published list → the networks in it."""
JSON = "application/json"
_IPV6_SITE = 64
"""Bits of an address that one household or server has for itself."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who sends, as far as the connection tells."""

    address: str
    """Behind the proxies that are trusted."""
    is_secure: bool
    """Whether nobody on the way could read or change it: encrypted, or within this machine."""
    is_proxied: bool = False
    """Whether it came through a proxy that is trusted."""


def answer(status: int, said: dict[str, object], **headers: str) -> Reply:
    """A short answer in JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, orjson.dumps(said), JSON, named)


UNKNOWN = answer(404, {"status": "unknown"})
TOO_LARGE = answer(413, {"status": "refused", "check": "too_large"}, Connection="close")
NOT_ALLOWED = answer(403, {"status": "refused", "check": "address"})
NOT_ENCRYPTED = answer(403, {"status": "refused", "check": "plain_http"})
NO_CERTIFICATE = answer(403, {"status": "refused", "check": "client_certificate"})
PAUSED = answer(202, {"status": "paused"})


def too_many(wait_s: float) -> Reply:
    """Whoever gets this may come again after so many seconds."""
    return answer(429, {"status": "refused", "check": "rate"}, Retry_After=str(max(1, ceil(wait_s))))


def wrong_method(methods: frozenset[str]) -> Reply:
    """The methods that are taken."""
    return answer(405, {"status": "refused", "check": "method"}, Allow=", ".join(sorted(methods)))


@lru_cache(maxsize=4096)
def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


@lru_cache(maxsize=1024)
def _networks(named: str) -> Network:
    return ipaddress.ip_network(named)


class Admission:
    """Counts who comes, and knows who may."""

    def __init__(self, clock: Clock, published: Published = lambda _: ()) -> None:
        self._clock, self._published = clock, published
        self._before: dict[Endpoint, Buckets] = {}
        self._after: dict[Endpoint, Buckets] = {}

    def refuse(self, endpoint: Endpoint, method: str, length: str | None, peer: Peer) -> Reply | None:
        """Why this request does not get in, by what is known of it without its body."""
        if method not in endpoint.webhook.methods:
            return wrong_method(endpoint.webhook.methods)
        if length is not None and _exceeds(length, endpoint.settings.max_bytes):
            return TOO_LARGE
        if not peer.is_secure:
            return NOT_ENCRYPTED
        if endpoint.settings.allow_from and not self._is_allowed(endpoint, peer.address):
            return NOT_ALLOWED
        wait_s = self._wait_s(endpoint, peer.address)
        return too_many(wait_s) if wait_s else None

    def refuse_certificate(self, endpoint: Endpoint, named: str | None, peer: Peer) -> Reply | None:
        """Why the certificate that a proxy names is not enough; only a trusted proxy can name one."""
        wanted = endpoint.settings.fingerprints
        if not wanted:
            return None
        given = _fingerprint(named or "") if peer.is_proxied else ""
        fits = [hmac.compare_digest(given.encode(), _fingerprint(each).encode()) for each in wanted]
        return None if given and any(fits) else NO_CERTIFICATE

    def refuse_genuine(self, endpoint: Endpoint) -> Reply | None:
        """Whether even this genuine request is one too many."""
        buckets = self._after.get(endpoint)
        if buckets is None:
            buckets = self._after[endpoint] = Buckets(endpoint.settings.per_endpoint_s)
        wait_s = buckets.take(None, self._clock.monotonic())
        return too_many(wait_s) if wait_s else None

    def _wait_s(self, endpoint: Endpoint, address: str) -> float:
        buckets = self._before.get(endpoint)
        if buckets is None:
            buckets = self._before[endpoint] = Buckets(endpoint.settings.per_address_s)
        key = _site(address)
        if key is None and "per_address_s" not in endpoint.settings.model_fields_set:
            return 0.0  # this machine itself, or a proxy on it that stands for everybody
        return buckets.take(key, self._clock.monotonic())

    def _is_allowed(self, endpoint: Endpoint, address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(
            parsed in network
            for named in endpoint.settings.allow_from
            for network in (self._listed(endpoint) if named == "published" else (_networks(named),))
        )

    def _listed(self, endpoint: Endpoint) -> Sequence[Network]:
        return self._published(endpoint.webhook.addresses or "")


@lru_cache(maxsize=4096)
def _site(address: str) -> str | None:
    """What is counted together: an address, or a network where one sender has many; `None`: this machine."""
    parsed = _parsed(address)
    if parsed is None:
        return address[:100] or None
    if parsed.is_loopback:
        return None
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, _IPV6_SITE), strict=False))
    return str(parsed)


def _exceeds(length: str, limit: int) -> bool:
    """Whether a Content-Length is too much; what is no number is too much as well."""
    return not (length.isascii() and length.isdigit()) or len(length) > 15 or int(length) > limit  # noqa: PLR2004 - a petabyte


def _fingerprint(text: str) -> str:
    return text.replace(":", "").strip().lower()
