"""Endpoints of SageMaker behind the contract of models."""

from __future__ import annotations

import pytest

from wirepost.contracts.generation import Endpoint, Prompt
from wirepost.core.errors import InvalidCall, OutcomeUnknown, Rejected, Unavailable
from wirepost.providers.sagemaker.sandbox import FAILS, REVIEWS, STARTS
from wirepost.sandbox.faults import Fault

ASKED = '{"inputs": "Great!"}'


async def asked_at(account, endpoint):
    models = account.models(may_write=True)
    return await models.invoke(Endpoint(endpoint, ASKED, "application/json"))


async def test_an_endpoint_answers_in_its_own_format(sagemaker):
    answer = await asked_at(sagemaker, REVIEWS)
    assert (answer.body, answer.content_type) == ('[{"label":"positive","score":0.8}]', "application/json")


async def test_endpoints_are_listed_as_models(sagemaker):
    found = await sagemaker.models().list_models()
    assert REVIEWS in [each.id for each in found]


async def test_prompts_are_refused_with_the_tool_to_use(sagemaker):
    with pytest.raises(InvalidCall, match="ai_invoke_endpoint"):
        await sagemaker.models().generate(Prompt(REVIEWS, "Hello"))


@pytest.mark.parametrize(
    ("endpoint", "family", "code"),
    [
        (FAILS, Rejected, "upstream_rejected"),
        (STARTS, Unavailable, "upstream_unavailable"),
        ("missing", Rejected, "upstream_rejected"),
    ],
)
async def test_refusals_keep_what_aws_says(sagemaker, endpoint, family, code):
    with pytest.raises(family) as refused:
        await asked_at(sagemaker, endpoint)
    assert refused.value.code == code


async def test_a_lost_answer_is_unknown_and_nothing_is_sent_twice(sagemaker):
    sagemaker.sandbox.inject(Fault("lost_answer", match="POST /endpoints/*"))
    with pytest.raises(OutcomeUnknown):
        await asked_at(sagemaker, REVIEWS)
    sent = [line for line in sagemaker.sandbox.requests if line.path.startswith("/endpoints/")]
    assert len(sent) == 1


async def test_an_answer_without_a_place_is_not_believed(sagemaker):
    sagemaker.sandbox.inject(Fault("html", match="POST /endpoints/*", status=200, is_applied=True))
    asked = Endpoint(REVIEWS, ASKED, "application/json")
    with pytest.raises(OutcomeUnknown):
        await sagemaker.models(may_write=True).submit_invocation(asked, key="wp_1", intent="int_1")


async def test_the_probe_says_whose_key_it_is(sagemaker):
    probe = await sagemaker.connection.provider.probe(sagemaker.client())
    assert (probe.account_id, "assumed-role" in probe.identity) == ("123456789012", True)
