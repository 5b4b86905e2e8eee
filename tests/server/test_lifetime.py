"""From the first answer to the end of the process."""

from __future__ import annotations

import asyncio
import gc
from types import SimpleNamespace

from wirepost.server.lifetime import in_operation


async def test_house_is_kept_as_long_as_it_serves_and_garbage_is_collected_again():
    events = []

    async def keep_house() -> None:
        events.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            events.append("ended")

    gc.disable()
    try:
        async with in_operation(SimpleNamespace(keep_house=keep_house)):
            assert gc.isenabled()
            while not events:
                await asyncio.to_thread(events.copy)
    finally:
        gc.enable()
        gc.unfreeze()
    await asyncio.to_thread(events.copy)
    assert events == ["begun", "ended"]
