"""Looking into a sandbox, and letting it fail, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from support.sandboxes import KEY, JudgedStripe, judged_stripe

FAULT = "429;retry-after=2;times=3;match=POST /v1/refunds"


@pytest.fixture
def stripe() -> JudgedStripe:
    return judged_stripe()


@pytest.fixture
async def http(stripe: JudgedStripe) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=stripe.sandbox.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://stripe.sandbox") as client:
        yield client


async def test_the_state_is_summed_up(stripe: JudgedStripe, http: httpx2.AsyncClient) -> None:
    await stripe.get("/v1/customers", limit=1)
    found = (await http.get("/__sandbox/")).json()
    assert found["vendor"] == "stripe"
    assert found["now"] == "2026-11-25T10:00:00+00:00"
    assert next(iter(found["state"].values()))["customers"] == 400
    assert found["requests"] == 1


async def test_requests_are_shown_newest_first_without_keys(
    stripe: JudgedStripe, http: httpx2.AsyncClient
) -> None:
    await stripe.get("/v1/customers", limit=1)
    await stripe.get("/v1/balance")
    found = await http.get("/__sandbox/requests")
    assert [line["path"] for line in found.json()["requests"]] == ["/v1/balance", "/v1/customers"]
    assert KEY not in found.text


@pytest.mark.parametrize(
    "body",
    [{"json": {"fault": FAULT}}, {"data": {"fault": FAULT}}, {"content": FAULT}],
    ids=["json", "form", "plain"],
)
async def test_faults_are_injected_listed_and_removed(
    stripe: JudgedStripe, http: httpx2.AsyncClient, body: dict[str, object]
) -> None:
    made = (await http.post("/__sandbox/faults", **body)).json()
    assert made["faults"][0]["status"] == 429
    refused = await stripe.post("/v1/refunds", payment_intent="pi_1")
    assert (refused.status, refused.headers["retry-after"]) == (429, "2")
    assert (await http.get("/__sandbox/faults")).json()["faults"][0]["times"] == 2
    assert (await http.delete("/__sandbox/faults")).json() == {"faults": []}
    assert (await stripe.post("/v1/refunds", payment_intent="pi_1")).status == 400


@pytest.mark.parametrize("body", [b"", b"explode", b"429;times=x"])
async def test_a_bad_fault_is_explained(http: httpx2.AsyncClient, body: bytes) -> None:
    answer = await http.post("/__sandbox/faults", content=body)
    assert answer.status_code == 400
    assert answer.json()["example"]["fault"] == FAULT


async def test_broken_json_is_explained(http: httpx2.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await http.post("/__sandbox/faults", content=b"{", headers=headers)
    assert answer.status_code == 400
    assert (await http.post("/__sandbox/faults", content=b"[]", headers=headers)).status_code == 400


async def test_reset_brings_the_shop_back(stripe: JudgedStripe, http: httpx2.AsyncClient) -> None:
    made = await stripe.post("/v1/customers", name="New")
    assert (await http.post("/__sandbox/reset")).json()["requests"] == 0
    assert (await stripe.get(f"/v1/customers/{made.body['id']}")).status == 404


async def test_an_unknown_path_lists_the_known_ones(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/__sandbox/nope")
    assert answer.status_code == 404
    assert "POST /__sandbox/faults" in answer.json()["paths"]
