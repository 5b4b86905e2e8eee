"""Chat, vectors and task models behind the router."""

from __future__ import annotations

import json

import pytest

from support.model_vendor import ModelVendor
from wirepost.contracts.generation import Endpoint, Prompt
from wirepost.core.errors import CallError, InvalidCall, Unavailable
from wirepost.sandbox.faults import Fault

MODEL = "Qwen/Qwen3-32B"
SCHEMA = {"type": "object", "properties": {"label": {"type": "string", "enum": ["positive", "negative"]}}}


async def test_an_answer_has_the_form_that_was_asked_for(hub: ModelVendor) -> None:
    found = await hub.models.generate(Prompt(MODEL, "Mood?", "JSON please.", ("It came broken",), SCHEMA))
    assert json.loads(found.text) == {"label": "negative"}
    assert found.usage.input_tokens > 0
    body = json.loads(hub.judge.requests[-1].content)
    assert [each["role"] for each in body["messages"]] == ["system", "user"]
    assert "broken" in body["messages"][1]["content"][1]["text"]


async def test_vectors_have_the_size_of_the_model(hub: ModelVendor) -> None:
    found = await hub.models.embed(["a lamp", "a chair"], model="intfloat/e5", dimensions=None)
    assert len({len(each) for each in found.vectors}) == 1
    with pytest.raises(InvalidCall):
        await hub.models.embed(["a"], model="intfloat/e5", dimensions=8)


async def test_models_are_listed(hub: ModelVendor) -> None:
    assert MODEL in {each.id for each in await hub.models.list_models()}


async def test_a_task_model_answers_in_its_own_form(hub: ModelVendor) -> None:
    found = await hub.models.invoke(
        Endpoint("distilbert/sst-2", '{"inputs": "I love it"}', "application/json")
    )
    assert json.loads(found.body)[0]["label"] == "positive"


@pytest.mark.parametrize("payload", ["[]", "no json", '"text"'])
async def test_a_payload_must_be_an_object(hub: ModelVendor, payload: str) -> None:
    with pytest.raises(InvalidCall, match="JSON object"):
        await hub.models.invoke(Endpoint("m", payload, "application/json"))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "auth_expired"),
        (402, "quota_exhausted"),
        (403, "missing_scope"),
        (404, "not_found"),
        (422, "upstream_rejected"),
    ],
)
async def test_refusals_mean_what_they_say(hub: ModelVendor, status: int, code: str) -> None:
    hub.sandbox.inject(Fault("status", status=status, times=None))
    with pytest.raises(CallError) as refused:
        await hub.models.generate(Prompt(MODEL, "Mood?"))
    assert refused.value.code == code


async def test_a_model_that_is_being_loaded_is_asked_again(hub: ModelVendor) -> None:
    hub.sandbox.inject(Fault("status", status=503, retry_after="3"))
    assert (await hub.models.generate(Prompt(MODEL, "Mood?"))).text
    hub.sandbox.inject(Fault("status", status=503, times=None))
    with pytest.raises(Unavailable):
        await hub.models.generate(Prompt(MODEL, "Mood?"))
