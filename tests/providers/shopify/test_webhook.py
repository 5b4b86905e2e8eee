"""Shopify's webhook as a whole: samples are signed as Shopify signs, believed, and read."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.providers.shopify import PROVIDER
from wirepost.providers.shopify.webhook import SAMPLES, WEBHOOK, read, sample
from wirepost.settings.webhooks import WebhookSettings
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Item, Secret, Terms, Unmapped

URL = "https://hooks.example.com/webhooks/shop"
NOW = 1764061200.0
TERMS = Terms((Secret("hush", "only"),), WebhookSettings())
GENUINE = Verified("signature", "shopify-sha256", "only")
BODY = (Path(__file__).parent / "payloads" / "orders.create.json").read_bytes()
HEADERS = {
    "X-Shopify-Topic": "orders/create",
    "X-Shopify-Shop-Domain": "acme.myshopify.com",
    "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
    "X-Shopify-Event-Id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
    "X-Shopify-Triggered-At": "2023-03-29T18:00:27.877041743Z",
}


def request(body: bytes = BODY, headers: dict[str, str] | None = None) -> Incoming:
    """What comes in."""
    given_headers = HEADERS if headers is None else headers
    return Incoming(
        "POST", URL, tuple((name.lower(), value) for name, value in given_headers.items()), body, NOW
    )


def only(found: Incoming) -> Item:
    """The one event of a genuine request."""
    (item,) = read(found, GENUINE, TERMS).items
    assert isinstance(item, Item)
    return item


def test_the_provider_loads_it() -> None:
    assert PROVIDER.sender is not None
    assert PROVIDER.sender.load() is WEBHOOK


def test_headers_say_which_event_it_was_and_when() -> None:
    item = only(request())
    assert item.time == pytest.approx(1680112827.877, abs=0.001)
    assert item.event_id == "98880550-7158-44d4-b7cd-2c97c8a091b5"
    assert item.key == "orders/create:98880550-7158-44d4-b7cd-2c97c8a091b5"
    assert (item.account, item.environment) == ("acme.myshopify.com", None)


def test_without_an_event_id_the_webhook_id_is_the_key() -> None:
    headers = {name: value for name, value in HEADERS.items() if "Event-Id" not in name}
    assert only(request(headers=headers)).key == "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"


def test_a_test_is_marked_as_one() -> None:
    assert only(request(headers=HEADERS | {"X-Shopify-Test": "true"})).environment == "test"


def test_newer_headers_have_no_prefix() -> None:
    assert only(request(headers={name[2:]: value for name, value in HEADERS.items()})) == only(request())


@pytest.mark.parametrize("kind", sorted(SAMPLES))
async def test_a_sample_is_signed_as_shopify_signs_and_believed(kind: str) -> None:
    headers, body = sample(kind, {})
    assert WEBHOOK.sign is not None
    signed = dict(WEBHOOK.sign(headers, body, URL, "hush", NOW))
    verified = await WEBHOOK.scheme.verify(request(body, signed), TERMS)
    assert (verified.by, verified.is_id_signed) == ("signature", False)
    item = only(request(body, signed))
    assert (item.provider_type, item.environment) == (kind, "test")
    with pytest.raises(Rejected):
        await WEBHOOK.scheme.verify(request(body + b" ", signed), TERMS)
    again_headers, again = sample(kind, {})
    assert again != body
    assert only(request(again, dict(again_headers))).key != item.key


def test_a_sample_is_found_by_our_name_and_takes_other_values() -> None:
    headers, body = sample("order.paid", {"total_price": "5.00", "line_items.0.title": "Hat"})
    item = only(request(body, dict(headers)))
    assert (item.data["total"], item.data["line_items"][0]["title"]) == ("5.00", "Hat")
    assert item.data["financial_status"] == "paid"
    with pytest.raises(ValueError, match="orders/create"):
        sample("order.eaten", {})


@pytest.mark.parametrize("missing", ["X-Shopify-Topic", "X-Shopify-Shop-Domain"])
def test_a_request_without_topic_or_shop_is_unmapped(missing: str) -> None:
    with pytest.raises(Unmapped):
        read(
            request(headers={name: value for name, value in HEADERS.items() if name != missing}),
            GENUINE,
            TERMS,
        )


def test_a_header_that_came_twice_is_not_chosen_from() -> None:
    twice = (("x-shopify-topic", "orders/create"), ("x-shopify-topic", "orders/paid"))
    with pytest.raises(Unmapped):
        read(Incoming("POST", URL, twice, BODY, NOW), GENUINE, TERMS)


@given(
    st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(orjson.dumps),
    st.dictionaries(st.sampled_from(sorted(HEADERS)), st.text(max_size=20)),
)
def test_any_request_is_read_or_unmapped(body: bytes, headers: dict[str, str]) -> None:
    with suppress(Unmapped):
        assert only(request(body, HEADERS | headers)).type
