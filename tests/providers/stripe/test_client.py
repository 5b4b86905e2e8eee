"""The client: what every request carries, and what every refusal means."""

from __future__ import annotations

import pytest

from wirepost.core.errors import CallError, InvalidCall, NotConnected, OutcomeUnknown, Rejected, Unavailable
from wirepost.providers.stripe.client import subkey, together

REFUND = "/v1/refunds"


def refusal(kind, **more):
    return {"error": {"type": kind, "message": f"About {kind}.", **more}}


async def write(stripe):
    return await stripe.client().post(REFUND, key=stripe.key, payment_intent="pi_1", amount=100)


async def test_a_write_carries_version_key_and_a_form(stripe):
    await write(stripe)
    headers = stripe.last["headers"]
    assert headers["stripe-version"] == "2026-10-28.endive"
    assert headers["idempotency-key"] == stripe.key
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert stripe.last["raw"] == "payment_intent=pi_1&amount=100"
    assert stripe.scope.api_version == "2026-10-28.endive"


async def test_a_read_carries_no_key(stripe):
    await stripe.client(may_write=False).get("/v1/refunds/re_1", expand=["charge"])
    assert "idempotency-key" not in stripe.last["headers"]
    assert stripe.last["query"] == "expand%5B0%5D=charge"


async def test_a_misspelt_parameter_is_refused_by_the_description(open_stripe):
    stripe = open_stripe()
    with pytest.raises(Rejected):
        await stripe.client().post(REFUND, key=stripe.key, payment_intend="pi_1")
    assert "payment_intend" in stripe.mock.journal[-1]["violation"]


async def test_only_a_listed_account_can_be_named(stripe_with):
    stripe = stripe_with(accounts=["acct_1"])
    await stripe.client().on("acct_1").get("/v1/balance")
    assert stripe.last["headers"]["stripe-account"] == "acct_1"
    await stripe.client().get("/v1/balance")
    assert "stripe-account" not in stripe.last["headers"]
    with pytest.raises(InvalidCall) as refused:
        stripe.client().on("acct_2")
    assert refused.value.fields == [
        {"path": "account", "problem": "is not among the accounts of this connection", "allowed": ["acct_1"]}
    ]


@pytest.mark.parametrize("identifier", ["pi_1/../../customers", "pi_1?x=1", "pi 1", "", "pi_1#a", "pi_ä"])
async def test_an_id_cannot_lead_to_another_resource(stripe, identifier):
    with pytest.raises(InvalidCall):
        await stripe.client().get(f"/v1/payment_intents/{identifier}")
    assert stripe.seen() == []


# As published at https://docs.stripe.com/api/errors, /error-codes and /error-low-level.
REFUSALS = [
    (400, refusal("invalid_request_error", code="parameter_missing", param="amount"), "upstream_rejected"),
    (400, refusal("invalid_request_error", code="resource_missing", param="payment_intent"), "not_found"),
    (400, refusal("invalid_request_error", code="charge_already_refunded"), "upstream_rejected"),
    (400, refusal("idempotency_error"), "conflict"),
    (401, refusal("invalid_request_error"), "auth_expired"),
    (402, refusal("card_error", code="card_declined", decline_code="lost_card"), "upstream_rejected"),
    (403, refusal("invalid_request_error", code="more_permissions_required"), "missing_scope"),
    (403, refusal("invalid_request_error", code="account_invalid"), "missing_scope"),
    (404, refusal("invalid_request_error", code="resource_missing", param="id"), "not_found"),
    (409, refusal("idempotency_error"), "conflict"),
    (409, refusal("invalid_request_error"), "conflict"),
    (424, refusal("api_error"), "upstream_rejected"),
    (429, refusal("invalid_request_error", code="rate_limit"), "rate_limited"),
    (429, refusal("invalid_request_error", code="lock_timeout"), "rate_limited"),
]


@pytest.mark.parametrize(("status", "body", "code"), REFUSALS)
async def test_each_refusal_has_one_meaning(stripe, status, body, code):
    stripe.stub("POST", REFUND, body, status=status, unchecked=True)
    with pytest.raises(CallError) as refused:
        await write(stripe)
    assert refused.value.code == code
    assert refused.value.outcome == "not_applied"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_failure_at_a_write_leaves_the_outcome_unknown(stripe, status):
    stripe.stub("POST", REFUND, refusal("api_error"), status=status)
    with pytest.raises(OutcomeUnknown):
        await write(stripe)


@pytest.mark.parametrize("status", [500, 503])
async def test_a_failure_at_a_read_may_be_tried_again(stripe, status):
    stripe.stub("GET", REFUND, refusal("api_error"), status=status)
    with pytest.raises(Unavailable) as failed:
        await stripe.client().get(REFUND)
    assert failed.value.code == "upstream_unavailable"


async def test_the_needed_permission_is_named_and_the_key_is_not(stripe):
    message = (
        "The provided key 'rk_test_****6789' does not have the required permissions for this endpoint on "
        "account 'acct_1'. Having the 'rak_charge_write' permission would allow this request to continue."
    )
    stripe.stub(
        "POST",
        REFUND,
        refusal("invalid_request_error")
        | {
            "error": {
                "type": "invalid_request_error",
                "code": "more_permissions_required",
                "message": message,
            }
        },
        status=403,
    )
    with pytest.raises(NotConnected) as refused:
        await write(stripe)
    assert refused.value.detail == {"needed": ["rak_charge_write"]}
    assert "rak_charge_write" in refused.value.message
    assert "rk_test" not in str(refused.value.payload())


async def test_the_field_is_named_in_our_words(stripe):
    body = refusal("invalid_request_error", code="parameter_invalid_integer", param="items[0][price]")
    stripe.stub("POST", REFUND, body, status=400)
    with pytest.raises(Rejected) as refused:
        await write(stripe)
    assert refused.value.fields == [{"path": "items.0.price", "problem": "About invalid_request_error."}]
    assert refused.value.provider_code == "parameter_invalid_integer"


async def test_the_request_id_of_a_refusal_is_kept(stripe):
    stripe.stub("POST", REFUND, refusal("card_error"), status=402, headers={"Request-Id": "req_42"})
    with pytest.raises(Rejected) as refused:
        await write(stripe)
    assert refused.value.provider_request_id == "req_42"


async def test_a_running_attempt_with_the_same_key_is_waited_for(stripe):
    busy = refusal("idempotency_error", code="idempotency_key_in_use")
    stripe.stub("POST", REFUND, busy, status=409, times=1)
    assert (await write(stripe))["object"] == "refund"
    assert [entry["status"] for entry in stripe.seen()] == [409, 200]
    assert {entry["headers"]["idempotency-key"] for entry in stripe.seen()} == {stripe.key}


async def test_an_attempt_that_keeps_running_leaves_the_outcome_unknown(stripe):
    stripe.stub("POST", REFUND, refusal("idempotency_error", code="idempotency_key_in_use"), status=409)
    with pytest.raises(OutcomeUnknown):
        await write(stripe)


async def test_a_stored_500_is_not_asked_for_again(stripe):
    stripe.stub("POST", REFUND, refusal("api_error"), status=500)
    with pytest.raises(OutcomeUnknown):
        await write(stripe)
    assert len(stripe.seen()) == 1


@pytest.mark.parametrize(("said", "attempts"), [("true", 3), ("false", 1)])
async def test_stripes_own_word_on_retrying_is_obeyed(stripe, said, attempts):
    stripe.stub("POST", REFUND, refusal("api_error"), status=500, headers={"Stripe-Should-Retry": said})
    with pytest.raises(OutcomeUnknown):
        await write(stripe)
    assert len(stripe.seen()) == attempts


async def test_a_rate_limit_names_its_reason_and_the_wait(stripe):
    body = refusal("invalid_request_error", code="rate_limit")
    headers = {
        "Stripe-Rate-Limited-Reason": "endpoint-rate",
        "Retry-After": "3",
        "Stripe-Should-Retry": "false",
    }
    stripe.stub("GET", REFUND, body, status=429, headers=headers)
    with pytest.raises(Unavailable) as limited:
        await stripe.client().get(REFUND)
    assert limited.value.detail == {"reason": "endpoint-rate"}
    assert limited.value.retry_after_s == 3


async def test_a_live_answer_on_a_test_connection_is_refused(stripe):
    """12.2.3g: should a key get by, the first answer gives it away."""
    stripe.stub("GET", "/v1/balance", stripe.sample("balance", livemode=True))
    with pytest.raises(NotConnected) as refused:
        await stripe.client().get("/v1/balance")
    assert "live" in refused.value.message
    assert stripe.scope.is_live is True


async def test_a_test_answer_on_a_production_connection_is_refused(stripe_with):
    stripe = stripe_with(environment="production")
    with pytest.raises(NotConnected):
        await stripe.client().get("/v1/balance")


async def test_the_environment_of_a_list_is_that_of_its_records(stripe):
    row = stripe.sample("customer", livemode=True)
    stripe.stub(
        "GET", "/v1/customers", {"object": "list", "url": "/v1/customers", "has_more": False, "data": [row]}
    )
    with pytest.raises(NotConnected):
        await stripe.client().get("/v1/customers")


async def test_an_answer_that_is_no_object_is_not_believed(stripe):
    stripe.stub("GET", "/v1/balance", ["x"], unchecked=True)
    with pytest.raises(Unavailable):
        await stripe.client().get("/v1/balance")
    stripe.stub("POST", REFUND, ["x"], unchecked=True)
    with pytest.raises(OutcomeUnknown):
        await write(stripe)


async def test_an_error_without_json_keeps_its_meaning(stripe):
    stripe.stub("POST", REFUND, "<h1>Bad request</h1>", status=400, unchecked=True)
    with pytest.raises(Rejected) as refused:
        await write(stripe)
    assert refused.value.message == "Stripe answered 400"


async def test_several_reads_go_together_and_the_first_failure_is_raised(stripe):
    client = stripe.client()
    both = await together(client.get("/v1/balance"), client.get("/v1/customers"))
    assert [answer["object"] for answer in both] == ["balance", "list"]
    stripe.stub("GET", "/v1/balance", refusal("invalid_request_error"), status=401)
    with pytest.raises(NotConnected):
        await together(client.get("/v1/balance"), client.get("/v1/customers"))


async def test_rows_walk_all_pages(stripe):
    def page(identifiers, *, has_more):
        rows = [stripe.sample("customer", id=identifier) for identifier in identifiers]
        return {"object": "list", "url": "/v1/customers", "has_more": has_more, "data": rows}

    stripe.stub("GET", "/v1/customers", page(["cus_1", "cus_2"], has_more=True), times=1)
    stripe.stub("GET", "/v1/customers", page(["cus_3"], has_more=False), times=1)
    assert [row["id"] async for row in stripe.client().rows("/v1/customers")] == ["cus_1", "cus_2", "cus_3"]
    assert stripe.last["query"] == "limit=100&starting_after=cus_2"


def test_subkeys_differ_and_stay_short_enough():
    assert subkey(None, "x") is None
    assert subkey("wp_1", "items:0") == "wp_1:items:0"
    assert len(subkey("k" * 250, "items:100") or "") == 255
