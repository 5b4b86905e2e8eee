"""Running the server: one app, one MCP server object, the local socket and HTTP, and a clean end."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from mcp.server.subscriptions import ToolsListChanged

from wirepost import __version__
from wirepost.app import build_app
from wirepost.server.asgi import build_asgi
from wirepost.server.events import EventSide
from wirepost.server.lifetime import in_operation
from wirepost.server.local import CLOSING_S, LocalSocket
from wirepost.server.mcp import build_mcp
from wirepost.server.presence import Presence
from wirepost.server.tasks import TasksExtension

if TYPE_CHECKING:
    import socket

    from wirepost.app import App
    from wirepost.settings import Settings

KEEP_ALIVE_S = 30

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Address:
    """Where a server can be reached."""

    url: str
    socket_path: str
    connections: tuple[str, ...]


Announce = Callable[[Address], None]


def run_server(
    settings: Settings, endpoint: socket.socket, *, announce: Announce, is_detached: bool = False
) -> None:
    """Serve on the local socket and over HTTP until a signal or (detached) until idle; then end in order.

    `announce` is called once, as soon as clients can connect.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, endpoint, announce, is_detached=is_detached))


async def _serve(
    settings: Settings, endpoint: socket.socket, announce: Announce, *, is_detached: bool
) -> None:
    app = await build_app(settings)
    try:
        side = EventSide(app.hub, settings.events)
        app.catalog.on_change.append(lambda: side.bus.publish(ToolsListChanged()))
        mcp = build_mcp(
            app.calls,
            secret=app.secret,
            version=__version__,
            clock=app.clock,
            listen=side.listen,
            tasks=TasksExtension(app.long_work.jobs, app.calls),
        )
        side.install(mcp)
        presence = Presence(app.clock)
        local = LocalSocket(mcp, presence)
        await local.listen(app.directory.socket_path)
        try:
            config = _http_config(build_asgi(app, mcp, presence=presence), settings)
            http = HttpServer(config, side, local, settings.server.shutdown_s)
            with http.capture_signals():
                url = _local_url(settings, endpoint)
                app.links.address = settings.server.url or url
                app.directory.announce(url, settings.server.shutdown_s + CLOSING_S)
                announce(_address(app, url))
                idle_s = settings.server.idle_exit_s if is_detached else None
                async with in_operation(app, side):
                    await http.serve_until_idle(endpoint, presence, idle_s)
        finally:
            await local.close()
    finally:
        await app.close()


def _local_url(settings: Settings, endpoint: socket.socket) -> str:
    """Where programs on this machine reach the port that was bound, which others may know by another name."""
    host, port = endpoint.getsockname()[:2]
    return settings.server.model_copy(update={"host": host, "port": port, "url": None}).address


def _address(app: App, local_url: str) -> Address:
    url = app.settings.server.url or local_url
    return Address(url, app.directory.socket_path, tuple(app.connections.by_name))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The faster event loop where it is installed; it does not exist on Windows."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop


def _http_config(asgi: Any, settings: Settings) -> uvicorn.Config:
    parser = "httptools" if importlib.util.find_spec("httptools") else "h11"
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # our own lines say when it starts and ends
    log.info("HTTP parser %s, event loop %s", parser, type(asyncio.get_running_loop()).__module__)
    return uvicorn.Config(
        asgi,
        http=parser,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # the audit has every call, and an SSE session's address must not be written down
        server_header=False,
        proxy_headers=False,  # `server.peers` believes those of trusted proxies only
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, round(settings.server.shutdown_s)),
    )


class HttpServer(uvicorn.Server):
    """uvicorn that ends with open streams, and ends normally: a signal is a request, not a failure."""

    def __init__(
        self, config: uvicorn.Config, side: EventSide, local: LocalSocket, answers_within_s: float
    ) -> None:
        super().__init__(config)
        self._side, self._local, self._answers_within_s = side, local, answers_within_s
        self._loop = asyncio.get_running_loop()

    async def serve_until_idle(
        self, endpoint: socket.socket, presence: Presence, idle_s: float | None
    ) -> None:
        """Serve on a bound socket until a signal comes or nobody has been here for `idle_s`."""
        watch = asyncio.ensure_future(self._stop_when_idle(presence, idle_s)) if idle_s else None
        try:
            await self.serve([endpoint])
        finally:
            if watch:
                watch.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End both ways in at the same moment, so that nobody is let in by one while the other ends."""
        await asyncio.gather(super().shutdown(sockets), self._local.close(self._answers_within_s))

    async def _stop_when_idle(self, presence: Presence, idle_s: float) -> None:
        await presence.wait_until_idle(idle_s)
        log.info("no client for %g s: this server, which a client started, ends", idle_s)
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does it, except that the signals are not raised again at the end.

        Streams of the older protocols find out through the registered method that the server is ending, so it
        must be a method of this object.
        """
        wanted = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in wanted}
        try:
            yield
        finally:
            for number, action in before.items():
                signal.signal(number, action)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; a second Ctrl-C ends at once."""
        if self.should_exit and sig == signal.SIGINT:
            os._exit(128 + sig)
        self._loop.call_soon_threadsafe(self._side.close)
        super().handle_exit(sig, frame)
