"""Webhook endpoints by Stripe's API, as its description has it."""

from __future__ import annotations

from typing import Any

from wirepost.providers.stripe.manage import StripeManagement
from wirepost.webhooks.manage import Hook

URL = "https://hooks.example.com/webhooks/stripe-live"


async def test_endpoints_are_listed_with_their_state(stripe: Any) -> None:
    rows = [
        stripe.sample("webhook_endpoint", id="we_1", url=URL, enabled_events=["*"], status="enabled"),
        stripe.sample("webhook_endpoint", id="we_2", enabled_events=["invoice.paid"], status="disabled"),
    ]
    stripe.listing("/v1/webhook_endpoints", *rows)
    first, second = await StripeManagement(stripe.client(may_write=False)).hooks()
    assert first == Hook("we_1", URL, [])
    assert (second.types, second.is_active, second.note) == (
        ["invoice.paid"],
        False,
        "Stripe says that it is disabled",
    )


async def test_a_new_endpoint_brings_its_secret(stripe: Any) -> None:
    row = stripe.sample("webhook_endpoint", id="we_1", url=URL, secret="whsec_made_by_stripe")
    stripe.stub("POST", "/v1/webhook_endpoints", row)
    hook = await StripeManagement(stripe.client()).create(URL, ["charge.refunded"], None)
    assert hook.secret == "whsec_made_by_stripe"
    assert "whsec" not in repr(hook)
    assert stripe.last["body"]["enabled_events"] == ["charge.refunded"]
    assert stripe.last["body"]["api_version"] == "2026-10-28.endive"
    assert stripe.last["headers"]["idempotency-key"]


async def test_no_types_are_all_types(stripe: Any) -> None:
    stripe.stub("POST", "/v1/webhook_endpoints", stripe.sample("webhook_endpoint", url=URL))
    await StripeManagement(stripe.client()).create(URL, [], None)
    assert stripe.last["body"]["enabled_events"] == ["*"]


async def test_a_disabled_endpoint_is_made_active(stripe: Any) -> None:
    row = stripe.sample("webhook_endpoint", id="we_1", url=URL, status="enabled")
    stripe.stub("POST", "/v1/webhook_endpoints/we_1", row)
    hook = await StripeManagement(stripe.client()).repair(Hook("we_1", URL, []), ["invoice.paid"], None)
    assert hook.is_active
    assert stripe.last["body"]["enabled_events"] == ["invoice.paid"]
    assert str(stripe.last["body"]["disabled"]).lower() == "false"


async def test_an_endpoint_is_removed(stripe: Any) -> None:
    await StripeManagement(stripe.client()).remove(Hook("we_1", URL, []))
    assert (stripe.last["method"], stripe.last["path"]) == ("DELETE", "/v1/webhook_endpoints/we_1")
