"""Later answers of endpoints, of which nobody tells how they stand."""

from __future__ import annotations

import pytest

from wirepost.contracts.generation import Endpoint
from wirepost.core.errors import CallError
from wirepost.providers.sagemaker.sandbox import FAILS, REVIEWS, STALLS
from wirepost.sandbox.faults import Fault

QUEUE_S, WORK_S = 21_600, 3_600
"""What SageMaker allows at most: RequestTTLSeconds and InvocationTimeoutSeconds of InvokeEndpointAsync."""


async def submitted(account, endpoint=REVIEWS, payload='{"inputs": ["Love it, great!", "Broken."]}'):
    asked = Endpoint(endpoint, payload, "application/json")
    return await account.models(may_write=True).submit_invocation(asked, key="wp_1", intent="int_1")


async def test_an_answer_is_there_when_its_object_is_there(sagemaker):
    started = await submitted(sagemaker)
    assert (started.kind, started.provider_id) == ("sagemaker.async", "int_1")
    assert (await sagemaker.seen(started)).status == "running"
    sagemaker.clock.advance(15)
    assert (await sagemaker.seen(started)).status == "succeeded"
    (row,) = await sagemaker.rows(started)
    assert row == {"body": '[{"label":"positive","score":0.8},{"label":"negative","score":0.8}]'}
    assert sagemaker.kind(started).cancel is None


async def test_a_failure_is_told_in_the_words_of_its_object(sagemaker):
    started = await submitted(sagemaker, FAILS)
    sagemaker.clock.advance(15)
    seen = await sagemaker.seen(started)
    assert (seen.status, "out of memory" in seen.error.message) == ("failed", True)


async def test_what_never_came_has_expired_when_the_longest_time_is_over(sagemaker):
    started = await submitted(sagemaker, STALLS)
    assert (started.expires_at - sagemaker.clock.now()).total_seconds() == QUEUE_S + WORK_S
    sagemaker.clock.advance(QUEUE_S + WORK_S - 1)
    assert (await sagemaker.seen(started)).status == "running"
    sagemaker.clock.advance(1)
    assert (await sagemaker.seen(started)).status == "expired"


async def test_a_refusal_of_what_is_absent_means_that_it_is_not_there_yet(sagemaker):
    sagemaker.sandbox.hides_absent = True
    started = await submitted(sagemaker)
    seen = await sagemaker.seen(started)
    assert (seen.status, "s3:ListBucket" in seen.warnings[0]) == ("running", True)
    sagemaker.clock.advance(15)
    seen = await sagemaker.seen(started)
    assert (seen.status, seen.warnings) == ("succeeded", ())


async def test_a_store_that_fails_is_a_failed_look(sagemaker):
    started = await submitted(sagemaker)
    sagemaker.sandbox.inject(Fault("status", match="HEAD *", status=500, times=None))
    with pytest.raises(CallError) as failed:
        await sagemaker.seen(started)
    assert failed.value.code == "upstream_unavailable"


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b'{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        (b'{"a": 1}\nnothing\n', [{"body": '{"a": 1}\nnothing\n'}]),
        (b"4.2", [{"body": "4.2"}]),
        (b"", [{"body": ""}]),
    ],
)
async def test_lines_of_json_are_rows_and_all_else_is_one_text(sagemaker, content, rows):
    started = await submitted(sagemaker)
    sagemaker.clock.advance(15)
    await sagemaker.seen(started)
    bucket, _, key = started.details["output"].removeprefix("s3://").partition("/")
    sagemaker.sandbox.objects[bucket, key] = content
    assert await sagemaker.rows(started) == rows


async def test_a_lost_answer_leaves_doubt_and_is_not_sent_again(sagemaker):
    sagemaker.sandbox.inject(Fault("lost_answer", match="POST */async-invocations", times=None))
    with pytest.raises(CallError) as lost:
        await submitted(sagemaker)
    assert lost.value.code == "outcome_unknown"
    asked = [each for each in sagemaker.sandbox.requests if each.path.endswith("/async-invocations")]
    assert len(asked) == 1
    with pytest.raises(CallError) as unknown:
        await sagemaker.models().find_invocation("int_1", sagemaker.clock.now())
    assert unknown.value.code == "outcome_unknown"
