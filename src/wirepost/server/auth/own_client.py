"""`OwnClient`: this server as a client of the callers' issuer, so that people can sign in with a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from wirepost.connections.oauth.callback import refused
from wirepost.connections.oauth.endpoint import Identity, TokenEndpoint
from wirepost.connections.oauth.method import origin_of
from wirepost.connections.oauth.party import Party
from wirepost.contracts.auth import OAuth2
from wirepost.server.auth.verified import CannotTell
from wirepost.upstream.limits import Limits
from wirepost.upstream.upstream import Upstream

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.secrets.resolve import Secrets
    from wirepost.server.auth.issuer import Issuer, Metadata
    from wirepost.settings.auth import AuthSettings

_LIMITS = Limits(requests_per_s=20, burst=20, concurrency=5)
_HELP = "Register it at the issuer with the redirect address /oauth/sign-in of this server"


class OwnClient:
    """Speaks to the issuer's authorization and token endpoints as `server.auth.client_id`."""

    def __init__(self, issuer: Issuer, settings: AuthSettings, secrets: Secrets, clock: Clock) -> None:
        self._issuer, self._settings, self._secrets, self._clock = issuer, settings, secrets, clock
        self._upstream: Upstream | None = None

    async def party(self) -> Party:
        """The issuer as a flow sees it; raises `NotConnected` where it does not answer or signs nobody in."""
        try:
            metadata = await self._issuer.metadata()
        except CannotTell as cannot:
            raise refused("issuer", str(cannot), "Try again in a moment") from None
        if metadata.authorization_endpoint is None or metadata.token_endpoint is None:
            raise refused("issuer", f"The issuer {self._issuer.name} signs nobody in", None)
        if self._upstream is None:
            self._upstream = Upstream(
                self._issuer.name,
                base_url=origin_of(metadata.token_endpoint),
                credential=_no_credential,
                limits=_LIMITS,
                clock=self._clock,
            )
        method = OAuth2(
            authorize_url=metadata.authorization_endpoint,
            token_url=metadata.token_endpoint,
            help=_HELP,
            issuer=self._issuer.name,
            sends_issuer=metadata.names_itself,
            client_auth=self._way(metadata),
        )
        identity = Identity(self._settings.client_id or "", self._secret)
        endpoint = TokenEndpoint(method, identity, self._upstream, self._clock)
        return Party("", "The issuer", endpoint, "")

    async def aclose(self) -> None:
        """Close all connections."""
        if self._upstream is not None:
            await self._upstream.close()

    def _way(self, metadata: Metadata) -> Literal["none", "post", "basic"]:
        """How we show who we are; where the issuer says nothing, by HTTP Basic (RFC 8414 §2)."""
        if self._settings.client_secret is None:
            return "none"
        return (
            "post"
            if metadata.token_methods and "client_secret_basic" not in metadata.token_methods
            else "basic"
        )

    async def _secret(self) -> str | None:
        reference = self._settings.client_secret
        return await self._secrets.resolve(reference) if reference else None


async def _no_credential() -> str:
    return ""
