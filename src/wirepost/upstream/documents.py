"""`Documents`: what others publish, such as keys and certificates, fetched from addresses that they name."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2

from wirepost.core.errors import InvalidCall, Unavailable
from wirepost.upstream.guard import AddressRefused, Resolve, check_url, resolve_host
from wirepost.upstream.tls import context_for

if TYPE_CHECKING:
    import ssl

LARGEST = 256 * 1024
"""Bytes of a document."""
WITHIN_S = 5.0
"""A sender waits meanwhile."""


class Documents:
    """Fetches over HTTPS from the internet only, follows no redirect, keeps nothing."""

    def __init__(
        self,
        *,
        may_be_private: bool = False,
        resolve: Resolve = resolve_host,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._may_be_private, self._resolve, self._context = may_be_private, resolve, context
        self._http: httpx2.AsyncClient | None = None

    async def fetch(self, url: str) -> bytes:
        """The document; raises `InvalidCall` where there is none, `Unavailable` without an answer."""
        http = await self._open()
        try:
            check_url(url, may_be_private=self._may_be_private)
            async with asyncio.timeout(WITHIN_S), http.stream("GET", url) as response:
                if response.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR:
                    raise _no_answer(f"{response.status_code}")
                if response.status_code != httpx2.codes.OK:
                    raise _no_document(f"the answer is {response.status_code}")
                return await _read(response)
        except AddressRefused as error:
            raise _no_document(str(error)) from None
        except (TimeoutError, httpx2.RequestError):
            raise _no_answer("unreachable") from None

    async def close(self) -> None:
        """Close what is open."""
        if self._http is not None:
            await self._http.aclose()

    async def _open(self) -> httpx2.AsyncClient:
        if self._http is None:
            from wirepost.upstream.guarded import GuardedTransport

            context = self._context or await context_for("https:")
            transport = GuardedTransport(context, self._resolve, may_be_private=self._may_be_private)
            self._http = httpx2.AsyncClient(transport=transport, follow_redirects=False)
        return self._http


async def _read(response: httpx2.Response) -> bytes:
    body = b""
    async for part in response.aiter_bytes():
        body += part
        if len(body) > LARGEST:
            raise _no_document("it is too large")
    return body


def _no_document(why: str) -> InvalidCall:
    return InvalidCall("invalid_arguments", f"There is no such document: {why}")


def _no_answer(why: str) -> Unavailable:
    return Unavailable("upstream_unavailable", f"A document could not be fetched: {why}")
