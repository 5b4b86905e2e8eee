"""Waiting on this machine for a browser to come back from a provider, where no server runs."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from wirepost.connections.oauth.callback import Callback
from wirepost.connections.oauth.party import CALLBACK
from wirepost.core.errors import CallError, ConfigError
from wirepost.server.markup import page, problem, tag
from wirepost.server.people import style
from wirepost.server.ports import bind

if TYPE_CHECKING:
    from starlette.requests import Request

    from wirepost.connections.oauth.connecting import Connected

HERE = "127.0.0.1"
LAST_PAGE_S = 2
Finish = Callable[[Callback], Awaitable["Connected"]]


def listen(connection: str, port: int | None) -> socket.socket:
    """The socket a browser comes back to; raises `ConfigError` naming port and setting where it is taken."""
    try:
        return bind(HERE, port or 0)
    except ConfigError as problem:
        raise ConfigError(
            f"a browser cannot come back here: {problem.message}",
            key=f"connections.{connection}.oauth.redirect_port",
            hint="stop that program, or register another port at the provider and set it here",
        ) from None


async def wait_for_browser(endpoint: socket.socket, finish: Finish, *, within_s: float) -> Connected:
    """How the consent ended that a browser brought; raises what `finish` raises, and `TimeoutError`."""
    waiter = _Waiter(finish)
    config = uvicorn.Config(
        waiter.asgi,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=LAST_PAGE_S,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    server = _QuietServer(config)
    serving = asyncio.create_task(server.serve([endpoint]))
    try:
        async with asyncio.timeout(within_s):
            return await waiter.outcome
    finally:
        server.should_exit = True
        await serving


class _QuietServer(uvicorn.Server):
    """Leaves signals to the command that waits."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class _Waiter:
    """Answers the one browser that brings something; everybody else finds nothing here."""

    def __init__(self, finish: Finish) -> None:
        self._finish = finish
        self.outcome: asyncio.Future[Connected] = asyncio.get_running_loop().create_future()
        self.asgi = Starlette(
            routes=[
                Route(CALLBACK, self.come_back),
                Route(f"{CALLBACK}/{{provider}}", self.come_back),
                Route("/style.css", style),
            ]
        )

    async def come_back(self, request: Request) -> Response:
        """Finish the consent, and tell the person as well as the command."""
        callback = Callback.of(request.url.path, request.url.query)
        try:
            connected = await self._finish(callback)
        except (CallError, ConfigError) as error:
            if getattr(error, "detail", {}).get("reason") != "unknown" and not self.outcome.done():
                self.outcome.set_exception(error)
            return problem("This cannot be done now", error)
        if not self.outcome.done():
            self.outcome.set_result(connected)
        account = connected.account
        return page(
            "Connected",
            tag(
                "p",
                f"{account.connection} is connected to {account.account_label or 'the account'}.",
                role="status",
            ),
            tag("p", "You can close this page."),
        )
