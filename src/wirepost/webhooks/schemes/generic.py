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
        settings = terms.settings
        if settings.hmac is None:
            raise Rejected("no_supported_scheme", "hmac is not set")
        is_id_signed = settings.id_pointer is not None
        if settings.id_header is not None:
            is_id_signed = f"{{header:{settings.id_header}}}".lower() in settings.hmac.signed.lower()
        return await scheme_of(settings.hmac, is_id_signed=is_id_signed).verify(request, terms)


@lru_cache(maxsize=256)
def scheme_of(settings: HmacSettings, *, is_id_signed: bool = False) -> HmacScheme:
    """The scheme that these settings describe; the id counts as signed where what it is read from is."""
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
        is_id_signed=is_id_signed,
    )


HMAC = SettledHmac()
