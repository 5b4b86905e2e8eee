"""`Resource`: this server as an issuer and its clients know it, and the documents that say so (RFC 9728)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wirepost.tools.scopes import caller_scope

if TYPE_CHECKING:
    from starlette.requests import Request

    from wirepost.settings import AuthSettings
    from wirepost.tools.catalog import Catalog

MCP = "/mcp"
METADATA = "/.well-known/oauth-protected-resource"
DOCUMENTS = frozenset({METADATA, METADATA + MCP})
"""Addresses that pages of any origin may read: what they say is for everybody."""
_ELSEWHERE = ("/.well-known/{document:path}", "/register", "/authorize", "/token")
"""Where clients look for an authorization server; there is none here."""


class Resource:
    """The MCP endpoint as a protected resource; `address` is where callers reach the server."""

    def __init__(self, settings: AuthSettings, catalog: Catalog, address: Callable[[], str]) -> None:
        self._settings, self._catalog, self._address = settings, catalog, address

    @property
    def url(self) -> str:
        """What tokens are issued for: what people type, with the host in lower case."""
        return self._public + MCP

    @property
    def metadata_url(self) -> str | None:
        """Where clients learn whom to ask for a token; nowhere, where there is no issuer."""
        return self._public + METADATA + MCP if self._settings.mode == "oauth" else None

    @property
    def scopes(self) -> frozenset[str]:
        """Every scope that an enabled tool needs."""
        return frozenset(caller_scope(tool) for tool in self._catalog.enabled(None).tools)

    @property
    def initial_scopes(self) -> frozenset[str]:
        """What a client without a token is told to ask for."""
        if self._settings.initial_scopes == "all":
            return self.scopes
        return frozenset(scope for scope in self.scopes if scope.endswith(".read"))

    def needed(self, tools: frozenset[str]) -> frozenset[str]:
        """The scopes that calls of these tools need, as far as the tools are there."""
        enabled = self._catalog.enabled(None).by_name
        return frozenset(caller_scope(enabled[name]) for name in tools if name in enabled)

    def routes(self) -> list[Route]:
        """Where clients look for documents; each answers in JSON, if only that nothing is there."""
        there = [Route(path, self._metadata) for path in DOCUMENTS] if self._settings.mode == "oauth" else []
        return [*there, *(Route(path, _nothing, methods=["GET", "POST"]) for path in _ELSEWHERE)]

    @property
    def _public(self) -> str:
        parts = urlsplit(self._address())
        return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"

    async def _metadata(self, _: Request) -> Response:
        return JSONResponse(
            {
                "resource": self.url,
                "authorization_servers": [self._settings.issuer],
                "scopes_supported": sorted(self.scopes),
                "bearer_methods_supported": ["header"],
                "resource_name": "Wirepost",
            },
            headers={"Cache-Control": "max-age=300", "Access-Control-Allow-Origin": "*"},
        )


async def _nothing(_: Request) -> Response:
    return JSONResponse(
        {"error": "not_found", "error_description": "There is no such document on this server"}, 404
    )
