"""`Identity`: who we are to an authorization server, and how that is shown with a request."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from wirepost.connections.oauth.assertion import signed
from wirepost.core.redact import SECRETS

if TYPE_CHECKING:
    from wirepost.contracts.auth import OAuth2
    from wirepost.core.clock import Clock

_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


async def nothing() -> None:
    """A secret that there is not."""


@dataclass(frozen=True)
class Identity:
    """A client; its secrets are looked up when they are needed."""

    client_id: str
    """Empty where a signed assertion tells it."""
    secret: Callable[[], Awaitable[str | None]] = nothing
    private_key: Callable[[], Awaitable[str | None]] = nothing
    """In PEM form, for `private_key_jwt`."""
    forget: Callable[[str], None] = lambda _: None
    """The secret was refused: look it up again, because it may have been replaced where it is kept."""

    async def has_new_secret(self) -> bool:
        """Look up a secret that was refused once more; whether it is another one now."""
        refused = await self.secret()
        if refused is None:
            return False
        self.forget(refused)
        return await self.secret() != refused

    async def shown(self, method: OAuth2, clock: Clock) -> tuple[dict[str, str], dict[str, str]]:
        """Fields of a form and headers that show who asks; raises `ConfigError` for a key that is none."""
        if method.client_auth == "none":
            return {"client_id": self.client_id} if self.client_id else {}, {}
        if method.client_auth == "private_key_jwt":
            claims = {"iss": self.client_id, "sub": self.client_id, "aud": method.issuer or method.token_url}
            assertion = signed(await self.private_key() or "", claims, clock)
            fields = {"client_assertion_type": _JWT_BEARER, "client_assertion": assertion}
            return {"client_id": self.client_id, **fields}, {}
        if method.client_auth == "basic":
            return {}, await self.basic(method)
        secret = await self._known_secret()
        fields = {"client_id": self.client_id}
        return {**fields, "client_secret": secret} if secret else fields, {}

    async def basic(self, method: OAuth2) -> dict[str, str]:
        """HTTP Basic with both halves form-encoded (RFC 6749 §2.3.1), so that any secret survives it."""
        secret = await self._known_secret()
        pair = f"{quote_plus(self.client_id)}:{quote_plus(secret)}"
        if not method.client_id_in_basic:
            pair = f"{secret}:"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    async def _known_secret(self) -> str:
        secret = await self.secret() or ""
        SECRETS.add(secret)
        return secret
