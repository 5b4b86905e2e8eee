"""`exported()`: events as lines of JSON, in our words or as CloudEvents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Literal

import orjson

from wirepost.events.event import cloud_event

if TYPE_CHECKING:
    from wirepost.events.event import Event
    from wirepost.events.log import EventLog

PAGE = 200


async def exported(
    log: EventLog,
    *,
    form: Literal["json", "cloudevents"] = "json",
    after: int = 0,
    fits: Callable[[Event], bool] = lambda _: True,
) -> AsyncIterator[bytes]:
    """Every event after a position that fits, oldest first, each a line."""
    while events := await log.after(after, PAGE):
        for event in events:
            if fits(event):
                shown = cloud_event(event) if form == "cloudevents" else event.shown()
                yield orjson.dumps(shown, option=orjson.OPT_APPEND_NEWLINE)
        after = events[-1].seq
