"""What every request to OpenAI carries, and what every refusal means."""

from __future__ import annotations

import pytest

from support.clock import ManualClock
from support.model_vendor import ModelVendor
from support.scripted import Said, Vendor, upstream_to
from wirepost.contracts.generation import BatchItem, Prompt
from wirepost.core.errors import CallError, OutcomeUnknown, Unavailable
from wirepost.providers.openai.client import OpenAiClient, _seconds
from wirepost.sandbox.faults import Fault
from wirepost.upstream.scope import Scope

ASK = Prompt("gpt-5", "Write")

# https://platform.openai.com/docs/guides/error-codes
REFUSALS = [
    (401, {"code": "invalid_api_key", "message": "Incorrect API key provided"}, "auth_expired"),
    (403, {"message": "You have insufficient permissions"}, "missing_scope"),
    (404, {"code": "model_not_found", "message": "No such model"}, "not_found"),
    (400, {"code": "context_length_exceeded", "message": "Too long"}, "invalid_arguments"),
    (400, {"type": "invalid_request_error", "message": "Unknown parameter"}, "upstream_rejected"),
    (409, {"message": "Try again"}, "conflict"),
    (429, {"code": "insufficient_quota", "message": "You exceeded your current quota"}, "quota_exhausted"),
]


def scripted(clock: ManualClock, *script: Said) -> OpenAiClient:
    return OpenAiClient(upstream_to(Vendor(*script), clock), Scope(clock.monotonic() + 45), None)


@pytest.mark.parametrize(("status", "error", "code"), REFUSALS)
async def test_a_refusal_means_what_openai_says(clock, status, error, code) -> None:
    with pytest.raises(CallError) as refused:
        await scripted(clock, Said(status, {"error": error})).ask("/v1/responses", {})
    assert refused.value.code == code
    assert refused.value.provider_code == error.get("code", error.get("type")) or "code" not in error


async def test_a_compatible_server_may_refuse_in_plain_words(clock) -> None:
    with pytest.raises(CallError, match="model is not loaded"):
        await scripted(clock, Said(400, {"error": "model is not loaded"})).ask("/v1/chat/completions", {})


async def test_too_many_requests_are_repeated_when_openai_says(openai: ModelVendor) -> None:
    openai.sandbox.inject(Fault("status", status=429, retry_after="2"))
    assert (await openai.models.generate(ASK)).text
    assert sum(openai.clock.slept) >= 2


async def test_an_overloaded_server_is_asked_again(openai: ModelVendor) -> None:
    openai.sandbox.inject(Fault("status", status=503))
    assert (await openai.models.generate(ASK)).text


async def test_what_costs_is_sent_once_and_a_lost_answer_is_said(openai: ModelVendor) -> None:
    openai.sandbox.inject(Fault("lost_answer", match="POST /v1/batches"))
    with pytest.raises(OutcomeUnknown):
        await openai.models.submit_batch([BatchItem("1", ASK)], key="k", intent="int_1")
    found = await openai.models.find_batch("int_1", openai.clock.now())
    assert found is not None


async def test_a_server_that_stays_overloaded_ends_in_one_clear_error(openai: ModelVendor) -> None:
    openai.sandbox.inject(Fault("status", status=503, times=None))
    with pytest.raises(Unavailable):
        await openai.models.generate(ASK)


async def test_limits_are_learnt_from_headers(clock) -> None:
    headers = {"x-ratelimit-remaining-requests": "59", "x-ratelimit-reset-requests": "1s"}
    client = scripted(clock, Said(200, {"data": []}, headers))
    await client.get("/v1/models")
    assert client.scope.quota == {"remaining": 59.0, "resets_in_s": 1.0}


@pytest.mark.parametrize(
    ("span", "seconds"),
    [
        ("1s", 1),
        ("6m0s", 360),
        ("20ms", 0.02),
        ("1h2m3.5s", 3723.5),
        ("1d", 86400),
        ("", None),
        ("soon", None),
    ],
)
def test_spans_are_read(span: str, seconds: float | None) -> None:
    assert _seconds(span) == (None if seconds is None else pytest.approx(seconds))
