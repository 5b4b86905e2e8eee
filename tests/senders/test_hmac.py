"""Whatever comes with a signature as the settings describe it."""

from __future__ import annotations

from typing import Any

import pytest

from support.handshakes import answered
from support.payloads import items, only
from support.signatures import incoming, terms_with, vector
from wirepost.senders.hmac import WEBHOOK
from wirepost.webhooks.webhook import Unmapped

SIGNED: dict[str, Any] = {"header": "X-Signature"}
PLACED: dict[str, Any] = {"hmac": SIGNED, "id_header": "X-Delivery", "id_pointer": "/meta/id"}


async def test_a_signed_text_is_genuine_and_no_event() -> None:
    _, request, terms = vector("generic_hmac-001")
    with pytest.raises(Unmapped):
        await answered(WEBHOOK, request, terms)


def test_the_id_stands_where_the_settings_say() -> None:
    body = {"type": "stock.low", "meta": {"id": "m-1"}}
    assert only("hmac", body, {"X-Delivery": "d-1"}, **PLACED).key == "d-1"
    assert only("hmac", body, **PLACED).key == "m-1"
    assert only("hmac", body, {"X-Delivery": "d-1"}, hmac=SIGNED).key is None
    assert only("hmac", {"type": "stock.low", "id": "c-1"}, **PLACED).key is None


def test_events_of_one_request_do_not_share_the_id_of_its_header() -> None:
    parts = [{"meta": {"id": "m-1"}}, {"meta": {"id": "m-2"}}, {}]
    found = items("hmac", parts, {"X-Delivery": "d-1"}, **PLACED)
    assert [item.key for item in found] == ["m-1", "m-2", None]


async def test_what_is_signed_for_trying_is_believed() -> None:
    from wirepost.webhooks.schemes.generic import scheme_of

    terms = terms_with("s", **PLACED)
    assert terms.settings.hmac is not None
    body = b'{"type":"stock.low"}'
    request = incoming(body, scheme_of(terms.settings.hmac).sign({}, body, "", "s", 0.0))
    assert (await WEBHOOK.scheme.verify(request, terms)).by == "signature"
