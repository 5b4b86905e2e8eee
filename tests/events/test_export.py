"""Events as lines that other programs read."""

from __future__ import annotations

import json

from support.occurred import event, stored
from wirepost.events.export import exported


async def test_every_event_is_a_line_oldest_first(log):
    made = await stored(log, *(event() for _ in range(401)))
    lines = [json.loads(line) async for line in exported(log)]
    assert [line["id"] for line in lines] == [each.id for each in made]
    assert lines[0]["summary"] == made[0].summary


async def test_cloud_events_have_what_the_specification_asks_for(log):
    (made,) = await stored(log, event())
    (line,) = [json.loads(line) async for line in exported(log, form="cloudevents")]
    assert (line["specversion"], line["id"], line["type"]) == ("1.0", made.id, made.type)
    assert all(name.isalnum() and name.islower() for name in line)


async def test_what_does_not_fit_is_left_out(log):
    first, second = await stored(log, event(type="a.b"), event(type="c.d"))
    found = [line async for line in exported(log, after=0, fits=lambda each: each.type == "c.d")]
    assert [json.loads(line)["id"] for line in found] == [second.id]
    assert first.id.encode() not in found[0]
