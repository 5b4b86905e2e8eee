"""Objects of Shopify in events: what is odd is left out, long lists end, times are in UTC."""

from __future__ import annotations

from typing import Any

import pytest

from wirepost.providers.shopify.objects import MAX_ROWS, SHAPES, shown, time_of


def test_times_are_in_utc_or_nothing() -> None:
    assert time_of("2021-12-31T19:00:00-05:00") == "2022-01-01T00:00:00Z"
    assert [time_of(value) for value in (None, 5, "yesterday", "2021-12-31")] == [None] * 4


def test_long_lists_end() -> None:
    fields, untrusted = shown("order", {"line_items": [{"sku": str(n)} for n in range(MAX_ROWS + 5)]})
    assert len(fields["line_items"]) == MAX_ROWS
    assert untrusted == ("line_items[].title", "line_items[].sku")


def test_a_refund_tells_what_was_paid_back() -> None:
    transaction = {
        "id": 1,
        "kind": "refund",
        "status": "success",
        "amount": "41.94",
        "currency": "CAD",
        "x": {},
    }
    fields, untrusted = shown(
        "refund", {"id": 509562969, "order_id": 450789469, "transactions": [transaction]}
    )
    assert fields == {
        "id": "509562969",
        "order": "450789469",
        "transactions": [{"kind": "refund", "status": "success", "amount": "41.94", "currency": "CAD"}],
    }
    assert untrusted == ()


def test_nothing_that_opens_a_door_is_shown() -> None:
    raw = {
        "token": "123456abcd",
        "cart_token": "cart",
        "checkout_token": "checkout",
        "order_status_url": "https://acme.myshopify.com/orders/x",
        "abandoned_checkout_url": "https://acme.myshopify.com/checkouts/x",
        "invoice_url": "https://acme.myshopify.com/invoices/x",
        "browser_ip": "192.0.2.1",
    }
    for kind in (*SHAPES, "something else"):
        assert shown(kind, raw)[0] == {}


@pytest.mark.parametrize("odd", [None, [], "x", [None, 1, "x"], {"a": 1}])
@pytest.mark.parametrize("kind", sorted(SHAPES))
def test_a_member_that_is_no_list_of_objects_is_left_out(kind: str, odd: Any) -> None:
    fields, _ = shown(kind, dict.fromkeys(SHAPES[kind].rows, odd))
    assert fields == {}
