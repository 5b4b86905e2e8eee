"""Lists, searches and expansions of the Stripe sandbox."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.sandboxes import ANNA, PAID, JudgedStripe, judged_stripe
from wirepost.providers.stripe.sandbox import customers
from wirepost.providers.stripe.sandbox.errors import StripeError
from wirepost.providers.stripe.sandbox.search import matcher


@pytest.fixture
def stripe() -> JudgedStripe:
    return judged_stripe()


async def walk(stripe: JudgedStripe, path: str, **params: Any) -> list[dict[str, Any]]:
    """Every object, page by page."""
    rows: list[dict[str, Any]] = []
    position: dict[str, Any] = {}
    while True:
        page = (await stripe.get(path, **params, **position)).body
        rows += page["data"]
        if not page["has_more"]:
            return rows
        position = {"starting_after": page["data"][-1]["id"]}


async def test_paging_meets_every_customer_once_newest_first(stripe: JudgedStripe) -> None:
    rows = await walk(stripe, "/v1/customers", limit=100)
    assert len(rows) == len({row["id"] for row in rows}) == 400
    created = [row["created"] for row in rows]
    assert created == sorted(created, reverse=True)


async def test_a_page_back_ends_where_the_page_forward_began(stripe: JudgedStripe) -> None:
    everything = (await stripe.get("/v1/payouts", limit=20)).body["data"]
    ids = [row["id"] for row in everything]
    back = (await stripe.get("/v1/payouts", ending_before=ids[9], limit=4)).body
    assert [row["id"] for row in back["data"]] == ids[5:9]
    assert back["has_more"] is True
    start = (await stripe.get("/v1/payouts", ending_before=ids[3], limit=4)).body
    assert [row["id"] for row in start["data"]] == ids[:3]
    assert start["has_more"] is False


async def test_ten_is_the_usual_size_of_a_page(stripe: JudgedStripe) -> None:
    page = (await stripe.get("/v1/customers")).body
    assert (len(page["data"]), page["has_more"], page["url"]) == (10, True, "/v1/customers")


@pytest.mark.parametrize("limit", [0, 101, -1])
async def test_a_page_has_one_to_a_hundred_objects(stripe: JudgedStripe, limit: int) -> None:
    refused = await stripe.get("/v1/customers", limit=limit)
    assert (refused.status, refused.error["param"]) == (400, "limit")


async def test_a_cursor_must_name_an_object_of_the_kind(stripe: JudgedStripe) -> None:
    refused = await stripe.get("/v1/customers", starting_after=PAID)
    assert (refused.status, refused.error["code"], refused.error["param"]) == (
        400,
        "resource_missing",
        "starting_after",
    )
    both = await stripe.get("/v1/customers", starting_after=ANNA, ending_before=ANNA)
    assert both.status == 400


async def test_a_filtered_list_pages_within_the_filter(stripe: JudgedStripe) -> None:
    rows = await walk(stripe, "/v1/payment_intents", customer=ANNA, limit=7)
    assert len(rows) > 20
    assert {row["customer"] for row in rows} == {ANNA}
    assert len({row["id"] for row in rows}) == len(rows)


async def test_what_is_made_between_two_pages_does_not_shift_them(stripe: JudgedStripe) -> None:
    first = (await stripe.get("/v1/customers", limit=5)).body["data"]
    expected = (await stripe.get("/v1/customers", limit=5, starting_after=first[-1]["id"])).body["data"]
    await stripe.post("/v1/customers", name="Late")
    found = (await stripe.get("/v1/customers", limit=5, starting_after=first[-1]["id"])).body["data"]
    assert found == expected


async def test_times_bound_a_list(stripe: JudgedStripe) -> None:
    rows = (await stripe.get("/v1/customers", limit=30)).body["data"]
    at = rows[10]["created"]
    for bounds, wanted in (
        ({"gt": at}, [row for row in rows if row["created"] > at]),
        ({"gte": at}, [row for row in rows if row["created"] >= at]),
        (at, [row for row in rows if row["created"] == at]),
    ):
        found = (await stripe.get("/v1/customers", created=bounds, limit=30)).body["data"]
        assert [row["id"] for row in found] == [row["id"] for row in wanted]
    older = (await stripe.get("/v1/customers", created={"lt": at}, limit=1)).body["data"]
    assert older[0]["id"] == rows[11]["id"]
    assert (await stripe.get("/v1/customers", created={"after": 1})).error["code"] == "parameter_unknown"


async def test_the_email_filter_is_exact_and_finds_all_who_share_an_address(stripe: JudgedStripe) -> None:
    for email, count in (
        ("familie.berger@example.org", 3),
        ("jonas.weber@example.com", 1),
        ("Jonas.Weber@example.com", 1),
        ("FAMILIE.BERGER@example.org", 0),
    ):
        assert len((await stripe.get("/v1/customers", email=email)).body["data"]) == count


async def test_a_changed_email_is_found_and_the_old_one_is_not(stripe: JudgedStripe) -> None:
    await stripe.post(f"/v1/customers/{ANNA}", email="new@example.com")
    assert (await stripe.get("/v1/customers", email="anna.lindqvist@example.com")).body["data"] == []
    assert (await stripe.get("/v1/customers", email="new@example.com")).body["data"][0]["id"] == ANNA
    await stripe.post(f"/v1/customers/{ANNA}", email="anna.lindqvist@example.com")
    assert len((await stripe.get("/v1/customers", email="anna.lindqvist@example.com")).body["data"]) == 1


@pytest.mark.parametrize(
    ("query", "test"),
    [
        ('email:"ANNA.lindqvist@example.com"', lambda c: c["id"] == ANNA),
        ('name~"LINDQ"', lambda c: "lindq" in c["name"].lower()),
        (
            "name~'lindq' AND email~\"anna\"",
            lambda c: "lindq" in c["name"].lower() and "anna" in c["email"].lower(),
        ),
        ('email:"jonas.weber@example.com" OR email:"anna.lindqvist@example.com"', lambda c: True),
        ('name~"weber" -email~"jonas"', lambda c: "jonas" not in (c["email"] or "").lower()),
        ("email:null", lambda c: c["email"] is None),
        ("-phone:null name~'weber'", lambda c: c["phone"]),
        ('metadata["shop_customer"]:"person0001"', lambda c: c["id"] == ANNA),
        ("created>1795000000", lambda c: c["created"] > 1795000000),
        ("created<=1749000000 and -name~'weber'", lambda c: c["created"] <= 1749000000),
    ],
)
async def test_searches_find_what_the_query_says(stripe: JudgedStripe, query: str, test: Any) -> None:
    found = (await stripe.get("/v1/customers/search", query=query, limit=50)).body["data"]
    assert found
    assert all(test(row) for row in found)


async def test_quotes_in_a_value_are_escaped(stripe: JudgedStripe) -> None:
    made = await stripe.post("/v1/customers", name='A "B" \\ C', metadata={'a"b': "x' OR name~'a"})
    stripe.clock.advance(60)
    for query in ('name:"A \\"B\\" \\\\ C"', 'metadata["a\\"b"]:"x\' OR name~\'a"'):
        found = (await stripe.get("/v1/customers/search", query=query)).body["data"]
        assert [row["id"] for row in found] == [made.body["id"]]


@pytest.mark.parametrize(
    "query",
    ["", "   ", "name", "name:", 'name:"open', "name=x", 'colour:"red"', 'name~"ab"', "created:soon",
     'created~"123"', 'name:"a" AND email:"b" OR phone:"c"', "AND", "name:a extra", 'metadata:"x"',
     'name["x"]:"y"', 'name>"a"'],
)  # fmt: skip
async def test_a_query_that_cannot_be_read_is_refused(stripe: JudgedStripe, query: str) -> None:
    refused = await stripe.get("/v1/customers/search", query=query)
    assert (refused.status, refused.error["type"]) == (400, "invalid_request_error")


@given(st.text())
def test_any_query_is_read_or_refused(query: str) -> None:
    with contextlib.suppress(StripeError):
        matcher(query, customers.SEARCHABLE, "customers")({"name": "x", "email": None, "metadata": None})


async def test_a_search_pages_by_token(stripe: JudgedStripe) -> None:
    everything = await stripe.get("/v1/customers/search", query='email~"example"', limit=100)
    rows, page = [], (await stripe.get("/v1/customers/search", query='email~"example"', limit=40)).body
    for _ in range(2):
        rows += page["data"]
        token = page["next_page"]
        page = (await stripe.get("/v1/customers/search", query='email~"example"', limit=40, page=token)).body
    rows += page["data"]
    assert [row["id"] for row in rows[:100]] == [row["id"] for row in everything.body["data"]]
    refused = await stripe.get("/v1/customers/search", query='email~"example"', page="nonsense")
    assert (refused.status, refused.error["param"]) == (400, "page")


async def test_the_last_page_of_a_search_has_no_token(stripe: JudgedStripe) -> None:
    found = (await stripe.get("/v1/customers/search", query='name:"Anna Lindqvist"')).body
    assert (found["object"], found["has_more"], found["next_page"]) == ("search_result", False, None)


async def test_a_search_does_not_know_what_was_just_written(stripe: JudgedStripe) -> None:
    await stripe.post("/v1/customers", name="Brand New")
    await stripe.post(f"/v1/customers/{ANNA}", name="Renamed")

    async def found(name: str) -> int:
        return len((await stripe.get("/v1/customers/search", query=f'name:"{name}"')).body["data"])

    assert [await found(name) for name in ("Brand New", "Renamed", "Anna Lindqvist")] == [0, 0, 1]
    stripe.clock.advance(60)
    assert [await found(name) for name in ("Brand New", "Renamed", "Anna Lindqvist")] == [1, 1, 0]


async def test_expanding_replaces_ids_by_objects(stripe: JudgedStripe) -> None:
    plain = (await stripe.get(f"/v1/payment_intents/{PAID}")).body
    full = (
        await stripe.get(
            f"/v1/payment_intents/{PAID}", expand=["latest_charge.balance_transaction", "customer"]
        )
    ).body
    assert plain["latest_charge"] == full["latest_charge"]["id"]
    assert full["latest_charge"]["balance_transaction"]["source"] == plain["latest_charge"]
    assert full["customer"]["id"] == plain["customer"] == ANNA
    assert (await stripe.get(f"/v1/payment_intents/{PAID}")).body == plain


async def test_expanding_a_list_needs_the_prefix(stripe: JudgedStripe) -> None:
    rows = (await stripe.get("/v1/prices", limit=2, expand=["data.product"])).body["data"]
    assert all(row["product"]["object"] == "product" for row in rows)
    refused = await stripe.get("/v1/prices", limit=2, expand=["product"])
    assert (refused.status, refused.error["param"]) == (400, "expand")


async def test_refunds_of_a_charge_are_only_there_when_asked_for(stripe: JudgedStripe) -> None:
    made = await stripe.post("/v1/refunds", payment_intent=PAID, amount=100)
    path = f"/v1/charges/{made.body['charge']}"
    assert "refunds" not in (await stripe.get(path)).body
    full = (await stripe.get(path, expand=["refunds.data.balance_transaction"])).body
    assert [row["id"] for row in full["refunds"]["data"]] == [made.body["id"]]
    assert full["refunds"]["data"][0]["balance_transaction"]["amount"] == -100


@pytest.mark.parametrize(
    "path",
    [
        "data.a.b.c.d",
        "latest_charge.balance_transaction.source.customer.name",
        "amount",
        "nothing",
        "metadata.x",
    ],
)
async def test_what_cannot_be_expanded_is_refused(stripe: JudgedStripe, path: str) -> None:
    refused = await stripe.get(f"/v1/payment_intents/{PAID}", expand=[path])
    assert (refused.status, refused.error["type"]) == (400, "invalid_request_error")


async def test_an_empty_reference_stays_empty(stripe: JudgedStripe) -> None:
    canceled = (await stripe.get("/v1/payment_intents/search", query='status:"canceled"', limit=1)).body[
        "data"
    ][0]
    full = await stripe.get(f"/v1/payment_intents/{canceled['id']}", expand=["latest_charge.refunds"])
    assert full.body["latest_charge"] is None
