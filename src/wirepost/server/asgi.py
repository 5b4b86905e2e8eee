"""All routes of the one HTTP application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from mcp.server.sse import SseServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import RequestBodyLimitMiddleware
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount, Route

from wirepost.sandbox.sockets import knowing_transport
from wirepost.server.auth.entrance import Entrance
from wirepost.server.guards import Guard, NoIdleGet
from wirepost.server.pages import Pages, SandboxVendors
from wirepost.server.peers import Peers
from wirepost.server.people import people_routes
from wirepost.server.presence import Presence
from wirepost.server.short_calls import ShortCalls
from wirepost.server.webhooks import Webhooks

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server
    from starlette.types import ASGIApp, Receive, Scope, Send

    from wirepost.app import App

MAX_BODY = 4 * 2**20
"""Bytes of one request; more is answered with 413 before it is read."""


def build_asgi(app: App, mcp: Server[Any], *, presence: Presence | None = None, **streams: Any) -> ASGIApp:
    """Everything that is served over HTTP.

    MCP for both protocol generations at `/mcp`, the older HTTP+SSE transport at `/sse` (callers of both show
    who they are as `server.auth` asks), health, a page that says what this is, pages where people connect
    accounts, webhooks, and the vendors of the sandbox. `streams` goes to the SDK's session keeper (an event
    store, for example).
    """
    settings = app.settings.server
    sessions = StreamableHTTPSessionManager(
        mcp, stateless=settings.stateless, max_request_body_size=MAX_BODY, **streams
    )
    plain = StreamableHTTPSessionManager(mcp, json_response=True, max_request_body_size=MAX_BODY)
    endpoint = ShortCalls(StreamableHTTPASGIApp(sessions), StreamableHTTPASGIApp(plain))
    sse = SseServerTransport("/messages/", max_request_body_size=MAX_BODY)
    pages, entrance = Pages(app, mcp.version or ""), Entrance(app, MAX_BODY)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with sessions.run(), plain.run(), aclosing(entrance):
            yield

    presence = presence or Presence(app.clock)
    middleware = [Middleware(Guard, settings=settings, presence=presence)]
    if settings.allowed_origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.allowed_origins,
                allow_methods=["GET", "POST", "DELETE"],
                allow_headers=["*"],
                expose_headers=["Mcp-Session-Id", "WWW-Authenticate"],
            )
        )
    whole = Starlette(
        routes=[
            Route("/mcp", endpoint=entrance.before(NoIdleGet(endpoint) if settings.stateless else endpoint)),
            Route("/sse", endpoint=entrance.before(_SseStream(mcp, sse)), methods=["GET"]),
            Mount("/messages/", app=entrance.before(sse.handle_post_message)),
            *entrance.routes,
            *people_routes(app, entrance.sign_in),
            Route("/healthz", pages.health),
            Route("/readyz", pages.ready),
            Route("/", pages.landing),
            Mount("/sandbox/{connection}", app=RequestBodyLimitMiddleware(SandboxVendors(app), MAX_BODY)),
        ],
        middleware=middleware,
        lifespan=lifespan,
    )
    peers = Peers(settings.trusted_proxies)
    return knowing_transport(Webhooks(whole, app.hub.receiver, peers, app.clock, presence.visit))


class _SseStream:
    """The receiving half of HTTP+SSE; each open stream is one connection."""

    def __init__(self, mcp: Server[Any], transport: SseServerTransport) -> None:
        self._mcp, self._transport = mcp, transport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._transport.connect_sse(scope, receive, send) as (incoming, outgoing):
            await self._mcp.run(incoming, outgoing, self._mcp.create_initialization_options())
