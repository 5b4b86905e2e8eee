"""What holds for every Stripe tool: its declaration, its requests, what its results leave out."""

from __future__ import annotations

import re

import pytest

from wirepost.providers import load_provider
from wirepost.tools import schema
from wirepost.tools.jobs import Started
from wirepost.tools.results import Page
from wirepost.tools.tool import Risk

PROVIDER = load_provider("stripe")
TOOLS = {tool.name: tool for tool in PROVIDER.tools}
ITEM = {"price": "price_1", "quantity": 2}

# One call of each tool with every argument it has, so that the description sees each of them at least once.
FULL = {
    "stripe_find_customers": {"email": "a@b.de", "query": "Kim", "metadata": [{"name": "a", "value": "b"}]},
    "stripe_get_customer": {
        "customer": "cus_1", "include": ["subscriptions", "payment_methods", "open_invoices", "balance"]
    },
    "stripe_save_customer": {
        "customer": "cus_1", "email": "a@b.de", "name": "Kim", "phone": "+49", "description": "d",
        "metadata": [{"name": "a", "value": "b"}],
    },
    "stripe_list_payments": {
        "customer": "cus_1", "status": "succeeded", "created_after": "-7d", "created_before": "now",
        "amount_min": "1", "amount_max": "2", "currency": "eur",
    },
    "stripe_get_payment": {"payment": "pi_1"},
    "stripe_create_refund": {
        "payment": "pi_1", "amount": "1.00", "currency": "eur", "refund_reason": "fraudulent",
        "metadata": [{"name": "a", "value": "b"}],
    },
    "stripe_list_refunds": {"payment": "pi_1", "created_after": "-7d"},
    "stripe_list_invoices": {
        "customer": "cus_1", "subscription": "sub_1", "status": "open", "due_before": "now"
    },
    "stripe_get_invoice": {"invoice": "in_1", "include_lines": True},
    "stripe_create_invoice": {
        "customer": "cus_1", "currency": "usd", "days_until_due": 7, "memo": "m",
        "items": [ITEM, {"description": "d", "amount": "1.00"}],
    },
    "stripe_send_invoice": {"invoice": "in_1"},
    "stripe_void_invoice": {"invoice": "in_1"},
    "stripe_list_subscriptions": {"customer": "cus_1", "price": "price_1", "status": "all"},
    "stripe_change_subscription": {
        "subscription": "sub_1", "proration": "always_invoice",
        "changes": [{"item": "si_1", **ITEM}, {"item": "si_1", "remove": True}, ITEM],
    },
    "stripe_cancel_subscription": {"subscription": "sub_1", "when": "now", "refund_unused": True},
    "stripe_list_prices": {"product_contains": "shirt", "currency": "usd", "active": True, "recurring": True},
    "stripe_create_payment_link": {
        "items": [ITEM], "after_url": "https://shop.example", "limit_to_one": True
    },
    "stripe_get_balance": {},
    "stripe_list_transactions": {
        "type": "charge", "payout": "po_1", "created_after": "-7d", "created_before": "now"
    },
    "stripe_list_disputes": {"payment": "pi_1", "status": "needs_response"},
    "stripe_respond_dispute": {
        "dispute": "dp_1", "evidence": [{"name": "receipt", "value": "file_1"}], "submit": True
    },
    "stripe_start_report": {
        "report_type": "balance.summary.1", "interval": {"start": "-30d", "end": "-2d"},
        "columns": ["category"],
    },
}  # fmt: skip


@pytest.fixture
def full(stripe_with):
    """A Stripe on which every call of `FULL` goes through, with secrets in whatever it answers."""
    stripe = stripe_with(accounts=["acct_1"])
    stripe.pays()
    subscription = stripe.sample(
        "subscription", id="sub_1", status="active", canceled_at=None, latest_invoice="in_1"
    )
    subscription["items"]["data"][0]["id"] = "si_1"
    stripe.stub("GET", "/v1/subscriptions/sub_1", subscription)
    link = "https://invoice.stripe.com/i/acct_1/secret_page"
    invoice = stripe.sample(
        "invoice",
        id="in_1",
        status="draft",
        customer_email="a@b.de",
        hosted_invoice_url=link,
        collection_method="send_invoice",
    )
    invoice["confirmation_secret"] = {"client_secret": "pi_1_secret_abc", "type": "payment_intent"}
    stripe.stub("GET", "/v1/invoices/in_1", invoice)
    stripe.stub("GET", "/v1/disputes/dp_1", stripe.sample("dispute", id="dp_1", status="needs_response"))
    run = stripe.sample("reporting.report_run", livemode=False, status="pending", result=None)
    stripe.stub("POST", "/v1/reporting/report_runs", run)
    stripe.listing("/v1/reporting/report_runs", run)
    return stripe


@pytest.mark.parametrize("name", TOOLS)
async def test_every_tool_sends_what_the_description_allows(full, name):
    tool, arguments = TOOLS[name], FULL[name] | {"account": "acct_1"}
    assert set(arguments) == set(tool.own_arguments)
    await full.run(tool, **arguments)
    if tool.planner:
        await full.plan(tool, **arguments)
    if tool.reconciler:
        await full.reconcile(tool, **arguments)
    assert {entry["headers"]["stripe-account"] for entry in full.seen()} == {"acct_1"}
    assert {entry["headers"]["stripe-version"] for entry in full.seen()} == {"2026-10-28.endive"}


@pytest.mark.parametrize("name", TOOLS)
async def test_every_write_on_a_post_carries_a_key_and_no_read_does(full, name):
    await full.run(TOOLS[name], **FULL[name])
    for entry in full.seen():
        is_keyed_write = entry["method"] == "POST"
        assert ("idempotency-key" in entry["headers"]) is is_keyed_write


@pytest.mark.parametrize("name", TOOLS)
async def test_no_result_holds_a_secret_or_a_link_that_was_not_asked_for(full, name):
    """12.2.3i: secret fields are absent from every result."""
    result = await full.run(TOOLS[name], **FULL[name])
    records = result.records if isinstance(result, Page) else [result]
    text = "".join(
        repr(record)
        if isinstance(record, Started)
        else record.model_dump_json(exclude={"url", "payment_page"})
        for record in records
    )
    assert not re.search(r"secret|fingerprint|AOB934RVNwzk6xtn|https?://|cvc|routing", text)


@pytest.mark.parametrize("name", TOOLS)
def test_every_tool_is_declared_in_full(name):
    tool = TOOLS[name]
    assert tool.scopes
    assert tool.example or not any(default is ... for _, default in tool.own_arguments.values())
    assert len(tool.summary) <= 100
    assert tool.summary.endswith(".")
    assert not tool.summary.startswith("This")
    assert schema.problems(name, tool.input_schema) == []
    tool.arguments_model.model_validate(tool.example)


@pytest.mark.parametrize("name", TOOLS)
def test_every_write_can_be_reconciled_and_every_risky_one_previewed(name):
    tool = TOOLS[name]
    assert (tool.reconciler is not None) is (tool.starts_job or not tool.risk.is_read)
    assert (tool.planner is not None) is tool.risk.has_preview


def test_risks_are_those_of_what_the_tools_do():
    by_risk = {risk: {name for name, tool in TOOLS.items() if tool.risk is risk} for risk in Risk}
    assert by_risk[Risk.WRITE] == {"stripe_save_customer", "stripe_create_invoice"}
    assert by_risk[Risk.MONEY] == {
        "stripe_create_refund",
        "stripe_send_invoice",
        "stripe_change_subscription",
        "stripe_create_payment_link",
    }
    assert by_risk[Risk.DESTRUCTIVE] == {
        "stripe_void_invoice",
        "stripe_cancel_subscription",
        "stripe_respond_dispute",
    }
    assert len(by_risk[Risk.READ]) == 13


@pytest.mark.parametrize(
    ("key", "environment"),
    [("rk_live_51abc", "production"), ("sk_test_51abc", "test"), ("pk_live_51abc", None), ("rk_live_", None)],
)
def test_a_key_tells_its_environment(key, environment):
    found = [env for pattern, env in PROVIDER.auth[0].environments.items() if re.fullmatch(pattern, key)]
    assert found == ([environment] if environment else [])
