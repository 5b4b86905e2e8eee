"""WebSub names the hash in front of its signature (W3C WebSub, 7.1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.hmacs import HmacScheme
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Terms

_HEADER = "x-hub-signature"
_HASHES: Mapping[str, HmacScheme] = {
    name: HmacScheme(f"websub-{name}", (_HEADER,), prefix=f"{name}=", algorithm=name)
    for name in ("sha1", "sha256", "sha384", "sha512")
}


@dataclass(frozen=True)
class HubSignature:
    """An HMAC with the hash that the hub chose of those the recommendation lists."""

    name: str = "websub"

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`."""
        said, equals, _ = request.required(_HEADER).partition("=")
        if not equals:
            raise Rejected("malformed_header", _HEADER)
        scheme = _HASHES.get(said)
        if scheme is None:
            raise Rejected("no_supported_scheme", _HEADER)
        return await scheme.verify(request, terms)

    def sign(
        self, headers: Mapping[str, str], body: bytes, url: str, secret: str, at: float
    ) -> Mapping[str, str]:
        """The headers with a signature by SHA-256."""
        return _HASHES["sha256"].sign(headers, body, url, secret, at)


WEBSUB = HubSignature()
