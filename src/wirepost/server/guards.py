"""What every HTTP request passes before a route sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import Response

from wirepost.server.auth.resource import DOCUMENTS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from wirepost.server.presence import Presence
    from wirepost.settings import ServerSettings

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
PUBLIC = DOCUMENTS | {"/healthz", "/readyz"}
"""Asked by load balancers under whatever name they know, and by pages of any origin; they tell nothing that
needs protection."""


def security(settings: ServerSettings) -> TransportSecuritySettings:
    """The Host and Origin headers that are answered: this machine's, `server.url`'s, configured ones.

    A page on the internet can make a browser send requests to this machine under another name; the two
    headers give that away.
    """
    here = [*LOOPBACK, *_listens_at(settings.host)]
    names = [*here, *settings.allowed_hosts]
    origins = [f"http://{name}" for name in here]
    if settings.url:
        public = urlsplit(settings.url)
        names.append(public.netloc)
        origins.append(f"{public.scheme}://{public.netloc}")
    return TransportSecuritySettings(
        allowed_hosts=[form for name in names for form in (name, f"{name}:*")],
        allowed_origins=[
            *(form for origin in origins for form in (origin, f"{origin}:*")),
            *settings.allowed_origins,
        ],
    )


def _listens_at(host: str) -> list[str]:
    """The address that the server was told to listen at, as the header Host has it; none where it is all."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - told apart, not bound
        return []
    return [f"[{host}]" if ":" in host else host.lower()]


class Guard:
    """Outermost: refuses foreign Host and Origin headers on all routes, tidies MCP headers, counts visits.

    The HTTP parser keeps white space around header values, which the MCP header checks would take for a
    difference between header and body.
    """

    def __init__(self, app: ASGIApp, *, settings: ServerSettings, presence: Presence) -> None:
        self._app, self._presence = app, presence
        self._check = TransportSecurityMiddleware(security(settings))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["headers"] = [
            (name, value.strip(b" \t") if name.startswith(b"mcp-") else value)
            for name, value in scope["headers"]
        ]
        if scope["path"] not in PUBLIC:
            refusal = await self._check.validate_request(Request(scope))
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        with self._presence.visit():
            await self._app(scope, receive, send)


class NoIdleGet:
    """Without sessions a GET on /mcp would be an empty stream for ever, and a DELETE has nothing to end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Only POST passes."""
        if scope["method"] == "POST":
            await self._app(scope, receive, send)
            return
        await Response(status_code=405, headers={"Allow": "POST"})(scope, receive, send)
