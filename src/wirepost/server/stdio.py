"""`wirepost mcp --in-process`: the server inside the process that the client started, with no daemon."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from wirepost import __version__
from wirepost.app import build_app
from wirepost.server.events import EventSide
from wirepost.server.lifetime import in_operation
from wirepost.server.local import LocalSocket
from wirepost.server.mcp import build_mcp
from wirepost.server.presence import Presence
from wirepost.server.tasks import TasksExtension

if TYPE_CHECKING:
    from wirepost.settings import Settings


def run_in_process(settings: Settings, stream: socket.socket, *, on_ready: Callable[[], None]) -> None:
    """Serve one connection, whose other end pumps stdin and stdout, until it ends or a signal comes."""
    asyncio.run(_serve(settings, stream, on_ready))


async def _serve(settings: Settings, stream: socket.socket, on_ready: Callable[[], None]) -> None:
    app = await build_app(settings)
    try:
        side = EventSide(app.hub, settings.events)
        mcp = build_mcp(
            app.calls,
            secret=app.secret,
            version=__version__,
            clock=app.clock,
            listen=side.listen,
            tasks=TasksExtension(app.long_work.jobs, app.calls),
        )
        side.install(mcp)
        connection = asyncio.ensure_future(LocalSocket(mcp, Presence(app.clock)).serve_stream(stream))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, connection.cancel)
        on_ready()
        async with in_operation(app, side):
            await asyncio.wait({connection})
    finally:
        await app.close()
