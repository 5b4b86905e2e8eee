"""Bedrock's models behind the contract that all providers share."""

from __future__ import annotations

import orjson
import pytest

from support.aws import far_account, recording_account
from support.secret_stores import AWS_KEY
from wirepost.contracts.generation import Endpoint, Prompt
from wirepost.core.errors import InvalidCall, NotConnected, Rejected, Unavailable
from wirepost.providers.bedrock.sandbox import FAILS, TEXT, TITAN
from wirepost.sandbox.faults import Fault

SCHEMA = {"type": "object", "properties": {"mood": {"enum": ["negative", "positive"]}}, "required": ["mood"]}


async def test_a_prompt_is_answered(bedrock):
    answer = await bedrock.models().generate(Prompt(TEXT, "Summarise", data=("Great shop",)))
    assert (answer.finish_reason, answer.model) == ("stop", TEXT)
    assert "Great shop" in answer.text
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0


async def test_a_schema_brings_json(bedrock):
    prompt = Prompt(TEXT, "Judge", data=("Broken and late",), json_schema=SCHEMA)
    answer = await bedrock.models().generate(prompt)
    assert orjson.loads(answer.text) == {"mood": "negative"}


async def test_an_answer_that_is_too_long_says_so(bedrock):
    answer = await bedrock.models().generate(Prompt(TEXT, "A long task", max_output_tokens=1))
    assert answer.finish_reason == "length"


async def test_what_models_do_is_listed(bedrock):
    found = {each.id: each.features for each in await bedrock.models().list_models()}
    assert (found[TEXT], found[TITAN]) == (["text", "json"], ["embeddings"])


async def test_each_text_has_a_vector_of_the_size_that_was_asked_for(bedrock):
    found = await bedrock.models().embed(["blue shirt", "red car"], model=TITAN, dimensions=256)
    assert [len(each) for each in found.vectors] == [256, 256]
    assert found.usage.input_tokens > 0


async def test_vectors_of_other_models_are_refused(bedrock):
    with pytest.raises(InvalidCall) as refused:
        await bedrock.models().embed(["a"], model="cohere.embed-v4:0", dimensions=None)
    assert refused.value.code == "unsupported_by_provider"


async def test_a_model_is_asked_in_its_own_form(bedrock):
    asked = Endpoint(TITAN, '{"inputText": "a"}', "application/json")
    answer = await bedrock.models(may_write=True).invoke(asked)
    assert len(orjson.loads(answer.body)["embedding"]) == 1024


@pytest.mark.parametrize(
    ("model", "kind", "words"),
    [
        ("nobody.knows-v1:0", "ValidationException", "model identifier is invalid"),
        (FAILS, "ModelErrorException", "The model failed"),
    ],
)
async def test_refusals_keep_what_aws_says(bedrock, model, kind, words):
    with pytest.raises(Rejected, match=words) as refused:
        await bedrock.models().generate(Prompt(model, "Hello"))
    assert refused.value.provider_code == kind


@pytest.mark.parametrize(
    ("status", "family", "code"),
    [
        (429, Unavailable, "rate_limited"),
        (503, Unavailable, "upstream_unavailable"),
        (403, NotConnected, "missing_scope"),
    ],
)
async def test_a_refusal_that_stays_is_told(bedrock, status, family, code):
    bedrock.sandbox.inject(Fault("status", status=status, times=None))
    with pytest.raises(family) as refused:
        await bedrock.models().generate(Prompt(TEXT, "Hello"))
    assert refused.value.code == code


async def test_a_busy_service_is_asked_again(bedrock):
    bedrock.sandbox.inject(Fault("status", status=429, retry_after="2", times=2))
    answer = await bedrock.models().generate(Prompt(TEXT, "Hello"))
    assert answer.finish_reason == "stop"
    assert bedrock.clock.slept.count(2.0) == 2


async def test_a_payload_that_is_no_json_is_refused_before_it_is_sent(bedrock):
    with pytest.raises(InvalidCall):
        await bedrock.models(may_write=True).submit_invocation(
            Endpoint(TITAN, "no json", "text/plain"), key="wp_1", intent="int_1"
        )
    assert not bedrock.sandbox.requests


@pytest.mark.parametrize("answer", [{}, {"output": {"message": None}}, {"embedding": "none"}])
async def test_an_answer_in_another_form_is_not_understood(monkeypatch, answer):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", AWS_KEY[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", AWS_KEY[1])
    models = recording_account("bedrock", answer).models()
    with pytest.raises(Unavailable, match="not understood"):
        await models.generate(Prompt(TEXT, "Hello"))
    with pytest.raises(Unavailable, match="not understood"):
        await models.embed(["a"], model=TITAN, dimensions=None)


async def test_the_probe_says_whose_key_it_is(bedrock):
    probe = await bedrock.connection.provider.probe(bedrock.client())
    assert (probe.account_id, "assumed-role" in probe.identity) == ("123456789012", True)


async def test_jobs_need_a_bucket():
    account = far_account("bedrock")
    with pytest.raises(NotConnected, match="has no bucket"):
        _ = account.client().bucket


def test_a_connection_without_an_access_key_says_so():
    account = far_account("bedrock", sigv4=None)
    assert account.connection.shared.credential.check() == "no sigv4 is configured"


def test_the_address_is_that_of_the_region():
    account = far_account("bedrock")
    assert account.connection.configured_address == "https://bedrock-runtime.eu-central-1.amazonaws.com"
    assert account.client().knows_origin("https://s3.eu-central-1.amazonaws.com")
    assert not account.client().knows_origin("https://s3.eu-central-1.amazonaws.com.evil.example")
