"""TLS towards vendors: whom we trust, and the certificate that shows who we are (RFC 8705)."""

from __future__ import annotations

import asyncio
import logging
import ssl
from functools import cache
from pathlib import Path

import httpx2

from wirepost.core.errors import NotConnected

log = logging.getLogger(__name__)

Stamp = tuple[tuple[int, int, int], ...]


@cache
def tls_context() -> ssl.SSLContext:
    """The one TLS context of the process: loading the trusted certificates takes tens of milliseconds."""
    return httpx2.create_ssl_context()


async def context_for(address: str) -> ssl.SSLContext:
    """The context for an address where nothing shows who we are."""
    if address.startswith("https:"):
        return await asyncio.to_thread(tls_context)
    # Never used; and if it were, a context without certificates trusts nobody.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class ClientCertificate:
    """A certificate and its key in two files, which are looked at before each request.

    A new pair is taken as soon as the two fit together; until then the last one stays in use.
    """

    def __init__(self, connection: str, certificate: Path, private_key: Path) -> None:
        self._connection, self._files = connection, (certificate, private_key)
        self._seen: Stamp | None = None
        self._context: ssl.SSLContext | None = None
        self._loading = asyncio.Lock()

    def __repr__(self) -> str:
        return f"ClientCertificate({self._connection})"

    def check(self) -> str | None:
        """What is wrong with the files, if anything."""
        return self._load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    async def context(self) -> ssl.SSLContext:
        """The context with the pair as it is now: the same object for as long as the files stay the same.

        Raises `NotConnected` where there has never been a pair that fits together.
        """
        async with self._loading:
            stamp = _stamp(self._files)
            if self._context is None or stamp != self._seen:
                await self._take(stamp)
        if self._context is None:
            raise NotConnected(
                "not_connected",
                f"The connection {self._connection} has no usable certificate: {self.check()}",
                hint="Put certificate and private key there as PEM, the key without a password",
                detail={"connection": self._connection},
            )
        return self._context

    async def _take(self, stamp: Stamp) -> None:
        context = await asyncio.to_thread(httpx2.create_ssl_context)
        problem = self._load_into(context)
        if problem is None:
            self._context = context
        elif self._context is not None:
            log.warning("connection %s keeps its last certificate: %s", self._connection, problem)
        self._seen = stamp

    def _load_into(self, context: ssl.SSLContext) -> str | None:
        certificate, private_key = self._files
        try:
            # Without a password of ours OpenSSL would ask for one on the terminal.
            context.load_cert_chain(certificate, private_key, password="")
        except ssl.SSLError:
            return f"{certificate} and {private_key} do not fit together, or are not PEM without a password"
        except OSError as error:
            return f"{certificate} or {private_key} cannot be read: {error.strerror}"
        return None


def _stamp(files: tuple[Path, Path]) -> Stamp:
    return tuple(_stamp_of(file) for file in files)


def _stamp_of(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def is_untrusted(error: BaseException) -> bool:
    """Whether a connection failed because the other side could not show who it is."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
