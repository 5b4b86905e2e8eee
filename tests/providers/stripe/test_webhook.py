"""Stripe's webhook as a whole: samples are signed as Stripe signs, believed, and read."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.providers.stripe import PROVIDER
from wirepost.providers.stripe.items import TYPES
from wirepost.providers.stripe.webhook import SAMPLES, WEBHOOK, read, sample
from wirepost.settings.webhooks import WebhookSettings
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Item, Secret, Terms, Unmapped

URL = "https://hooks.example.com/webhooks/stripe-live"
NOW = 1764061200.0
TERMS = Terms((Secret("whsec_test", "only"),), WebhookSettings())
GENUINE = Verified("signature", "stripe-v1", "only", is_id_signed=True)


def request(body: bytes, headers: dict[str, str] | None = None) -> Incoming:
    """What comes in."""
    plain = tuple((name.lower(), value) for name, value in (headers or {}).items())
    return Incoming("POST", URL, plain, body, NOW)


def only(body: bytes) -> Item:
    """The one event of a genuine body."""
    (item,) = read(request(body), GENUINE, TERMS).items
    assert isinstance(item, Item)
    return item


def test_the_provider_loads_it() -> None:
    assert PROVIDER.sender is not None
    assert PROVIDER.sender.load() is WEBHOOK


@pytest.mark.parametrize("kind", sorted(SAMPLES))
async def test_a_sample_is_signed_as_stripe_signs_and_believed(kind: str) -> None:
    headers, body = sample(kind, {})
    assert WEBHOOK.sign is not None
    signed = request(body, dict(WEBHOOK.sign(headers, body, URL, "whsec_test", NOW)))
    verified = await WEBHOOK.scheme.verify(signed, TERMS)
    assert (verified.by, verified.is_id_signed) == ("signature", True)
    (item,) = read(signed, verified, TERMS).items
    assert isinstance(item, Item)
    assert item.provider_type == kind
    with pytest.raises(Rejected):
        await WEBHOOK.scheme.verify(request(body[:-1], dict(signed.headers)), TERMS)


def test_every_sample_is_an_event_of_its_own() -> None:
    assert only(sample("invoice.paid", {})[1]).key != only(sample("invoice.paid", {})[1]).key


def test_a_sample_is_found_by_our_name_too() -> None:
    named = only(sample("payment.refunded", {"data.object.currency": "eur"})[1])
    assert (named.provider_type, named.data["currency"]) == ("charge.refunded", "eur")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("payment_intent.payment_failed", "failure", "insufficient_funds"),
        ("charge.dispute.closed", "status", "lost"),
        ("invoice.voided", "status", "void"),
        ("payout.failed", "failure", "account_closed"),
    ],
)
def test_a_sample_made_of_another_is_true_to_its_type(kind: str, field: str, value: str) -> None:
    item = only(sample(kind, {})[1])
    assert (item.type, item.data[field]) == (TYPES[kind], value)
    assert "changed" not in item.data


def test_an_unknown_type_or_path_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"invoice\.paid"):
        sample("invoice.eaten", {})
    with pytest.raises(ValueError, match=r"data\.subject"):
        sample("invoice.paid", {"data.subject.id": "x"})


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"{", b"\xff{}", b"{}", b"[" * 100_000])
def test_a_body_that_is_no_event_is_unmapped(body: bytes) -> None:
    with pytest.raises(Unmapped):
        read(request(body), GENUINE, TERMS)


@given(st.binary(max_size=300) | st.recursive(st.none() | st.text(), st.lists).map(orjson.dumps))
def test_any_body_is_read_or_unmapped(body: Any) -> None:
    with suppress(Unmapped):
        assert only(body).key
