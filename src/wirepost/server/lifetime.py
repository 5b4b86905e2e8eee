"""What holds from the moment clients can connect to the end of the process, however it is served."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wirepost.app import App
    from wirepost.server.events import EventSide

COLLECT_AFTER = 20_000
"""Objects more than there were at the last collection, after which garbage is looked for in the young ones.

At Python's own 700, each burst of requests is looked through while it waits for the disk, though next to none
of it is in cycles: a tenth of the processor time of taking webhooks.
"""


SETTLE_S = 1.0
"""Before house is kept for the first time: the client that started the server does not wait for that."""


@asynccontextmanager
async def in_operation(app: App, side: EventSide) -> AsyncIterator[None]:
    """Let the app keep house, and garbage be collected again where start-up had switched that off.

    What start-up made stays, so the collector need never look at it (looking once would take 70 ms).
    """
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
    gc.enable()
    housekeeping = asyncio.create_task(_keep_house(app), name="housekeeping")
    try:
        async with app.hub.at_work(views=side.run):
            yield
    finally:
        housekeeping.cancel()


async def _keep_house(app: App) -> None:
    await app.clock.sleep(SETTLE_S)
    await app.keep_house()
