"""Square's events about one object."""

from __future__ import annotations

import pytest

from support.payloads import instant, only
from wirepost.senders.square import TYPES

# The members that Square's webhook documentation describes.
PAYMENT = {
    "merchant_id": "6SSW7HV8K2ST5",
    "type": "payment.updated",
    "event_id": "6a8f5f28-54a1-4eb0-a98a-3111513fd4fc",
    "created_at": "2020-02-06T21:27:34.308Z",
    "data": {
        "type": "payment",
        "id": "hYy9pRFVxpDsO1FB05SunFWUe9JZY",
        "object": {
            "payment": {
                "id": "hYy9pRFVxpDsO1FB05SunFWUe9JZY",
                "status": "COMPLETED",
                "amount_money": {"amount": 100, "currency": "USD"},
                "customer_id": "C-1",
            }
        },
    },
}


def test_a_payment_is_read() -> None:
    item = only("square", PAYMENT)
    assert (item.type, item.provider_type) == ("square.payment.updated", "payment.updated")
    assert item.subject == "payment/hYy9pRFVxpDsO1FB05SunFWUe9JZY"
    assert item.time == instant("2020-02-06T21:27:34.308Z")
    assert item.account == "6SSW7HV8K2ST5"
    assert (item.key, item.event_id) == ("6a8f5f28-54a1-4eb0-a98a-3111513fd4fc",) * 2
    assert (item.data["amount"], item.data["currency"], item.data["status"]) == ("1.00", "usd", "COMPLETED")


def test_a_test_notification_has_no_object() -> None:
    # As it is signed in Square's documentation.
    body = (
        b'{"merchant_id":"MLEFBHHSJGVHD","type":"webhooks.test_notification",'
        b'"event_id":"ac3ac95b-f97d-458c-a6e6-18981597e05f","data":{"type":"webhooks","id":"bc368e64"}}'
    )
    item = only("square", body)
    assert (item.type, item.subject, item.data) == (
        "square.webhooks.test_notification",
        "webhooks/bc368e64",
        {},
    )


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_each_type_of_the_table_has_our_word(kind: str) -> None:
    assert not only("square", {**PAYMENT, "type": kind}).type.startswith("square.")
