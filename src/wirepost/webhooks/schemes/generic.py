"""The scheme of an endpoint whose signature is described in the settings (`hmac`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from wirepost.settings.webhooks import HmacSettings
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.hmacs import HmacScheme
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Terms


@dataclass(frozen=True)
class SettledHmac:
    """A signature with a shared secret, as the settings of the endpoint say."""

    name: str = "hmac"

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`."""
        settings = terms.settings.hmac
        if settings is None:
            raise Rejected("no_supported_scheme", "hmac is not set")
        return await scheme_of(settings).verify(request, terms)


@lru_cache(maxsize=256)
def scheme_of(settings: HmacSettings) -> HmacScheme:
    """The scheme that these settings describe."""
    id_header = settings.id_header and settings.id_header.lower()
    is_id_in_header = f"{{header:{id_header}}}" in settings.signed.lower()
    return HmacScheme(
        f"hmac-{settings.algorithm}",
        (settings.header.lower(),),
        settings.signed,
        settings.prefix,
        settings.encoding,
        settings.algorithm,
        settings.format,
        settings.timestamp_header and settings.timestamp_header.lower(),
        settings.timestamp_unit,
        is_id_signed=is_id_in_header if id_header else settings.id_pointer is not None,
    )


HMAC = SettledHmac()
