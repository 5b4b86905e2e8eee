"""The judge is judged first: what the description allows passes, a typo does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from specmock import SpecMock
from support.specmock_fixture import SpecmockServer, new_mock, running_specmock

KEY = {"Authorization": "Bearer sk_test_anything"}


def client_of(mock: SpecMock) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=mock.transport(), base_url="http://mock/stripe", headers=KEY)


async def test_what_the_description_allows_is_answered(stripe_mock: SpecMock) -> None:
    async with client_of(stripe_mock) as client:
        answer = await client.post("/v1/refunds", data={"payment_intent": "pi_1", "amount": "100"})
    assert answer.status_code == 200
    assert answer.json()["object"] == "refund"


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", "/v1/custommers", {}),
        ("DELETE", "/v1/refunds", {}),
        ("GET", "/v1/customers", {"params": {"limt": "3"}}),  # codespell:ignore
        ("POST", "/v1/refunds", {"data": {"payment_intent": "pi_1", "amonut": "100"}}),  # codespell:ignore
        ("POST", "/v1/refunds", {"data": {"payment_intent": "pi_1", "reason": "bored"}}),
        ("POST", "/v1/refunds", {"json": {"payment_intent": "pi_1"}}),
        ("GET", "/v1/customers", {"headers": {"Authorization": ""}}),
    ],
)
async def test_what_it_does_not_allow_is_refused_and_counted(
    method: str, path: str, options: dict[str, Any]
) -> None:
    mock = new_mock()
    async with client_of(mock) as client:
        answer = await client.request(method, path, **options)
    assert answer.status_code >= 400
    assert answer.headers["X-Specmock-Violation"] == "1"
    assert mock.broken == 1


@pytest.mark.parametrize(("fault", "error"), [("reset", httpx2.ReadError), ("hang", httpx2.ReadTimeout)])
async def test_a_fault_without_an_answer_raises_what_a_socket_would(
    fault: str, error: type[Exception]
) -> None:
    mock = new_mock()
    mock.add_stub(api="stripe", method="GET", path="/v1/balance", fault=fault, times=1)
    async with client_of(mock) as client:
        with pytest.raises(error):
            await client.get("/v1/balance")
        assert (await client.get("/v1/balance")).status_code == 200


def test_the_same_judge_stands_behind_a_socket(specmock_server: SpecmockServer) -> None:
    specmock_server.stub(method="GET", path="/v1/balance", fault="429;retry-after=2", times=1)
    limited = httpx2.get(f"{specmock_server.stripe}/v1/balance", headers=KEY)
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "2")
    assert httpx2.get(f"{specmock_server.stripe}/v1/balance", headers=KEY).status_code == 200
    assert [seen["status"] for seen in specmock_server.requests(path="/v1/balance")] == [429, 200]


def send_a_typo(log: Path) -> None:
    with running_specmock(log) as server:
        httpx2.get(f"{server.stripe}/v1/custommers", headers=KEY)
        assert len(server.violations()) == 1


@pytest.mark.slow
def test_a_run_with_a_violation_fails_at_its_end(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no such path"):
        send_a_typo(tmp_path / "log")
