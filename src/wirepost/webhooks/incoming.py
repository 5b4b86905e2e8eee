"""`Incoming`: one request as it came, before anything in it is believed; `Reply`: what it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import SplitResult, parse_qsl, urlsplit

from wirepost.webhooks.verdict import Rejected

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Incoming:
    """Raw bytes and headers; nothing is decoded, joined or normalised but the case of header names."""

    method: str
    url: str
    """As the sender wrote it: with scheme, host, path and query."""
    headers: Headers
    """In the order in which they came; names in lower case, values as Latin-1."""
    body: bytes
    now: float
    """When it came, in seconds since 1970."""
    peer: str = ""
    """Address of the sender, behind the proxies that are trusted."""

    def header(self, name: str) -> str | None:
        """The header, or `None` where there is none; raises `Rejected` when it came twice."""
        found = None
        for given, value in self.headers:
            if given == name:
                if found is not None:
                    raise Rejected("malformed_header", name)
                found = value
        return found

    def required(self, name: str) -> str:
        """The header; raises `Rejected` when it is missing, empty, or came twice."""
        value = self.header(name)
        if not value:
            raise Rejected("missing_header", name)
        return value

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The parameters of the address, decoded; of equal names the first. Raises `Rejected`."""
        pairs = parse_qsl(self._address.query, keep_blank_values=True)
        return dict(reversed(pairs))

    @property
    def path(self) -> str:
        """The path of the address; raises `Rejected`."""
        return self._address.path

    @cached_property
    def _address(self) -> SplitResult:
        try:
            return urlsplit(self.url)
        except ValueError:
            raise Rejected("malformed_header", "address") from None


@dataclass(frozen=True)
class Reply:
    """What a request is answered where the usual answer does not do."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    secret: str | None = field(default=None, repr=False)
    """A secret that was offered in this handshake; it is kept with the endpoint before this is sent."""
