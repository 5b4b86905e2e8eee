"""`GuardedTransport`: connects to addresses that were checked, and to those alone."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import httpx2

from wirepost.upstream.guard import AddressRefused, check_address, literal_ip
from wirepost.upstream.upstream import silence_request_log

if TYPE_CHECKING:
    import ssl

    from wirepost.upstream.guard import IpAddress, Resolve


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Looks a host up, refuses what it may not be, and connects to that very address.

    Connections are used once: one made for a name must not serve another name with the same address.
    """

    def __init__(self, context: ssl.SSLContext, resolve: Resolve, *, may_be_private: bool) -> None:
        self._resolve, self._may_be_private = resolve, may_be_private
        silence_request_log()
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._inner = httpx2.AsyncHTTPTransport(verify=context, limits=limits, trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer of the first address that can be connected to; raises `AddressRefused`."""
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = await self._addresses(url.host, port, request)
        extensions = dict(request.extensions)
        if not literal_ip(url.host):
            extensions["sni_hostname"] = url.host  # the certificate is for the name, not for the address
        for address in addresses:
            pinned = httpx2.Request(
                request.method,
                url.copy_with(host=str(address)),
                headers=request.headers,
                stream=request.stream,
                extensions=extensions,
            )
            try:
                return await self._inner.handle_async_request(pinned)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if address == addresses[-1]:
                    raise
        raise httpx2.ConnectError("no address", request=request)

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()

    async def _addresses(self, host: str, port: int, request: httpx2.Request) -> list[IpAddress]:
        try:
            found = [ip_address(each.partition("%")[0]) for each in await self._resolve(host, port)]
        except (OSError, UnicodeError):
            raise httpx2.ConnectError("no such host", request=request) from None
        for address in found:
            check_address(address, may_be_private=self._may_be_private)
        if request.url.scheme == "http" and not all(each.is_loopback for each in found):
            raise AddressRefused("http is for this machine only; use https")
        return list(dict.fromkeys(found))
