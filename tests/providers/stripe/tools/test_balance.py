"""Balance and its transactions."""

from __future__ import annotations

from wirepost.providers.stripe.tools.balance import stripe_get_balance, stripe_list_transactions


async def test_the_balance_is_shown_by_currency(stripe):
    funds = [{"amount": -1250, "currency": "eur"}, {"amount": 500, "currency": "jpy"}]
    stripe.stub("GET", "/v1/balance", stripe.sample("balance", available=funds))
    balance = await stripe.run(stripe_get_balance)
    assert [fund.model_dump() for fund in balance.available] == [
        {"amount": "-12.50", "amount_minor": -1250, "currency": "eur"},
        {"amount": "500", "amount_minor": 500, "currency": "jpy"},
    ]
    assert balance.pending[0].currency == "usd"


async def test_transactions_are_filtered_by_stripe(stripe):
    row = stripe.sample("balance_transaction", amount=-1000, fee=0, net=-1000, currency="eur", source="re_1")
    stripe.listing("/v1/balance_transactions", row)
    page = await stripe.run(
        stripe_list_transactions, type="refund", payout="po_1", created_after="today", created_before="now"
    )
    assert stripe.last["query"] == (
        "type=refund&payout=po_1&created%5Bgte%5D=1795564800&created%5Blt%5D=1795600800&limit=20"
    )
    assert (page.records[0].amount, page.records[0].source) == ("-10.00", "re_1")
    assert page.after == [row["id"]]


async def test_an_expanded_source_is_shown_by_its_id(stripe):
    row = stripe.sample("balance_transaction", source=stripe.sample("refund", id="re_2"))
    stripe.listing("/v1/balance_transactions", row)
    page = await stripe.run(stripe_list_transactions)
    assert page.records[0].source == "re_2"
