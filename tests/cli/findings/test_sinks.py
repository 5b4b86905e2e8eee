"""Findings about ways out: an operator sees which one fails, and what has to be sent again."""

from __future__ import annotations

import pytest

from support.occurred import delivered
from support.operating import operate, receive, shop
from support.receiving import refund
from wirepost.cli.findings.sinks import sinks
from wirepost.notifications.history import History

HOOK = 'sinks: {http: {hook: {url: "https://example.com/hook", secret: "env:HOOK_SECRET"}}}\n'


async def _seen(opened):
    return [(each.status, each.what, each.fix) async for each in sinks(opened)]


async def _sent(opened, *outcomes):
    """One event for the sink `hook`, tried once for each outcome, and taken by nobody."""
    await receive(opened, refund(1))
    (event,) = await opened.hub.events.after(0, 10)
    to, now = await opened.subscription("refunds"), opened.clock.now().timestamp()
    await delivered(opened.database, to.id, "hook", event, now=now)
    history = History(opened.database, opened.clock)
    for outcome in outcomes:
        (delivery,) = await opened.hub.deliveries.claim("hook", holder="me", lease_s=60, limit=1)
        await history.record(delivery, at=now - 7200, took_s=1, outcome=outcome, details={})
        await opened.hub.deliveries.retry(delivery, "me", now, outcome)
    return to.id


@pytest.fixture(autouse=True)
def configured(home, configure):
    configure(shop(home, HOOK))


def test_a_sink_that_works_is_said():
    assert operate(_seen) == [("ok", "hook: nothing has failed in a day", None)]


def test_a_sink_that_is_down_is_seen_while_it_is_tried_again():
    async def work(opened):
        await _sent(opened, "unreachable", "answered 503", "unreachable")
        return await _seen(opened)

    assert operate(work) == [
        (
            "warning",
            "hook: 3 attempts failed in a day, the last 2.0 h ago (answered 503, unreachable)",
            "look whether the other side answers",
        )
    ]


def test_what_was_given_up_is_named_with_the_command_that_lists_it(cli):
    async def work(opened):
        await _sent(opened)
        (delivery,) = await opened.hub.deliveries.claim("hook", holder="me", lease_s=60, limit=1)
        await opened.hub.deliveries.dead(delivery, "me", "answered 404")
        return await _seen(opened)

    assert operate(work) == [
        ("warning", "hook: 1 deliveries were given up", "wirepost events dead list --sink hook")
    ]
    report = cli("doctor", "sinks")
    assert "hook: 1 deliveries were given up" in report.out
    assert "answered 404" in cli("events", "dead", "list", "--sink", "hook").out


def test_what_nobody_acknowledged_is_seen_although_it_is_no_sink():
    async def work(opened):
        await receive(opened, refund(1))
        (event,) = await opened.hub.events.after(0, 10)
        to, now = await opened.subscription("refunds"), opened.clock.now().timestamp()
        await delivered(opened.database, to.id, "pull", event, now=now)
        (delivery,) = await opened.hub.deliveries.claim("pull", holder="me", lease_s=60, limit=1)
        await opened.hub.deliveries.dead(delivery, "me", None)
        return [each async for each in sinks(opened)]

    first, second = operate(work)
    assert (first.status, second.what) == ("ok", "pull: 1 deliveries were given up")
    assert second.why == "nobody acknowledged them"
