"""The sandbox as a client of Anthropic's own sees it: streams, pages, errors."""

from __future__ import annotations

from typing import Any

import httpx2
import orjson
import pytest

from support.model_vendor import ModelVendor

MODEL = "claude-haiku-4-5"
HELLO = {"model": MODEL, "max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
HEADERS = {"x-api-key": "sk-ant-x", "anthropic-version": "2026-10-21"}


async def asked(
    anthropic: ModelVendor, method: str, path: str, body: Any = None, headers: dict[str, str] = HEADERS
) -> httpx2.Response:
    transport = httpx2.ASGITransport(anthropic.sandbox.app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://api.anthropic.com") as client:
        return await client.request(method, path, json=body, headers=headers)


async def test_a_stream_tells_the_same_message_in_parts(anthropic: ModelVendor) -> None:
    """The order of https://platform.claude.com/docs/en/build-with-claude/streaming."""
    answer = await asked(anthropic, "POST", "/v1/messages", {**HELLO, "stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [orjson.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    assert [event["type"] for event in events] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert events[2]["delta"] == {"type": "text_delta", "text": "In short: Hello"}


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({**HELLO, "model": "claude-99"}, 404, "not_found_error"),
        ({**HELLO, "max_tokens": 0}, 400, "invalid_request_error"),
        ({"model": MODEL}, 400, "invalid_request_error"),
        ([], 400, "invalid_request_error"),
    ],
)
async def test_refusals_are_anthropics_own(anthropic: ModelVendor, body: Any, status: int, kind: str) -> None:
    answer = await asked(anthropic, "POST", "/v1/messages", body)
    assert (answer.status_code, answer.json()["error"]["type"]) == (status, kind)
    assert answer.headers["request-id"].startswith("req_")


async def test_an_open_object_is_refused_as_a_form(anthropic: ModelVendor) -> None:
    form = {"format": {"type": "json_schema", "schema": {"type": "object", "properties": {}}}}
    answer = await asked(anthropic, "POST", "/v1/messages", {**HELLO, "output_config": form})
    assert "additionalProperties" in answer.json()["error"]["message"]


async def test_key_and_version_are_needed(anthropic: ModelVendor) -> None:
    without_key = await asked(anthropic, "GET", "/v1/models", headers={"anthropic-version": "2026-10-21"})
    assert without_key.status_code == 401
    without_version = await asked(anthropic, "GET", "/v1/models", headers={"x-api-key": "sk-ant-x"})
    assert without_version.status_code == 400


async def test_too_many_requests_are_told_how_long_to_wait(anthropic: ModelVendor) -> None:
    anthropic.sandbox.limit(0.5, 1)
    assert (await asked(anthropic, "GET", "/v1/models")).status_code == 200
    answer = await asked(anthropic, "GET", "/v1/models")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert answer.headers["anthropic-ratelimit-requests-remaining"] == "0"


async def test_pages_lead_on_and_results_are_there_at_the_end_only(anthropic: ModelVendor) -> None:
    page = (await asked(anthropic, "GET", "/v1/models?limit=2")).json()
    following = (await asked(anthropic, "GET", f"/v1/models?limit=1000&after_id={page['last_id']}")).json()
    assert (page["has_more"], following["has_more"]) == (True, False)
    assert len({each["id"] for each in page["data"] + following["data"]}) == 6
    batch = {"requests": [{"custom_id": "a", "params": HELLO}]}
    made = (await asked(anthropic, "POST", "/v1/messages/batches", batch)).json()
    path = f"/v1/messages/batches/{made['id']}/results"
    assert (await asked(anthropic, "GET", path)).status_code == 400
    anthropic.sandbox.reset()
    assert (await asked(anthropic, "GET", path)).status_code == 404
    assert anthropic.sandbox.summary()["batches"] == 0


async def test_a_key_may_come_as_a_bearer_token_as_anthropics_own_client_sends_it(
    anthropic: ModelVendor,
) -> None:
    version = {"anthropic-version": "2026-10-21"}
    for token, status in (("sk-ant-x", 200), ("other", 401)):
        headers = {"authorization": f"Bearer {token}", **version}
        assert (await asked(anthropic, "GET", "/v1/models", headers=headers)).status_code == status
