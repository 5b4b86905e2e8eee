"""Buttons: a press acknowledges one event of one subscription, if it is a real press of a real button."""

from __future__ import annotations

from typing import Any

import pytest

from support.occurred import event, stored
from support.sinks import Desk, Listed, outgoing
from wirepost.core.signing import Signer
from wirepost.events.acknowledge import Acknowledgements
from wirepost.events.event import Event
from wirepost.events.matching import Matcher
from wirepost.events.normalise import tidied
from wirepost.events.personal import Personal
from wirepost.events.subscriptions import Subscription
from wirepost.notifications.sinks.buttons import NAME, ButtonsSink, subscribe
from wirepost.notifications.sinks.slack import ACKNOWLEDGE

SIGNER = Signer(b"secret of the tests")
PULL = Listed("pull")


def acknowledgements(desk: Desk) -> Acknowledgements:
    return Acknowledgements(desk.database, desk.deliveries, desk.clock)


@pytest.fixture
def buttons(desk: Desk) -> ButtonsSink:
    return ButtonsSink(SIGNER, acknowledgements(desk))


def press(value: str, **fields: Any) -> Event:
    """What becomes of a click in Slack (its `block_actions` payload)."""
    told: dict[str, Any] = {
        "source": "slack",
        "type": "slack.block_actions",
        "summary": "Block actions by U061F7AUR",
        "subject": "C1/1795600800.000000",
        "actor": {"kind": "human", "id": "U061F7AUR"},
        "data": {"actions": [{"action_id": ACKNOWLEDGE, "type": "button", "value": value}]},
    }
    return event(**(told | fields))


async def waiting(desk: Desk) -> tuple[Subscription, Event]:
    """An event that somebody could pull and was told of in Slack."""
    subscription = await desk.subscription(deliver=["pull"], types=["payment.*"])
    (one,) = await stored(desk.log, event())
    await desk.deliver(subscription, PULL, one)
    return subscription, one


async def pressed(desk: Desk, buttons: ButtonsSink, *presses: Event) -> None:
    """Have presses matched and brought."""
    await subscribe(desk.subscriptions)
    await stored(desk.log, *presses)
    matcher = Matcher(desk.log, desk.deliveries, desk.clock, max_waiting=100)
    while await matcher.step():
        pass
    await desk.deliverer(buttons).turn(NAME)


async def test_a_press_acknowledges_the_event(desk: Desk, buttons: ButtonsSink) -> None:
    subscription, one = await waiting(desk)
    value = buttons.value(outgoing(one, subscription_id=subscription.id))
    assert len(value) <= 2000, "Slack takes no more"
    kept, _ = tidied(press(value).data, Personal())
    assert kept == press(value).data, "what is stored of a press still has it"
    await pressed(desk, buttons, press(value), press(value))
    ((state, _, reason), *_) = await desk.states(PULL)
    assert state == "done"
    assert "U061F7AUR" in (reason or "")
    assert [state for state, *_ in await desk.states(buttons)] == ["done", "done"], "twice changes nothing"


@pytest.mark.parametrize("how", ["forged", "unsigned", "other button", "no button"])
async def test_nothing_else_does(desk: Desk, buttons: ButtonsSink, how: str) -> None:
    subscription, one = await waiting(desk)
    out = outgoing(one, subscription_id=subscription.id)
    value = buttons.value(out)
    forged = {
        "forged": press(ButtonsSink(Signer(b"another"), acknowledgements(desk)).value(out)),
        "unsigned": press(value, verified="none"),
        "other button": press(value, data={"actions": [{"action_id": "approve", "value": value}]}),
        "no button": press(value, data={}),
    }[how]
    await pressed(desk, buttons, forged)
    assert [state for state, *_ in await desk.states(PULL)] == ["pending"]
    assert [state for state, *_ in await desk.states(buttons)] == ["dropped"]
