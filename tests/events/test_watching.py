"""Lines for programs that watch: short, merged in bursts, caught up within a day, never a gap unsaid."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.occurred import event, stored
from wirepost.events.filters import Filter
from wirepost.events.reading import LogReader
from wirepost.events.watching import CATCH_UP_S, MOST_LINES, Watching, _line, merged


@pytest.fixture
def watching(log, clock):
    """Watches everything."""
    return Watching(LogReader(log), lambda _: True, clock)


def told(lines):
    return [json.loads(each) for each in lines]


async def test_news_come_once_from_the_position_on(watching, log, clock):
    now = clock.now().timestamp()
    await stored(log, event(received_at=now, subject="charge/ch_0"))
    position = await watching.begin()
    assert (await watching.look(position)).lines == []
    (new,) = await stored(log, event(received_at=now, subject="charge/ch_1"))
    news = await watching.look(position)
    assert told(news.lines) == [
        {
            "id": new.id,
            "type": "payment.refunded",
            "source": "stripe-live",
            "subject": "charge/ch_1",
            "environment": "production",
            "summary": "payment.refunded: charge ch_1, 49.00 EUR",
        }
    ]
    assert (await watching.look(news.position)).lines == []


async def test_only_what_is_wanted_is_told(log, clock):
    now = clock.now().timestamp()
    picky = Watching(LogReader(log), Filter(types=("order.*",)).matches, clock)
    await stored(log, event(received_at=now), event(received_at=now, type="order.created", subject="order/1"))
    news = await picky.look(0)
    assert [each["type"] for each in told(news.lines)] == ["order.created"]


async def test_after_a_pause_a_day_is_caught_up_and_what_is_older_is_said_to_be_missing(watching, log, clock):
    now = clock.now().timestamp()
    (old,) = await stored(log, event(received_at=now, subject="charge/ch_old"))
    clock.advance(CATCH_UP_S / 2)
    (young,) = await stored(log, event(received_at=clock.now().timestamp(), subject="charge/ch_young"))
    clock.advance(CATCH_UP_S / 2 + 60)
    first, second = told((await watching.look(0)).lines)
    assert first["truncated"] is True
    assert (second["id"], old.seq < young.seq) == (young.id, True)


async def test_a_burst_about_one_thing_is_one_line(watching, log, clock):
    now = clock.now().timestamp()
    events = await stored(log, *(event(received_at=now) for _ in range(5)))
    (line,) = told((await watching.look(0)).lines)
    assert (line["id"], line["merged"]) == (events[-1].id, 5)


async def test_a_burst_about_many_things_is_one_line_for_each_type(watching, log, clock):
    now = clock.now().timestamp()
    refunds = [event(received_at=now, subject=f"charge/ch_{number}") for number in range(MOST_LINES)]
    await stored(log, *refunds, event(received_at=now, type="order.created", subject="order/1"))
    lines = told((await watching.look(0)).lines)
    assert [(each["type"], each.get("merged")) for each in lines] == [
        ("payment.refunded", MOST_LINES),
        ("order.created", None),
    ]


def test_as_many_lines_as_are_allowed_stay_apart():
    events = [event(subject=f"charge/ch_{number}") for number in range(MOST_LINES)]
    assert [count for _, count in merged(events)] == [1] * MOST_LINES


@given(st.text(max_size=280), st.text(max_size=200), st.text(max_size=200), st.text(max_size=200))
def test_no_line_is_longer_than_four_hundred_characters(summary, subject, kind, source):
    odd = event(
        summary=summary.encode("utf-8", "ignore").decode(),
        subject=subject.encode("utf-8", "ignore").decode(),
        type=kind.encode("utf-8", "ignore").decode(),
        source=source.encode("utf-8", "ignore").decode(),
    )
    line = _line(odd, 3)
    assert len(line) <= 400
    assert "\n" not in line
    assert json.loads(line)["id"] == odd.id
