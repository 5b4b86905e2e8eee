"""Whatever comes with user and password."""

from __future__ import annotations

import pytest

from support.handshakes import answered
from support.payloads import only
from support.signatures import incoming, terms_with
from wirepost.senders.basic import WEBHOOK
from wirepost.webhooks.verdict import Rejected
from wirepost.webhooks.webhook import Reading


async def test_user_and_password_let_it_in() -> None:
    # RFC 7617, section 2.
    request = incoming(b'{"type":"stock.low"}', {"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="})
    assert isinstance(await answered(WEBHOOK, request, terms_with("Aladdin:open sesame")), Reading)
    with pytest.raises(Rejected):
        await answered(WEBHOOK, request, terms_with("Aladdin:close sesame"))


def test_a_form_is_read_like_an_object() -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    item = only("basic", b"type=stock.low&sku=A+1&note=", headers)
    assert (item.type, item.data) == ("basic.stock.low", {"type": "stock.low", "sku": "A 1", "note": ""})
    assert set(item.untrusted) == {"type", "sku", "note"}
