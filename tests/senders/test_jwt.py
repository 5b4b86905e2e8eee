"""Whatever comes with a signed token."""

from __future__ import annotations

from support.handshakes import answered
from support.payloads import only
from support.signatures import vector
from wirepost.senders.jwt import WEBHOOK
from wirepost.webhooks.webhook import Reading


async def test_the_token_lets_it_in() -> None:
    _, request, terms = vector("jwt-006")
    found = await answered(WEBHOOK, request, terms)
    assert isinstance(found, Reading)
    assert len(found.items) == 1


def test_an_object_is_an_event() -> None:
    item = only(
        "jwt", {"type": "stock.low", "data": {"id": "A-1", "left": 3}, "time": "2026-11-25T09:00:00Z"}
    )
    assert (item.type, item.subject) == ("jwt.stock.low", "stock/A-1")
    assert item.time == 1_795_597_200.0
    assert item.data == {"id": "A-1", "left": 3}
