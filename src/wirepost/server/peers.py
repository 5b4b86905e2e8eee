"""`Peers`: who sends a request, as far as the proxies can be believed that it came through."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from wirepost.events.admit import Peer

if TYPE_CHECKING:
    from starlette.types import Scope

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]
_FORWARDED = frozenset([b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"])


class Peers:
    """Reads `X-Forwarded-For`, `-Proto` and `-Host`, from proxies in these networks alone."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._trusted = [ipaddress.ip_network(each, strict=False) for each in trusted]

    def of(self, scope: Scope) -> Peer:
        """Who sends; an address that cannot be read stays as it is written."""
        client = scope.get("client")
        near = client[0] if client else ""
        is_secure = scope.get("scheme") == "https"
        if not self._trusted or not self._is_trusted(near):
            return _directly(near, is_secure=is_secure)
        given = _joined(scope["headers"])
        proto = given.get(b"x-forwarded-proto", "").rpartition(",")[2].strip().lower()
        return Peer(
            self._first_untrusted(near, given.get(b"x-forwarded-for", "")),
            is_secure=is_secure or proto in {"https", ""},  # a proxy that says nothing was set up to encrypt
            is_proxied=True,
        )

    def origin_of(self, scope: Scope, peer: Peer) -> str:
        """The scheme and host under which the sender knows this server."""
        host, scheme = "", str(scope.get("scheme", "http"))
        for name, value in scope["headers"]:
            if name == b"host":
                host = value.decode("latin-1")
        if peer.is_proxied:
            given = _joined(scope["headers"])
            host = given.get(b"x-forwarded-host", host).rpartition(",")[2].strip()
            scheme = given.get(b"x-forwarded-proto", scheme).rpartition(",")[2].strip()
        return f"{scheme}://{host}"

    def _first_untrusted(self, near: str, forwarded: str) -> str:
        """From the right: what a proxy of ours has added is true, what stood there before is hearsay."""
        address = near
        for entry in reversed(forwarded.split(",")):
            written = entry.strip()
            if not written:
                continue
            found = _parse(_without_port(written))
            if found is None:
                return written  # hidden or made up: whoever it is, it is nobody we trust
            address = str(found)
            if not self._is_trusted(address):
                return address
        return address

    def _is_trusted(self, address: str) -> bool:
        found = _parse(address)
        return found is not None and any(found in network for network in self._trusted)


def _joined(headers: RawHeaders) -> dict[bytes, str]:
    """Headers of proxies; of several lines all, in their order, as they mean one list."""
    found: dict[bytes, str] = {}
    for name, value in headers:
        if name in _FORWARDED:
            text = value.decode("latin-1")
            found[name] = f"{found[name]},{text}" if name in found else text
    return found


@lru_cache(maxsize=4096)
def _parse(text: str) -> Address | None:
    """The address; one of IPv4 that is written as IPv6 is one of IPv4."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _without_port(entry: str) -> str:
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry


@lru_cache(maxsize=4096)
def _directly(near: str, *, is_secure: bool) -> Peer:
    """Whoever is connected here, without a proxy that is trusted; nobody listens within this machine."""
    found = _parse(near)
    return Peer(near, is_secure) if found is None else Peer(str(found), is_secure or found.is_loopback)
