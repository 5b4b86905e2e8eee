"""HubSpot's three signatures; the third, where it is there, is the only one that counts."""

from __future__ import annotations

import hashlib
import re
from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import digest

from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.checks import check_window, find_secret, is_among, key_bytes, latin, read_time
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Terms

_SIGNATURE, _VERSION = "x-hubspot-signature", "x-hubspot-signature-version"
_SIGNATURE_V3, _TIME = "x-hubspot-signature-v3", "x-hubspot-request-timestamp"
_DECODED = re.compile(r"%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
"""What is decoded in the address before version 3 signs it; `%20`, `%26` and the rest stay.

https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests
"""


@dataclass(frozen=True)
class HubSpot:
    """A secret before the body (v1), before method, address and body (v2), or an HMAC with a time (v3)."""

    name: str = "hubspot"

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`."""
        if request.header(_SIGNATURE_V3) is not None:
            return await self._verify_v3(request, terms)
        offered = [latin(request.required(_SIGNATURE))]
        version = request.required(_VERSION)
        if version not in {"v1", "v2"}:
            raise Rejected("unsupported_version", _VERSION)
        before = latin(request.method + request.url) if version == "v2" else b""

        def fits(secret: str) -> bool:
            expected = hashlib.sha256(key_bytes(secret) + before + request.body).hexdigest()
            return is_among(expected.encode(), offered)

        secret = await find_secret(terms, fits, len(request.body))
        return Verified("signature", f"hubspot-{version}", secret.label, is_id_signed=True)

    async def _verify_v3(self, request: Incoming, terms: Terms) -> Verified:
        offered = [latin(request.required(_SIGNATURE_V3))]
        time = request.required(_TIME)
        at = read_time(time, "ms")

        def fits(secret: str) -> bool:
            return is_among(_digest_v3(request, time, secret), offered)

        secret = await find_secret(terms, fits, len(request.body))
        check_window(at, request.now, terms.tolerance_s)
        return Verified("signature", "hubspot-v3", secret.label, at, is_id_signed=True)

    def sign(
        self, headers: Mapping[str, str], body: bytes, url: str, secret: str, at: float
    ) -> Mapping[str, str]:
        """The headers with a signature of version 3."""
        time = str(int(at * 1000))
        signature = _digest_v3(Incoming("POST", url, (), body, at), time, secret).decode()
        return {**headers, _TIME: time, _SIGNATURE_V3: signature}


def _digest_v3(request: Incoming, time: str, secret: str) -> bytes:
    url = _DECODED.sub(lambda found: chr(int(found[1], 16)), request.url)
    content = b"".join((latin(request.method + url), request.body, latin(time)))
    return b2a_base64(digest(key_bytes(secret), content, "sha256"), newline=False)


HUBSPOT = HubSpot()
