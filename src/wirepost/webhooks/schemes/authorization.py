"""Tokens in the header `Authorization`, of senders where the operator chooses one, and of monday.com."""

from __future__ import annotations

from dataclasses import dataclass

from wirepost.settings.webhooks import JwtSettings
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.jwt import JWT, JwtScheme
from wirepost.webhooks.schemes.tokens import BEARER
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Scheme, Terms


@dataclass(frozen=True)
class Authorization:
    """A signed token where the endpoint has `jwt`, otherwise one of its secrets."""

    name: str = "authorization"

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`."""
        scheme: Scheme = BEARER if terms.settings.jwt is None else JWT
        return await scheme.verify(request, terms)


AUTHORIZATION = Authorization()
MONDAY = JwtScheme("monday-hs256", JwtSettings(algorithms=["HS256"]))
