"""Whatever comes with a token that both sides know."""

from __future__ import annotations

import pytest

from support.handshakes import answered
from support.payloads import items, only
from support.signatures import incoming, terms_with
from wirepost.senders.bearer import WEBHOOK
from wirepost.webhooks.verdict import Rejected
from wirepost.webhooks.webhook import Reading

TOKEN = "mF_9.B5f-4.1JqM"


async def test_the_token_lets_it_in() -> None:
    request = incoming(b'{"type":"stock.low"}', {"Authorization": f"Bearer {TOKEN}"})
    found = await answered(WEBHOOK, request, terms_with("newer", TOKEN))
    assert isinstance(found, Reading)
    with pytest.raises(Rejected):
        await answered(WEBHOOK, request, terms_with("other"))


def test_the_id_stands_where_the_settings_say() -> None:
    body = {"type": "stock.low", "meta": {"id": "m-1"}}
    assert only("bearer", body, {"X-Delivery": "d-1"}, id_header="X-Delivery").key == "d-1"
    assert only("bearer", body, id_header="X-Delivery", id_pointer="/meta/id").key == "m-1"


def test_each_object_is_an_event_without_an_id() -> None:
    first, second = items("bearer", [{"type": "stock.low", "sku": "A-1", "left": 3}, {"event": "stock.out"}])
    assert (first.type, first.provider_type, first.key) == ("bearer.stock.low", "stock.low", None)
    assert first.data == {"type": "stock.low", "sku": "A-1", "left": 3}
    assert first.untrusted == ("type", "sku")
    assert first.summary == "Bearer token: stock.low"
    assert second.type == "bearer.stock.out"
