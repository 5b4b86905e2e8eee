"""The plain pages: what this is, whether it lives, whether it is ready, and the vendors of the sandbox."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from wirepost.core.errors import CallError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from wirepost.app import App
    from wirepost.store.database import Tx

LOOPBACK_CLIENTS = frozenset({"127.0.0.1", "::1"})
LOCAL_NAMES = LOOPBACK_CLIENTS | {"localhost"}
_FORWARDED = frozenset({b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"})


class Pages:
    """Answers about one running app."""

    def __init__(self, app: App, version: str) -> None:
        self._app, self._version = app, version

    async def landing(self, request: Request) -> Response:
        """How to connect, as HTML for browsers and as text for everything else."""
        url = (self._app.settings.server.url or str(request.base_url)).rstrip("/")
        is_open = self._app.settings.server.auth.mode == "none"  # who has to say who they are, learns it then
        text = landing_text(self._version, url, list(self._app.connections.by_name) if is_open else None)
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(_PAGE.format(text=html.escape(text)))
        return PlainTextResponse(text)

    async def health(self, _: Request) -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok", "version": self._version})

    async def ready(self, _: Request) -> Response:
        """Calls can be served: the store takes writes, and the configured connections are there."""
        problem = await _store_problem(self._app)
        status: dict[str, Any] = {
            "status": "unavailable" if problem else "ok",
            "store": problem or "ok",
            "connections": len(self._app.connections.by_name),
        }
        return JSONResponse(status, status_code=503 if problem else 200)


async def _store_problem(app: App) -> str | None:
    async def work(tx: Tx) -> None:
        await tx.execute("SELECT 1")

    try:
        await app.database.write(work)
    except CallError as error:
        return error.message
    return None


def landing_text(version: str, url: str, connections: list[str] | None) -> str:
    """What the landing page says; of the connections only where they are named."""
    named = "" if connections is None else f"\nConnections          {', '.join(connections) or 'none'}"
    return f"""\
Wirepost {version}: tools on business systems for AI agents, over the Model Context Protocol.

MCP endpoint         {url}/mcp   (Streamable HTTP; older clients: {url}/sse)
Programs on stdio    wirepost mcp
Add to a client      wirepost install claude-code | claude-desktop | cursor | vscode | codex{named}
Health               {url}/healthz   {url}/readyz
"""


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Wirepost</title>
<body><pre>{text}</pre></body></html>"""


def _is_forwarded(scope: Scope) -> bool:
    """Whether a proxy on this machine passes on what somebody else has asked."""
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
    name = urlsplit(f"//{host}").hostname
    is_here = name in LOCAL_NAMES or (name or "").startswith("127.")
    return not is_here or any(name in _FORWARDED for name, _ in scope["headers"])


class SandboxVendors:
    """Mounts the in-memory vendor of each sandbox connection, so that any program can be pointed at it."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the vendor named first in the path, if it comes from this machine."""
        if scope["type"] != "http":
            return
        client = scope.get("client")
        if client is None or client[0] not in LOOPBACK_CLIENTS or _is_forwarded(scope):
            await PlainTextResponse("The sandbox is for programs on this machine\n", 403)(
                scope, receive, send
            )
            return
        name = scope["path_params"]["connection"]
        vendor = self._app.connections.sandbox(name)
        if vendor is None:
            missing = f"There is no sandbox connection {name!r}\n"
            await PlainTextResponse(missing, 404)(scope, receive, send)
            return
        inner: ASGIApp = vendor.socket_app
        await inner(scope, receive, send)
