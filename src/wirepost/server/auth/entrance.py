"""`Entrance`: the way in to the MCP endpoints that `server.auth` asks for, with what it needs to live."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from wirepost.server.auth.access import Access, Open
from wirepost.server.auth.caller_tokens import StaticTokens
from wirepost.server.auth.resource import Resource

if TYPE_CHECKING:
    from starlette.routing import Route
    from starlette.types import ASGIApp

    from wirepost.app import App
    from wirepost.connections.oauth.party import Party
    from wirepost.server.auth.issuer import Issuer
    from wirepost.server.auth.own_client import OwnClient
    from wirepost.server.auth.verified import Verifier


class Entrance:
    """Made once for a server."""

    def __init__(self, app: App, max_body: int) -> None:
        settings = app.settings.server
        self._app, self._max_body = app, max_body
        self._resource = Resource(settings.auth, app.catalog, lambda: app.links.address or settings.address)
        self._issuer: Issuer | None = None
        self._own_client: OwnClient | None = None
        self._verifier = self._make_verifier()

    @property
    def routes(self) -> list[Route]:
        """Documents about the way in."""
        return self._resource.routes()

    @property
    def sign_in(self) -> Callable[[], Awaitable[Party]] | None:
        """Where people sign in with a browser, if they can."""
        return self._own_client.party if self._own_client else None

    def before(self, endpoint: ASGIApp) -> ASGIApp:
        """The endpoint, for those who may call."""
        if self._verifier is None:
            return Open(endpoint)
        return Access(endpoint, self._verifier, self._resource, self._max_body)

    async def aclose(self) -> None:
        """Close what is open to the issuer."""
        if self._issuer is not None:
            await self._issuer.close()
        if self._own_client is not None:
            await self._own_client.aclose()

    def _make_verifier(self) -> Verifier | None:
        settings, clock = self._app.settings.server.auth, self._app.clock
        if settings.mode == "static":
            return StaticTokens(self._app.database, clock)
        if settings.mode == "none" or settings.issuer is None:
            return None
        # What checks signatures takes a while to load.
        from wirepost.server.auth.access_tokens import AccessTokens
        from wirepost.server.auth.issuer import Issuer

        self._issuer = Issuer(settings.issuer, clock)
        if settings.client_id is not None:
            from wirepost.server.auth.own_client import OwnClient

            self._own_client = OwnClient(self._issuer, settings, self._app.secrets, clock)
        return AccessTokens(
            self._issuer, settings, self._app.secrets, resource=lambda: self._resource.url, clock=clock
        )
