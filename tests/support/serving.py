"""An ASGI app behind a real socket, in this process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from anyio.lowlevel import checkpoint

TURNS = 10
"""Of the event loop, in which idle connections are gone."""


@asynccontextmanager
async def served(app: Any, **options: Any) -> AsyncIterator[str]:
    """Serve `app` on a free port of the loopback address; the base address, without a slash at its end."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        options = {"interface": "asgi3", "log_level": "warning", "timeout_graceful_shutdown": 1, **options}
        server = uvicorn.Server(uvicorn.Config(app, **options))
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup([listening])
        # Without the server's own loop, which looks only ten times a second whether it is to end.
        await server.on_tick(0)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            async with asyncio.timeout(10):
                if await _hung_up(server):
                    await server.lifespan.shutdown()
                else:
                    await server.shutdown([listening])


async def _hung_up(server: uvicorn.Server) -> bool:
    """End what is idle; whether nothing is left, so that there is nothing to wait a tenth of a second for."""
    for each in server.servers:
        each.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()
    for _ in range(TURNS):
        if not server.server_state.connections and not server.server_state.tasks:
            return True
        await checkpoint()
    return False
