"""Documents sent to Shopify, the bucket of points, and refusals that come with status 200."""

from __future__ import annotations

import json

import pytest

from support.answering import Answering, answering
from support.clock import ManualClock
from wirepost.core.errors import CallError, OutcomeUnknown, Unavailable
from wirepost.providers.shopify import PROVIDER, WHO, probe
from wirepost.upstream.ask import Answer, Ask

GRAPHQL = "POST /admin/api/2026-10/graphql.json"
# The example of https://shopify.dev/docs/api/usage/limits
COST = {
    "requestedQueryCost": 101,
    "actualQueryCost": 46,
    "throttleStatus": {"maximumAvailable": 1000, "currentlyAvailable": 954, "restoreRate": 50},
}


@pytest.fixture
def shopify(clock: ManualClock) -> Answering:
    return answering("shopify", clock, base_url="https://acme.myshopify.com")


def shop(**plan: bool) -> dict[str, object]:
    return {
        "shop": {
            "id": "gid://shopify/Shop/1",
            "name": "Acme",
            "myshopifyDomain": "acme.myshopify.com",
            "plan": {"partnerDevelopment": False, **plan},
        },
        "currentAppInstallation": {
            "app": {"title": "Wirepost"},
            "accessScopes": [{"handle": "read_products"}, {"handle": "read_orders"}],
        },
    }


async def test_a_document_travels_with_its_variables(shopify: Answering) -> None:
    shopify.put(GRAPHQL, {"data": {"shop": {}}, "extensions": {"cost": COST}}, x_request_id="r-1")
    assert await shopify.client.query("query($n: Int) { shop { id } }", {"n": 1}) == {"shop": {}}
    assert json.loads(shopify.sent[0].content)["variables"] == {"n": 1}
    assert shopify.client.scope.request_ids == ["r-1"]
    assert shopify.client.scope.quota == {"remaining": 954.0, "resets_in_s": pytest.approx(0.92)}


async def test_a_shop_is_known_with_what_the_app_may_do(shopify: Answering) -> None:
    shopify.put(GRAPHQL, {"data": shop()})
    found = await probe(shopify.client)
    assert (found.identity, found.account) == ("Wirepost on acme.myshopify.com", "Acme")
    assert (found.account_id, found.environment) == ("acme.myshopify.com", "production")
    assert found.scopes == ["read_orders", "read_products"]
    assert json.loads(shopify.sent[0].content)["query"] == WHO
    shopify.put(GRAPHQL, {"data": shop(partnerDevelopment=True)})
    assert (await probe(shopify.client)).environment == "test"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"data": None}, "upstream_unavailable"),
        ([], "upstream_unavailable"),
        ({"errors": "Not Found"}, "upstream_rejected"),
        ({"errors": ["?"]}, "upstream_rejected"),
        ({"errors": [{"message": "Throttled"}]}, "rate_limited"),
        ({"errors": [{"message": "no", "extensions": "?"}]}, "upstream_rejected"),
        (
            {"errors": [{"message": "Throttled"}], "extensions": {"cost": {"throttleStatus": {}}}},
            "rate_limited",
        ),
    ],
)
async def test_an_answer_may_lack_every_detail(shopify: Answering, body: object, code: str) -> None:
    shopify.put(GRAPHQL, body)
    with pytest.raises(CallError) as refused:
        await shopify.client.query("{ shop { id } }")
    assert refused.value.code == code


async def test_what_is_no_json_is_a_fault(shopify: Answering) -> None:
    shopify.put(GRAPHQL, "<html>")
    with pytest.raises(Unavailable):
        await shopify.client.query("{ shop { id } }")


@pytest.mark.parametrize("body", [{"errors": ""}, {"errors": [{"message": "no"}]}, "<html>"])
async def test_a_forbidden_request_may_have_no_words(shopify: Answering, body: object) -> None:
    shopify.put(GRAPHQL, body, status=403)
    with pytest.raises(CallError) as refused:
        await shopify.client.query("{ shop { id } }")
    assert refused.value.code == "missing_scope"
    assert refused.value.detail == {}


def test_a_failure_at_a_write_leaves_the_outcome_unknown(shopify: Answering) -> None:
    body = {"errors": [{"message": "Oops", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
    answer = Answer(200, {}, json.dumps(body).encode())
    error = shopify.client.refusal(Ask("POST", "/x", is_write=True), answer)
    assert isinstance(error, OutcomeUnknown)


def test_a_shop_has_three_ways_in() -> None:
    assert [method.name for method in PROVIDER.auth] == ["oauth", "exchange", "key"]
    exchange = PROVIDER.auth_method("exchange")
    assert exchange.environment_of("https://acme.myshopify.com") == "any"  # type: ignore[union-attr]
    assert exchange.audience("https://acme.myshopify.com") == "https://acme.myshopify.com"  # type: ignore[union-attr]
    assert {method.header for method in PROVIDER.auth} == {"X-Shopify-Access-Token"}  # type: ignore[union-attr]


MUTATION = "mutation { webhookSubscriptionDelete(id: 1) { userErrors { message } } }"


async def test_a_mutation_answers_its_one_field(shopify: Answering) -> None:
    shopify.client.scope.before_write = nothing
    shopify.put(GRAPHQL, {"data": {"webhookSubscriptionDelete": {"userErrors": [], "id": 1}}})
    assert await shopify.client.mutate(MUTATION, {"a": 1}) == {"userErrors": [], "id": 1}
    assert json.loads(shopify.sent[-1].content) == {"query": MUTATION, "variables": {"a": 1}}
    shopify.put(GRAPHQL, {"data": {"webhookSubscriptionDelete": None}})
    assert await shopify.client.mutate(MUTATION, {}) == {}


async def test_errors_of_the_user_are_a_refusal(shopify: Answering) -> None:
    shopify.client.scope.before_write = nothing
    errors = [{"field": ["id"], "message": "Does not exist"}, "odd", {"message": "Is too long"}]
    shopify.put(GRAPHQL, {"data": {"webhookSubscriptionDelete": {"userErrors": errors}}})
    with pytest.raises(CallError) as refused:
        await shopify.client.mutate(MUTATION, {})
    assert refused.value.code == "upstream_rejected"
    assert "Does not exist; Is too long" in refused.value.message


async def nothing() -> None:
    return None
