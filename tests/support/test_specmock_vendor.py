"""The vendor's own library passes through the specification server: it sends what is described."""

from __future__ import annotations

import pytest

from support.clients import StripeCall, use_stripe
from support.specmock_fixture import SpecmockServer

pytestmark = pytest.mark.services("stripe")

CALLS: list[StripeCall] = [
    ("customers.list", [{"limit": 3, "email": "a@example.com"}], {}),
    ("customers.retrieve", ["cus_1", {"expand": ["subscriptions"]}], {}),
    ("customers.create", [{"email": "a@example.com", "metadata": {"crm": "7"}}], {"idempotency_key": "k1"}),
    ("customers.search", [{"query": "email:'a@example.com'"}], {}),
    ("payment_intents.list", [{"customer": "cus_1", "created": {"gte": 1767225600}}], {}),
    ("payment_intents.retrieve", ["pi_1", {"expand": ["latest_charge"]}], {}),
    ("refunds.create", [{"payment_intent": "pi_1", "amount": 100, "reason": "duplicate"}], {}),
    ("refunds.list", [{"payment_intent": "pi_1"}], {}),
    ("subscriptions.update", ["sub_1", {"items": [{"id": "si_1", "price": "price_1"}]}], {}),
    ("subscriptions.cancel", ["sub_1", {"prorate": True}], {}),
    ("invoices.create", [{"customer": "cus_1", "auto_advance": False}], {}),
    ("invoices.finalize_invoice", ["in_1"], {}),
    ("disputes.update", ["du_1", {"evidence": {"uncategorized_text": "x"}, "submit": False}], {}),
    ("balance.retrieve", [], {}),
    ("balance_transactions.list", [{"limit": 5}], {}),
    ("prices.list", [{"active": True, "expand": ["data.product"]}], {}),
    ("payment_links.create", [{"line_items": [{"price": "price_1", "quantity": 1}]}], {}),
]


async def test_the_vendors_library_passes_unchanged(specmock_server: SpecmockServer) -> None:
    results = await use_stripe(specmock_server.stripe, *CALLS)
    refused = {call[0]: result for call, result in zip(CALLS, results, strict=True) if "answer" not in result}
    assert refused == {}
    assert len(specmock_server.requests()) == len(CALLS)


async def test_the_vendors_library_reads_an_injected_error(specmock_server: SpecmockServer) -> None:
    specmock_server.stub(method="GET", path="/v1/balance", fault="429", times=1)
    (result,) = await use_stripe(specmock_server.stripe, ("balance.retrieve", [], {}))
    assert (result["status"], result["kind"]) == (429, "RateLimitError")
