"""Invoices, subscriptions, previews and payment links of the Stripe sandbox."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from support.sandboxes import ANNA, JudgedStripe, judged_stripe

DRAFT = "/v1/invoices/in_NordlichtExample"
PLAN = "/v1/subscriptions/sub_NordlichtExample"


@pytest.fixture
def stripe() -> JudgedStripe:
    return judged_stripe()


async def drafted(stripe: JudgedStripe, **given: Any) -> dict[str, Any]:
    """A new draft for Anna."""
    params = {"customer": ANNA, "collection_method": "send_invoice", "days_until_due": 14, **given}
    made = await stripe.post("/v1/invoices", **params)
    row: dict[str, Any] = made.body
    return row


async def price_of(stripe: JudgedStripe, **wanted: Any) -> dict[str, Any]:
    """A price."""
    row: dict[str, Any] = (await stripe.get("/v1/prices", limit=1, **wanted)).body["data"][0]
    return row


async def test_a_draft_grows_by_its_items_and_pending_ones_stay_away(stripe: JudgedStripe) -> None:
    await stripe.post("/v1/invoiceitems", customer=ANNA, amount=9900, currency="eur")
    made = await drafted(stripe)
    assert (made["status"], made["total"], made["number"], made["auto_advance"]) == ("draft", 0, None, False)
    assert made["due_date"] == made["created"] + 14 * 86400
    price = await price_of(stripe, currency="eur", type="one_time", active=True)
    await stripe.post(
        "/v1/invoiceitems", customer=ANNA, invoice=made["id"], amount=500, currency="eur", description="A"
    )
    item = await stripe.post(
        "/v1/invoiceitems", invoice=made["id"], pricing={"price": price["id"]}, quantity=3
    )
    assert item.body["amount"] == 3 * price["unit_amount"]
    row = (await stripe.get(f"/v1/invoices/{made['id']}")).body
    total = 500 + 3 * price["unit_amount"]
    assert (row["total"], row["subtotal"], row["amount_due"], row["amount_remaining"]) == (total,) * 4
    lines = (await stripe.get(f"/v1/invoices/{made['id']}/lines")).body["data"]
    assert [line["description"] for line in lines] == ["A", item.body["description"]]
    assert lines[1]["pricing"]["price_details"]["price"] == price["id"]
    assert lines[0]["parent"]["type"] == "invoice_item_details"


async def test_pending_items_are_included_when_asked_for(stripe: JudgedStripe) -> None:
    await stripe.post("/v1/invoiceitems", customer=ANNA, amount=9900, currency="eur")
    made = await drafted(stripe, pending_invoice_items_behavior="include")
    assert made["total"] == 9900
    assert (await drafted(stripe, pending_invoice_items_behavior="include"))["total"] == 0


async def test_more_lines_than_come_along_have_their_own_pages(stripe: JudgedStripe) -> None:
    made = await drafted(stripe)
    for number in range(12):
        await stripe.post("/v1/invoiceitems", invoice=made["id"], amount=100 + number, currency="eur")
    row = (await stripe.get(f"/v1/invoices/{made['id']}")).body
    assert (len(row["lines"]["data"]), row["lines"]["has_more"]) == (10, True)
    path = f"/v1/invoices/{made['id']}/lines"
    first = (await stripe.get(path, limit=8)).body
    rest = (await stripe.get(path, limit=8, starting_after=first["data"][-1]["id"])).body
    assert [line["amount"] for line in first["data"] + rest["data"]] == [100 + number for number in range(12)]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert row["total"] == sum(range(100, 112))


async def test_finalising_numbers_an_invoice_and_closes_it(stripe: JudgedStripe) -> None:
    last = (await stripe.get("/v1/invoices/search", query='-number:null AND number~"nord"', limit=100)).body[
        "data"
    ]
    highest = max(row["number"] for row in last)
    opened = (await stripe.post(f"{DRAFT}/finalize")).body
    assert opened["status"] == "open"
    assert opened["number"] > highest
    assert opened["hosted_invoice_url"].startswith("https://invoice.stripe.com/")
    assert opened["status_transitions"]["finalized_at"] == opened["effective_at"]
    again = await stripe.post(f"{DRAFT}/finalize")
    assert (again.status, again.error["code"]) == (400, "invoice_not_editable")
    added = await stripe.post("/v1/invoiceitems", invoice=opened["id"], amount=1, currency=opened["currency"])
    assert (added.status, added.error["code"]) == (400, "invoice_not_editable")
    assert (await stripe.post(DRAFT, description="other")).error["code"] == "invoice_not_editable"
    assert (await stripe.post(DRAFT, metadata={"a": "b"})).status == 200
    assert (await stripe.delete(DRAFT)).error["code"] == "invoice_not_editable"


async def test_an_invoice_over_nothing_is_paid_at_once(stripe: JudgedStripe) -> None:
    made = await drafted(stripe)
    assert (await stripe.post(f"/v1/invoices/{made['id']}/finalize")).body["status"] == "paid"


async def test_sending_finalises_and_can_be_repeated(stripe: JudgedStripe) -> None:
    sent = (await stripe.post(f"{DRAFT}/send")).body
    assert (sent["status"], (await stripe.post(f"{DRAFT}/send")).status) == ("open", 200)
    await stripe.post(f"{DRAFT}/void")
    assert (await stripe.post(f"{DRAFT}/send")).status == 400


async def test_only_some_invoices_can_be_sent(stripe: JudgedStripe) -> None:
    charged = await stripe.post("/v1/invoices", customer=ANNA)
    assert (await stripe.post(f"/v1/invoices/{charged.body['id']}/send")).status == 400
    nameless = await stripe.post("/v1/customers", name="No address")
    silent = await drafted(stripe, customer=nameless.body["id"])
    refused = await stripe.post(f"/v1/invoices/{silent['id']}/send")
    assert refused.status == 400
    assert "Missing email" in refused.error["message"]


async def test_paying_makes_a_payment_that_can_be_refunded(stripe: JudgedStripe) -> None:
    made = await drafted(stripe)
    await stripe.post("/v1/invoiceitems", invoice=made["id"], amount=4200, currency="eur")
    paid = (await stripe.post(f"/v1/invoices/{made['id']}/pay", expand=["payments"])).body
    assert (paid["status"], paid["amount_paid"], paid["amount_remaining"]) == ("paid", 4200, 0)
    tie = paid["payments"]["data"][0]
    assert (tie["amount_paid"], tie["status"], tie["payment"]["type"]) == (4200, "paid", "payment_intent")
    intent = (
        await stripe.get(f"/v1/payment_intents/{tie['payment']['payment_intent']}", expand=["latest_charge"])
    ).body
    assert (intent["status"], intent["amount_received"], intent["customer"]) == ("succeeded", 4200, ANNA)
    refund = await stripe.post("/v1/refunds", payment_intent=intent["id"])
    assert refund.body["amount"] == 4200
    again = await stripe.post(f"/v1/invoices/{made['id']}/pay")
    assert (again.status, again.error["message"]) == (400, "Invoice is already paid")


async def test_a_card_that_failed_fails_again_and_money_from_elsewhere_helps(stripe: JudgedStripe) -> None:
    late = (await stripe.get("/v1/subscriptions", status="past_due", limit=1)).body["data"][0]
    path = f"/v1/invoices/{late['latest_invoice']}"
    refused = await stripe.post(f"{path}/pay")
    assert (refused.status, refused.error["type"], refused.error["code"]) == (
        402,
        "card_error",
        "card_declined",
    )
    assert refused.error["decline_code"] == "insufficient_funds"
    row = (await stripe.get(path, expand=["payments"])).body
    assert (row["status"], row["attempt_count"]) == ("open", 2)
    assert [tie["status"] for tie in row["payments"]["data"]] == ["open", "open"]
    assert (await stripe.post(f"{path}/pay", paid_out_of_band=True)).body["status"] == "paid"
    assert (await stripe.get(f"/v1/subscriptions/{late['id']}")).body["status"] == "active"


@pytest.mark.parametrize("action", ["void", "mark_uncollectible"])
async def test_only_open_invoices_end_without_money(stripe: JudgedStripe, action: str) -> None:
    for status in ("draft", "paid", "void"):
        row = (await stripe.get("/v1/invoices", status=status, limit=1)).body["data"][0]
        assert (await stripe.post(f"/v1/invoices/{row['id']}/{action}")).status == 400
    row = (await stripe.get("/v1/invoices", status="open", limit=1)).body["data"][0]
    ended = (await stripe.post(f"/v1/invoices/{row['id']}/{action}")).body
    assert ended["status"] == {"void": "void", "mark_uncollectible": "uncollectible"}[action]
    moment = {"void": "voided_at", "mark_uncollectible": "marked_uncollectible_at"}[action]
    assert ended["status_transitions"][moment] == int(stripe.clock.now().timestamp())


async def test_an_uncollectible_invoice_can_be_voided_and_a_void_one_not_paid(stripe: JudgedStripe) -> None:
    row = (await stripe.get("/v1/invoices", status="uncollectible", limit=1)).body["data"][0]
    assert (await stripe.post(f"/v1/invoices/{row['id']}/void")).body["status"] == "void"
    assert (await stripe.post(f"/v1/invoices/{row['id']}/pay")).status == 400


async def test_without_a_card_nothing_can_be_charged(stripe: JudgedStripe) -> None:
    customer = (await stripe.post("/v1/customers", name="Cash only")).body["id"]
    made = await drafted(stripe, customer=customer)
    await stripe.post("/v1/invoiceitems", invoice=made["id"], amount=100, currency="eur")
    refused = await stripe.post(f"/v1/invoices/{made['id']}/pay")
    assert refused.status == 400
    assert "payment_method" in refused.error["message"]
    assert (await stripe.get(f"/v1/invoices/{made['id']}")).body["status"] == "open"


async def test_a_pending_item_can_be_removed(stripe: JudgedStripe) -> None:
    made = await stripe.post("/v1/invoiceitems", customer=ANNA, amount=100, currency="eur")
    assert (await stripe.delete(f"/v1/invoiceitems/{made.body['id']}")).body["deleted"] is True
    assert (await stripe.get("/v1/invoiceitems", customer=ANNA, pending=True)).body["data"] == []


async def test_a_subscription_takes_another_card_of_its_customer(stripe: JudgedStripe) -> None:
    card = (await stripe.get(f"/v1/customers/{ANNA}/payment_methods")).body["data"][0]["id"]
    assert (await stripe.post(PLAN, default_payment_method=card)).body["default_payment_method"] == card
    assert (await stripe.post(PLAN, default_payment_method="pm_nobody")).status == 400


async def test_a_deleted_draft_is_gone_with_its_items(stripe: JudgedStripe) -> None:
    made = await drafted(stripe)
    item = await stripe.post("/v1/invoiceitems", invoice=made["id"], amount=1, currency="eur")
    gone = await stripe.delete(f"/v1/invoices/{made['id']}")
    assert gone.body == {"id": made["id"], "object": "invoice", "deleted": True}
    assert (await stripe.get(f"/v1/invoices/{made['id']}")).status == 404
    assert (await stripe.get(f"/v1/invoiceitems/{item.body['id']}")).status == 404


async def test_a_removed_item_leaves_the_total(stripe: JudgedStripe) -> None:
    made = await drafted(stripe)
    item = await stripe.post("/v1/invoiceitems", invoice=made["id"], amount=700, currency="eur")
    await stripe.post("/v1/invoiceitems", invoice=made["id"], amount=1, currency="eur")
    await stripe.delete(f"/v1/invoiceitems/{item.body['id']}")
    assert (await stripe.get(f"/v1/invoices/{made['id']}")).body["total"] == 1
    await stripe.post(f"/v1/invoices/{made['id']}/finalize")
    left = (await stripe.get("/v1/invoiceitems", invoice=made["id"])).body["data"]
    assert (await stripe.delete(f"/v1/invoiceitems/{left[0]['id']}")).error["code"] == "invoice_not_editable"


async def test_items_must_fit_their_invoice(stripe: JudgedStripe) -> None:
    made = await drafted(stripe, currency="eur")
    recurring = await price_of(stripe, currency="eur", type="recurring")
    retired = await price_of(stripe, currency="eur", active=False)
    dollars = await price_of(stripe, currency="usd", type="one_time", active=True)
    stranger = (await stripe.post("/v1/customers", name="Other")).body["id"]
    for given in (
        {"amount": 1, "currency": "usd"},
        {"pricing": {"price": recurring["id"]}},
        {"pricing": {"price": retired["id"]}},
        {"pricing": {"price": dollars["id"]}},
        {"pricing": {"price": "price_nobody"}},
        {"customer": stranger, "amount": 1, "currency": "eur"},
        {},
    ):
        assert (await stripe.post("/v1/invoiceitems", invoice=made["id"], **given)).status == 400
    assert (await stripe.get(f"/v1/invoices/{made['id']}")).body["total"] == 0
    assert (await stripe.post("/v1/invoiceitems", amount=1, currency="eur")).error["param"] == "customer"


async def test_a_due_date_goes_with_sending(stripe: JudgedStripe) -> None:
    given = {"customer": ANNA}
    assert (await stripe.post("/v1/invoices", **given, collection_method="send_invoice")).status == 400
    assert (await stripe.post("/v1/invoices", **given, days_until_due=3)).error["param"] == "days_until_due"
    assert (await stripe.post("/v1/invoices")).error["param"] == "customer"


async def test_the_invoices_of_a_subscription_name_it_under_parent(stripe: JudgedStripe) -> None:
    rows = (await stripe.get("/v1/invoices", subscription="sub_NordlichtExample")).body["data"]
    assert rows
    for row in rows:
        assert row["parent"]["subscription_details"]["subscription"] == "sub_NordlichtExample"
        assert "subscription" not in row
        assert "charge" not in row
    plan = (await stripe.get(PLAN)).body
    assert plan["latest_invoice"] == rows[0]["id"]
    assert "current_period_end" not in plan
    assert plan["items"]["data"][0]["current_period_end"] > stripe.clock.now().timestamp()


async def test_canceled_subscriptions_are_only_listed_when_asked_for(stripe: JudgedStripe) -> None:
    async def states(**given: Any) -> set[str]:
        return {
            row["status"] for row in (await stripe.get("/v1/subscriptions", limit=100, **given)).body["data"]
        }

    assert "canceled" not in await states()
    assert await states(status="canceled") == await states(status="ended") == {"canceled"}
    assert {"canceled", "active", "trialing", "past_due"} <= await states(status="all")


async def preview(
    stripe: JudgedStripe, behaviour: str, *items: dict[str, Any], at: int | None = None
) -> dict[str, Any]:
    """The next invoice of Anna's plan after changes."""
    details: dict[str, Any] = {"items": list(items), "proration_behavior": behaviour}
    if at is not None:
        details["proration_date"] = at
    given = {"subscription": "sub_NordlichtExample", "subscription_details": details}
    row: dict[str, Any] = (await stripe.post("/v1/invoices/create_preview", **given)).body
    return row


async def test_half_of_a_period_costs_half_of_the_difference(stripe: JudgedStripe) -> None:
    item = (await stripe.get(PLAN)).body["items"]["data"][0]
    start, end = item["current_period_start"], item["current_period_end"]
    unit, quantity, middle = item["price"]["unit_amount"], item["quantity"], (start + end) // 2
    change = {"id": item["id"], "quantity": quantity + 4}
    now = await preview(stripe, "always_invoice", change, at=middle)
    assert [line["amount"] for line in now["lines"]["data"]] == [
        -((unit * quantity + 1) // 2),
        (unit * (quantity + 4) + 1) // 2,
    ]
    assert now["amount_due"] == now["total"] == 2 * unit
    assert all(line["parent"]["subscription_item_details"]["proration"] for line in now["lines"]["data"])
    assert all(line["period"] == {"start": middle, "end": end} for line in now["lines"]["data"])


async def test_the_rest_of_a_period_decides_the_proration(stripe: JudgedStripe) -> None:
    item = (await stripe.get(PLAN)).body["items"]["data"][0]
    change = {"id": item["id"], "quantity": item["quantity"] + 1}
    whole = await preview(stripe, "always_invoice", change, at=item["current_period_start"])
    nothing = await preview(stripe, "always_invoice", change, at=item["current_period_end"])
    assert whole["total"] == item["price"]["unit_amount"]
    assert nothing["total"] == 0


async def test_prorations_wait_for_the_next_period_or_are_left_out(stripe: JudgedStripe) -> None:
    plan = (await stripe.get(PLAN)).body
    item = plan["items"]["data"][0]
    change = {"id": item["id"], "quantity": item["quantity"] + 1}
    regular = sum(i["price"]["unit_amount"] * i["quantity"] for i in plan["items"]["data"])
    grown = regular + item["price"]["unit_amount"]
    later = await preview(stripe, "create_prorations", change, at=item["current_period_start"])
    never = await preview(stripe, "none", change)
    assert later["total"] == grown + item["price"]["unit_amount"]
    assert never["total"] == grown
    assert (await preview(stripe, "none"))["total"] == regular
    assert later["period_start"] == item["current_period_start"]
    assert never["lines"]["data"][0]["period"]["start"] == item["current_period_end"]


async def test_a_preview_changes_nothing(stripe: JudgedStripe) -> None:
    item = (await stripe.get(PLAN)).body["items"]["data"][0]
    before = (await stripe.get(PLAN)).raw, (await stripe.get("/v1/invoices", limit=1)).raw
    await preview(stripe, "always_invoice", {"id": item["id"], "quantity": 9})
    assert ((await stripe.get(PLAN)).raw, (await stripe.get("/v1/invoices", limit=1)).raw) == before
    assert (await stripe.get("/v1/invoiceitems", pending=True)).body["data"] == []


async def test_the_change_bills_what_the_preview_said(stripe: JudgedStripe) -> None:
    item = (await stripe.get(PLAN)).body["items"]["data"][0]
    change = {"id": item["id"], "quantity": item["quantity"] + 2}
    promised = await preview(stripe, "always_invoice", change)
    changed = await stripe.post(PLAN, items=[change], proration_behavior="always_invoice")
    assert changed.body["items"]["data"][0]["quantity"] == item["quantity"] + 2
    billed = (await stripe.get(f"/v1/invoices/{changed.body['latest_invoice']}")).body
    assert (billed["total"], billed["status"]) == (promised["total"], "paid")
    assert billed["billing_reason"] == "subscription_update"


async def test_a_postponed_change_is_on_the_next_invoice(stripe: JudgedStripe) -> None:
    item = (await stripe.get(PLAN)).body["items"]["data"][0]
    change = {"id": item["id"], "quantity": item["quantity"] + 2}
    promised = await preview(stripe, "create_prorations", change)
    await stripe.post(PLAN, items=[change])
    assert (await preview(stripe, "create_prorations"))["total"] == promised["total"]
    pending = (await stripe.get("/v1/invoiceitems", customer=ANNA, pending=True)).body["data"]
    assert {row["proration"] for row in pending} == {True}


async def test_items_are_added_and_removed(stripe: JudgedStripe) -> None:
    plan = (await stripe.get(PLAN)).body
    has = {item["price"]["id"] for item in plan["items"]["data"]}
    month = {"interval": "month"}
    prices = (await stripe.get("/v1/prices", currency="eur", recurring=month, limit=20)).body["data"]
    other = next(price["id"] for price in prices if price["id"] not in has)
    added = (await stripe.post(PLAN, items=[{"price": other, "quantity": 2}])).body
    assert has | {other} == {item["price"]["id"] for item in added["items"]["data"]}
    new = next(item for item in added["items"]["data"] if item["price"]["id"] == other)
    assert new["id"].startswith("si_")
    gone = [{"id": item["id"], "deleted": True} for item in plan["items"]["data"]]
    left = (await stripe.post(PLAN, items=gone)).body
    assert [item["id"] for item in left["items"]["data"]] == [new["id"]]
    empty = await stripe.post(PLAN, items=[{"id": new["id"], "deleted": True}])
    assert (empty.status, empty.error["param"]) == (400, "items")


async def test_a_yearly_price_starts_a_new_period_now(stripe: JudgedStripe) -> None:
    plan = (await stripe.get(PLAN)).body
    item = plan["items"]["data"][0]
    others = [{"id": other["id"], "deleted": True} for other in plan["items"]["data"][1:]]
    yearly = await price_of(
        stripe, currency="eur", product=item["price"]["product"], recurring={"interval": "year"}
    )
    changed = (await stripe.post(PLAN, items=[{"id": item["id"], "price": yearly["id"]}, *others])).body
    period = changed["items"]["data"][0]
    now = stripe.clock.now()
    assert period["current_period_start"] == int(now.timestamp())
    assert datetime.fromtimestamp(period["current_period_end"], UTC) == now.replace(year=now.year + 1)
    billed = (await stripe.get(f"/v1/invoices/{changed['latest_invoice']}")).body
    assert yearly["unit_amount"] * item["quantity"] in [line["amount"] for line in billed["lines"]["data"]]


async def test_changes_that_make_no_sense_are_refused(stripe: JudgedStripe) -> None:
    plan = (await stripe.get(PLAN)).body
    item = plan["items"]["data"][0]
    dollars = await price_of(stripe, currency="usd", type="recurring")
    once = await price_of(stripe, currency="eur", type="one_time", active=True)
    yearly = await price_of(stripe, currency="eur", recurring={"interval": "year"})
    for items in (
        [{"id": "si_nobody", "quantity": 1}],
        [{"quantity": 1}],
        [{"price": dollars["id"]}],
        [{"price": once["id"]}],
        [{"price": item["price"]["id"]}],
        [{"price": "price_nobody"}],
        [{"price": yearly["id"]}],
    ):
        assert (await stripe.post(PLAN, items=items)).status == 400
    late = await stripe.post(PLAN, items=[{"id": item["id"], "quantity": 2}], proration_date=1)
    assert (late.status, late.error["param"]) == (400, "proration_date")
    assert (await stripe.get(PLAN)).body["items"] == plan["items"]


async def test_a_change_that_cannot_be_paid_is_not_made_when_asked_so(stripe: JudgedStripe) -> None:
    late = (await stripe.get("/v1/subscriptions", status="past_due", limit=1)).body["data"][0]
    item = late["items"]["data"][0]
    path, change = f"/v1/subscriptions/{late['id']}", {"id": item["id"], "quantity": item["quantity"] + 3}
    given = {"items": [change], "proration_behavior": "always_invoice"}
    refused = await stripe.post(path, **given, payment_behavior="error_if_incomplete")
    assert (refused.status, refused.error["type"]) == (402, "card_error")
    assert (await stripe.get(path)).body == late
    assert (await stripe.post(path, **given)).body["items"]["data"][0]["quantity"] == item["quantity"] + 3


async def test_a_trial_is_not_prorated(stripe: JudgedStripe) -> None:
    trial = (await stripe.get("/v1/subscriptions", status="trialing", limit=1)).body["data"][0]
    item = trial["items"]["data"][0]
    await stripe.post(f"/v1/subscriptions/{trial['id']}", items=[{"id": item["id"], "quantity": 9}])
    assert (await stripe.get("/v1/invoiceitems", pending=True)).body["data"] == []


async def test_cancelling_at_the_end_of_the_period_can_be_taken_back(stripe: JudgedStripe) -> None:
    ending = (await stripe.post(PLAN, cancel_at_period_end=True)).body
    assert (ending["status"], ending["cancel_at_period_end"]) == ("active", True)
    assert ending["cancel_at"] == ending["items"]["data"][0]["current_period_end"]
    nothing = await stripe.post("/v1/invoices/create_preview", subscription="sub_NordlichtExample")
    assert nothing.body["total"] == 0
    running = (await stripe.post(PLAN, cancel_at_period_end=False)).body
    assert (running["cancel_at"], running["canceled_at"]) == (None, None)


async def test_cancelling_now_pays_nothing_back(stripe: JudgedStripe) -> None:
    refunds = (await stripe.get("/v1/refunds", limit=1)).raw
    ended = (await stripe.delete(PLAN)).body
    now = int(stripe.clock.now().timestamp())
    assert (ended["status"], ended["ended_at"], ended["canceled_at"]) == ("canceled", now, now)
    assert (await stripe.get("/v1/refunds", limit=1)).raw == refunds
    again = await stripe.delete(PLAN)
    assert (again.status, again.error["code"]) == (404, "resource_missing")
    assert (await stripe.post(PLAN, cancel_at_period_end=True)).status == 400
    assert (await stripe.post(PLAN, metadata={"a": "b"})).status == 200


async def test_cancelling_with_proration_bills_a_credit(stripe: JudgedStripe) -> None:
    credit = await stripe.post(
        "/v1/invoices/create_preview",
        subscription="sub_NordlichtExample",
        subscription_details={"cancel_now": True},
    )
    newest = (await stripe.get("/v1/invoices", limit=1)).body["data"][0]["id"]
    await stripe.delete(PLAN, prorate=True, invoice_now=True)
    final = (await stripe.get("/v1/invoices", limit=1)).body["data"][0]
    assert final["id"] != newest
    assert (final["total"], final["amount_due"]) == (credit.body["total"], 0)
    assert final["total"] < 0


async def test_a_payment_link_sells_active_prices_of_one_currency(stripe: JudgedStripe) -> None:
    euros = await price_of(stripe, currency="eur", type="one_time", active=True)
    dollars = await price_of(stripe, currency="usd", active=True)
    retired = await price_of(stripe, currency="eur", active=False)
    made = await stripe.post(
        "/v1/payment_links",
        line_items=[{"price": euros["id"], "quantity": 2}],
        restrictions={"completed_sessions": {"limit": 1}},
        after_completion={"type": "redirect", "redirect": {"url": "https://example.com/thanks"}},
        expand=["line_items"],
    )
    row = made.body
    assert (row["active"], row["currency"]) == (True, "eur")
    assert row["restrictions"] == {"completed_sessions": {"count": 0, "limit": 1}}
    assert row["after_completion"]["redirect"]["url"] == "https://example.com/thanks"
    assert row["line_items"]["data"][0]["amount_total"] == 2 * euros["unit_amount"]
    assert row["url"].startswith("https://buy.stripe.com/test_")
    for prices in ([euros, dollars], [retired], []):
        items = [{"price": price["id"], "quantity": 1} for price in prices]
        assert (await stripe.post("/v1/payment_links", line_items=items or "")).status == 400


@pytest.mark.parametrize(
    "after",
    [{"type": "redirect"}, {"type": "redirect", "redirect": {"url": "nonsense"}}, {"type": "elsewhere"}],
)
async def test_what_follows_a_payment_must_be_complete(stripe: JudgedStripe, after: dict[str, Any]) -> None:
    price = await price_of(stripe, currency="eur", type="one_time", active=True)
    items = [{"price": price["id"], "quantity": 1}]
    refused = await stripe.post("/v1/payment_links", line_items=items, after_completion=after)
    assert refused.status == 400
    assert refused.error["param"].startswith("after_completion")
