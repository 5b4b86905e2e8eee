"""Who may ask the Stripe sandbox, in which form, and how it says no."""

from __future__ import annotations

import base64
import contextlib
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import ManualClock
from support.sandboxes import ANNA, FORM, KEY, PAID, JudgedStripe, fields, judged_stripe, shop
from wirepost.providers.stripe.sandbox import StripeSandbox
from wirepost.providers.stripe.sandbox.errors import StripeError
from wirepost.providers.stripe.sandbox.forms import tree_of

VERSION = "2026-10-28.endive"


@pytest.fixture
def stripe() -> JudgedStripe:
    return judged_stripe()


async def ask(stripe: JudgedStripe, path: str = "/v1/balance", **options: object) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=stripe.sandbox.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://stripe.sandbox") as client:
        return await client.request(str(options.pop("method", "GET")), path, **options)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer ",
        "Bearer sk_live_4242424242424242",
        "Bearer sk_test_",
        "Bearer nonsense",
        "Bearer pk_test_123456789",
        "Basic !!!",
        "Basic " + base64.b64encode(b"sk_live_123456:").decode(),
    ],
)
async def test_a_wrong_key_is_refused_and_never_repeated_whole(
    stripe: JudgedStripe, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await ask(stripe, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert "4242424242424242" not in answer.text
    assert "WWW" not in answer.text


@pytest.mark.parametrize("key", ["sk_test_sandbox", "rk_test_51abcDEF", "sk_test_" + "a" * 99])
async def test_any_test_key_is_accepted_also_by_basic_authentication(stripe: JudgedStripe, key: str) -> None:
    bearer = await ask(stripe, headers={"Authorization": f"Bearer {key}"})
    basic = await ask(stripe, auth=(key, ""))
    assert (bearer.status_code, basic.status_code) == (200, 200)


async def test_the_sandboxes_own_key_is_accepted(stripe: JudgedStripe) -> None:
    assert (await ask(stripe, headers={"Authorization": f"Bearer {StripeSandbox.key}"})).status_code == 200


async def test_a_restricted_key_without_the_permission_is_told_which_one() -> None:
    stripe = judged_stripe(lacking={"rk_test_readonly": {"rak_charge_write"}})
    stripe.key = "rk_test_readonly"
    assert (await stripe.get("/v1/refunds")).status == 200
    refused = await stripe.post("/v1/refunds", payment_intent=PAID)
    assert (refused.status, refused.error["code"]) == (403, "more_permissions_required")
    assert "'rak_charge_write'" in refused.error["message"]
    assert "rk_test_readonly" not in refused.raw.decode()


async def test_only_the_pinned_version_is_spoken(stripe: JudgedStripe) -> None:
    asked = await stripe.send("GET", "/v1/balance", {}, {"Stripe-Version": VERSION})
    assert asked.headers["stripe-version"] == VERSION
    assert (await stripe.get("/v1/balance")).headers["stripe-version"] == VERSION
    other = await stripe.send("GET", "/v1/balance", {}, {"Stripe-Version": "2026-06-24.dahlia"})
    assert (other.status, other.error["type"]) == (400, "invalid_request_error")
    assert "2026-06-24.dahlia" in other.error["message"]


async def test_a_connected_account_is_another_shop() -> None:
    stripe = judged_stripe(accounts=["acct_1Outlet", "acct_2Outlet"])
    own = await stripe.get("/v1/customers", limit=1)
    shops = [
        await stripe.send("GET", "/v1/customers", {"limit": 1}, {"Stripe-Account": account})
        for account in ("acct_1Outlet", "acct_2Outlet")
    ]
    assert [found.headers["stripe-account"] for found in shops] == ["acct_1Outlet", "acct_2Outlet"]
    assert len({found.body["data"][0]["name"] for found in (own, *shops)}) == 3
    made = await stripe.send("POST", "/v1/customers", {"name": "There"}, {"Stripe-Account": "acct_1Outlet"})
    assert (await stripe.get(f"/v1/customers/{made.body['id']}")).status == 404


async def test_an_unknown_account_is_refused(stripe: JudgedStripe) -> None:
    refused = await stripe.send("GET", "/v1/balance", {}, {"Stripe-Account": "acct_1Stranger"})
    assert (refused.status, refused.error["code"]) == (403, "account_invalid")


async def test_a_json_body_is_refused(stripe: JudgedStripe) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = await ask(stripe, "/v1/customers", method="POST", json={"name": "x"}, headers=headers)
    assert answer.status_code == 400
    assert "x-www-form-urlencoded" in answer.json()["error"]["message"]


async def test_query_parameters_of_a_post_are_unknown(stripe: JudgedStripe) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": FORM}
    answer = await ask(stripe, "/v1/customers?name=x", method="POST", content=b"", headers=headers)
    assert answer.json()["error"]["code"] == "parameter_unknown"


@pytest.mark.parametrize(
    ("path", "params", "code", "param"),
    [
        ("/v1/refunds", {"payment_intent": PAID, "amout": 5}, "parameter_unknown", "amout"),
        ("/v1/customers", {"address": {"town": "Kiel"}}, "parameter_unknown", "address[town]"),
        ("/v1/refunds", {"payment_intent": PAID, "amount": "5.00"}, "parameter_invalid_integer", "amount"),
        ("/v1/refunds", {"payment_intent": PAID, "amount": 0}, "parameter_invalid_integer", "amount"),
        ("/v1/refunds", {"payment_intent": PAID, "amount": -5}, "parameter_invalid_integer", "amount"),
        ("/v1/refunds", {"payment_intent": PAID, "reason": "because"}, None, "reason"),
        ("/v1/refunds", {"payment_intent": {"id": PAID}}, None, "payment_intent"),
        ("/v1/refunds", {"payment_intent": ""}, "parameter_invalid_empty", "payment_intent"),
        ("/v1/refunds", {}, "parameter_missing", "payment_intent or charge"),
        ("/v1/refunds", {"payment_intent": "pi_nobody"}, "resource_missing", "payment_intent"),
        ("/v1/payment_links", {}, "parameter_missing", "line_items"),
        ("/v1/payment_links", {"line_items": [{"quantity": 1}]}, "parameter_missing", "line_items[0][price]"),
        ("/v1/customers", {"metadata": "text"}, None, "metadata"),
        ("/v1/customers", {"metadata": {"k" * 41: "v"}}, None, f"metadata[{'k' * 40}]"),
        ("/v1/customers", {"metadata": {"k": "v" * 501}}, None, "metadata[k]"),
        ("/v1/customers", {"metadata": {"k": {"deeper": "v"}}}, None, "metadata[k]"),
        ("/v1/invoices/create_preview", {}, "parameter_missing", "customer"),
        (
            "/v1/invoices/create_preview",
            {"customer": ANNA, "invoice_items": [{"currency": "eur"}]},
            "parameter_missing",
            "invoice_items[0][amount]",
        ),
        ("/v1/customers", {"metadata": {str(n): "v" for n in range(51)}}, None, "metadata"),
        ("/v1/customers", {"preferred_locales": {"first": "de"}}, None, "preferred_locales"),
        ("/v1/invoices", {"customer": ANNA, "auto_advance": "maybe"}, None, "auto_advance"),
        ("/v1/customers", {"name": "n" * 257}, None, "name"),
    ],
)
async def test_a_bad_parameter_is_named(
    stripe: JudgedStripe, path: str, params: dict[str, object], code: str | None, param: str
) -> None:
    refused = await stripe.post(path, **params)
    assert refused.status == 400
    assert (refused.error["type"], refused.error.get("code"), refused.error["param"]) == (
        "invalid_request_error",
        code,
        param,
    )
    assert refused.error["request_log_url"].startswith("https://dashboard.stripe.com/test/logs/req_")


@pytest.mark.parametrize(
    "body", [b"a[b=1", b"a=1&a[b]=2", b"a[b]=1&a=2", b"]=1", b"a[b][c][d][e][f][g][h][i][j]=1"]
)
async def test_broken_brackets_are_refused(stripe: JudgedStripe, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": FORM}
    answer = await ask(stripe, "/v1/customers", method="POST", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/nothing"),
        ("DELETE", "/v1/balance"),
        ("GET", "/"),
        ("GET", "/v2/customers"),
        ("POST", "/v1/balance"),
    ],
)
async def test_an_unknown_url_is_not_found(stripe: JudgedStripe, method: str, path: str) -> None:
    answer = await stripe.send(method, path, {})
    assert answer.status == 404
    assert f"({method}: {path})" in answer.error["message"]


@pytest.mark.parametrize(
    "path",
    ["customers/cus_no", "payment_intents/pi_no", "charges/ch_no", "refunds/re_no", "invoices/in_no",
     "subscriptions/sub_no", "disputes/dp_no", "prices/price_no", "payouts/po_no", "payment_links/plink_no",
     "subscription_items/si_no", "customers/cus_no/payment_methods"],
)  # fmt: skip
async def test_a_missing_object_is_not_found(stripe: JudgedStripe, path: str) -> None:
    answer = await stripe.get(f"/v1/{path}")
    assert (answer.status, answer.error["code"]) == (404, "resource_missing")
    assert path.split("/")[1] in answer.error["message"]


async def test_a_card_belongs_to_its_customer(stripe: JudgedStripe) -> None:
    cards = (await stripe.get("/v1/payment_methods", limit=2)).body["data"]
    other = await stripe.get(f"/v1/customers/{cards[0]['customer']}/payment_methods/{cards[1]['id']}")
    assert (other.status, other.error["code"]) == (404, "resource_missing")


async def test_every_answer_has_an_id_of_its_own(stripe: JudgedStripe) -> None:
    answers = [await stripe.get("/v1/balance"), await stripe.get("/v1/balance"), await stripe.get("/v1/no")]
    ids = [answer.headers["request-id"] for answer in answers]
    assert len(set(ids)) == 3
    assert all(found.startswith("req_") for found in ids)


async def test_the_same_requests_at_the_same_time_get_the_same_bytes() -> None:
    runs = []
    for _ in range(2):
        stripe = judged_stripe()
        answers = [
            await stripe.post("/v1/customers", name="New", key="k1"),
            await stripe.post("/v1/refunds", payment_intent=PAID, amount=100, key="k2"),
            await stripe.get("/v1/payment_intents", limit=3, expand=["data.latest_charge"]),
            await stripe.get("/v1/no"),
        ]
        runs.append([(answer.status, answer.raw, dict(answer.headers)) for answer in answers])
    assert runs[0] == runs[1]


@given(
    st.recursive(
        st.text(),
        lambda inner: (
            st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), inner, min_size=1, max_size=3)
            | st.lists(inner, min_size=1, max_size=3)
        ),
        max_leaves=6,
    ).filter(lambda value: isinstance(value, dict) and depth(value) < 8)
)
def test_nested_parameters_arrive_as_they_were_sent(params: dict[str, Any]) -> None:
    encoded = urlencode(list(fields(params)))
    assert tree_of(parse_qsl(encoded, keep_blank_values=True)) == indexed(params)


def depth(value: Any) -> int:
    """Levels of nesting."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return 1 + max(map(depth, inside), default=0)


def indexed(value: Any) -> Any:
    """Lists as dictionaries of their indexes, which is how forms spell them."""
    if isinstance(value, list):
        return {str(index): indexed(item) for index, item in enumerate(value)}
    return {name: indexed(item) for name, item in value.items()} if isinstance(value, dict) else value


@given(st.lists(st.tuples(st.text(alphabet="ab[]0", max_size=12), st.text(max_size=3)), max_size=5))
def test_any_form_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    with contextlib.suppress(StripeError):
        tree_of(pairs)


async def test_another_seed_has_other_ids() -> None:
    ids = []
    for seed in (1, 2):
        stripe = JudgedStripe(StripeSandbox(shop(), ManualClock(), seed), ManualClock())
        ids.append((await stripe.get("/v1/customers", limit=2)).body["data"][1]["id"])
    assert ids[0] != ids[1]


@pytest.mark.parametrize(
    "path",
    [f"customers/{ANNA}", f"payment_intents/{PAID}", "disputes/dp_NordlichtExample",
     "invoices/in_NordlichtExample", "prices/price_NordlichtExample", "subscriptions/sub_NordlichtExample",
     "subscription_items/si_NordlichtExample"],
)  # fmt: skip
async def test_objects_that_documents_name_exist(stripe: JudgedStripe, path: str) -> None:
    assert (await stripe.get(f"/v1/{path}")).body["id"] == path.rpartition("/")[2]
