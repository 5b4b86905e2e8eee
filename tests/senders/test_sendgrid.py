"""SendGrid's batches, each event with its own id."""

from __future__ import annotations

import orjson

from support.payloads import instant, items, only, payload, reading
from wirepost.webhooks.webhook import Unreadable

DROPPED = payload("sendgrid/dropped.batch.json")


def test_a_dropped_mail_is_read() -> None:
    item = only("sendgrid", DROPPED)
    message = "LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0"
    assert (item.type, item.provider_type) == ("sendgrid.dropped", "dropped")
    assert item.subject == f"message/{message}"
    assert item.time == instant("2020-09-14T19:41:32Z")
    assert (item.key, item.event_id) == ("ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",) * 2
    assert item.data == {"email": "hello@example.com", "message_id": message, "reason": "Bounced Address"}
    assert "reason" in item.untrusted


def test_each_event_of_a_batch_has_its_own_key_and_a_bad_one_spoils_none() -> None:
    (event,) = orjson.loads(DROPPED)
    batch = [event, {**event, "sg_event_id": "2"}, {"email": "x"}, {**event, "sg_event_id": "3"}]
    found = reading("sendgrid", batch).items
    assert found[2] == Unreadable("has no event", 2)
    assert len({item.key for item in items("sendgrid", [batch[0], batch[1], batch[3]])}) == 3
