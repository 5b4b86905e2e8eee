"""`Poster`: requests to addresses that others gave, which must not lead into our own network."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2

from wirepost.upstream.retry import retry_after_s
from wirepost.upstream.tls import context_for, is_untrusted

if TYPE_CHECKING:
    import ssl

    from wirepost.core.clock import Clock

READ_UP_TO = 4096
"""Bytes of an answer; the rest is not read."""

IpAddress = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port → IP addresses, as texts; raises `OSError` where there are none."""

_NEVER = tuple(
    ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local, with what clouds tell their machines
        "fe80::/10",
        "fd00:ec2::/32",  # the same of AWS over IPv6
        "100.100.100.200/32",  # of Alibaba
        "168.63.129.16/32",  # of Azure, although it is a public address
        "192.0.0.192/32",  # of Oracle
        "0.0.0.0/8",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "ff00::/8",
        "::/128",
    )
)
"""What nobody may be sent to: it is nobody's address, or it gives away credentials of the machine."""
_OLD = ip_network("::/96")
"""IPv6 addresses that once stood for IPv4 ones."""
_NAT64 = ip_network("64:ff9b::/96")
_LOCAL_NAT64 = ip_network("64:ff9b:1::/48")
"""What such an address stands for, only its own network knows (RFC 8215)."""
_LAST_32 = 2**32 - 1


class AddressRefused(Exception):
    """An address that requests do not go to; the message says why and may be shown."""


class NoAnswer(Exception):
    """A request that got no answer; the message says in a word how it failed."""


@dataclass(frozen=True)
class Said:
    """What was answered: the first bytes of the body, header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    retry_after_s: float | None = None


class Poster:
    """Sends requests whose address was checked when it was connected to; follows no redirect."""

    def __init__(
        self,
        clock: Clock,
        *,
        may_be_private: bool = False,
        resolve: Resolve | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._clock = clock
        self._may_be_private, self._resolve, self._context = may_be_private, resolve or resolve_host, context
        self._http: httpx2.AsyncClient | None = None

    async def post(self, url: str, content: bytes, headers: Mapping[str, str], timeout_s: float) -> Said:
        """What was answered within that time; raises `AddressRefused` and `NoAnswer`."""
        check_url(url, may_be_private=self._may_be_private)
        http = await self._open()
        try:
            async with (
                asyncio.timeout(timeout_s),
                http.stream("POST", url, content=content, headers=dict(headers)) as response,
            ):
                body = await _beginning(response)
        except (TimeoutError, httpx2.TimeoutException):
            raise NoAnswer("timeout") from None
        except httpx2.RequestError as error:
            raise NoAnswer("untrusted certificate" if is_untrusted(error) else "unreachable") from None
        wait_s = retry_after_s(response.headers.get("retry-after"), self._clock.now())
        return Said(response.status_code, dict(response.headers), body, wait_s)

    async def close(self) -> None:
        """Close what is open."""
        if self._http is not None:
            await self._http.aclose()

    async def _open(self) -> httpx2.AsyncClient:
        if self._http is None:
            from wirepost.upstream.guarded import GuardedTransport

            context = self._context or await context_for("https:")
            self._http = httpx2.AsyncClient(
                transport=GuardedTransport(context, self._resolve, may_be_private=self._may_be_private),
                follow_redirects=False,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            )
        return self._http


def check_url(url: str, *, may_be_private: bool = False) -> None:
    """Refuse an address by how it is written, before anything is looked up; raises `AddressRefused`."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        httpx2.URL(url)
    except (ValueError, httpx2.InvalidURL):
        raise AddressRefused("it cannot be read") from None
    if parts.scheme not in ({"https", "http"} if may_be_private else {"https"}):
        raise AddressRefused("it must begin with https")
    if not host or not url.isascii() or not url.isprintable() or " " in url:
        raise AddressRefused("it cannot be read")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("it must not hold a name or a password")
    if parts.fragment:
        raise AddressRefused("it must not have a fragment")
    literal = literal_ip(host)
    if literal:
        check_address(literal, may_be_private=may_be_private)


def check_address(address: IpAddress, *, may_be_private: bool) -> None:
    """Refuse what is not an address of the internet; raises `AddressRefused`."""
    address = _innermost(address)
    if any(address in network for network in _NEVER) or (address in _OLD and not address.is_loopback):
        raise AddressRefused("it leads to an address that nobody may be sent to")
    is_site_local = isinstance(address, IPv6Address) and address.is_site_local
    is_private = not address.is_global or is_site_local or address in _LOCAL_NAT64
    if is_private and not may_be_private:
        raise AddressRefused("it leads into a private network")


def _innermost(address: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inner is None and address in _NAT64:
        inner = IPv4Address(int(address) & _LAST_32)
    return inner or address


def literal_ip(host: str) -> IpAddress | None:
    """The address that stands in place of a host's name, where one does."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


async def resolve_host(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as this machine knows them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


async def _beginning(response: httpx2.Response) -> bytes:
    """The first bytes as they came; what they may unfold to is not looked at."""
    body = b""
    async for part in response.aiter_raw(READ_UP_TO):
        body += part
        if len(body) >= READ_UP_TO:
            break
    return body[:READ_UP_TO]
