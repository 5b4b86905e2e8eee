"""Batches and invocations of Bedrock, through every end they can come to."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from support.aws import sandbox_account
from support.clock import ManualClock
from support.scripted import Said, Vendor, may_write, upstream_to
from wirepost.contracts.generation import BatchItem, Endpoint, Prompt
from wirepost.contracts.jobs import JobFacts, Look
from wirepost.core.errors import NotConnected, OutcomeUnknown, Rejected, Unavailable
from wirepost.providers.bedrock.client import BedrockClient
from wirepost.providers.bedrock.jobs import look_at_batch, look_at_invocation
from wirepost.providers.bedrock.sandbox import FAILS, FILM, HALVES, STALLS, TEXT
from wirepost.settings import ConnectionSettings
from wirepost.upstream.scope import Scope

SCHEMA = {"type": "object", "properties": {"mood": {"enum": ["negative", "positive"]}}, "required": ["mood"]}
REVIEWS = {"a": "Great, fast, love it", "b": "Broken and late", "c": "Perfect gift"}


def items(model):
    return [
        BatchItem(name, Prompt(model, "Judge", data=(text,), json_schema=SCHEMA))
        for name, text in REVIEWS.items()
    ]


async def submitted(bedrock, model, intent="int_1"):
    return await bedrock.models(may_write=True).submit_batch(items(model), key="wp_1", intent=intent)


async def test_a_batch_goes_its_way_and_brings_an_answer_to_each_request(bedrock):
    started = await submitted(bedrock, TEXT)
    assert (started.kind, started.status, started.total) == ("bedrock.batch", "queued", 3)
    states = []
    for seconds in (0, 2, 3, 5, 20):
        bedrock.clock.advance(seconds)
        seen = await bedrock.seen(started)
        states.append((seen.provider_status, seen.status))
    assert states == [
        ("Submitted", "queued"),
        ("Validating", "queued"),
        ("Scheduled", "queued"),
        ("InProgress", "running"),
        ("Completed", "succeeded"),
    ]
    assert (seen.done, seen.total) == (3, 3)
    rows = await bedrock.rows(started)
    assert {row["custom_id"]: orjson.loads(row["text"])["mood"] for row in rows} == {
        "a": "positive",
        "b": "negative",
        "c": "positive",
    }
    assert {row["status"] for row in rows} == {"ok"}
    assert all(row["usage"]["input_tokens"] > 0 for row in rows)


async def test_a_batch_with_refused_records_has_succeeded_in_part(bedrock):
    started = await submitted(bedrock, HALVES)
    bedrock.clock.advance(30)
    assert (await bedrock.seen(started)).status == "partial"
    rows = await bedrock.rows(started)
    assert [(row["custom_id"], row["status"]) for row in rows] == [("a", "ok"), ("b", "failed"), ("c", "ok")]
    assert "The model failed on this record" in rows[1]["error"]


async def test_a_batch_that_fails_says_why(bedrock):
    started = await submitted(bedrock, FAILS)
    bedrock.clock.advance(30)
    seen = await bedrock.seen(started)
    assert (seen.status, seen.error.message) == ("failed", "The model failed, as it always does")


async def test_a_batch_with_fewer_records_than_bedrock_wants_fails(bedrock):
    bedrock.sandbox.least_records = 100
    started = await submitted(bedrock, TEXT)
    bedrock.clock.advance(30)
    seen = await bedrock.seen(started)
    assert (seen.status, "at least 100" in seen.error.message) == ("failed", True)


async def test_a_batch_that_does_not_end_in_its_day_has_expired(bedrock):
    started = await submitted(bedrock, STALLS)
    bedrock.clock.advance(86_399)
    assert (await bedrock.seen(started)).status == "running"
    bedrock.clock.advance(1)
    assert (await bedrock.seen(started)).status == "expired"


async def test_a_batch_is_stopped(bedrock):
    started = await submitted(bedrock, TEXT)
    await bedrock.kind(started).cancel(bedrock.look(started, may_write=True))
    assert (await bedrock.seen(started)).status == "cancelling"
    bedrock.clock.advance(5)
    assert (await bedrock.seen(started)).status == "cancelled"


async def test_what_has_ended_cannot_be_stopped(bedrock):
    started = await submitted(bedrock, TEXT)
    bedrock.clock.advance(30)
    await bedrock.seen(started)
    with pytest.raises(Rejected) as refused:
        await bedrock.kind(started).cancel(bedrock.look(started, may_write=True))
    assert refused.value.code == "conflict"


async def test_a_batch_that_bedrock_has_forgotten_is_not_found(bedrock):
    started = await submitted(bedrock, TEXT)
    bedrock.sandbox.reset()
    with pytest.raises(Rejected) as refused:
        await bedrock.seen(started)
    assert refused.value.code == "not_found"


async def test_the_same_key_brings_the_same_batch_and_the_intent_finds_it(bedrock):
    since = bedrock.clock.now()
    started = await submitted(bedrock, TEXT)
    again = await submitted(bedrock, TEXT)
    assert again.provider_id == started.provider_id
    found = await bedrock.models().find_batch("int_1", since)
    assert (found.provider_id, found.details) == (started.provider_id, started.details)
    by_a_slower_clock = await bedrock.models().find_batch("int_1", since + timedelta(seconds=50))
    assert by_a_slower_clock.provider_id == started.provider_id
    assert await bedrock.models().find_batch("int_2", since) is None


async def test_an_invocation_names_what_it_has_written(bedrock):
    asked = Endpoint(
        FILM, '{"taskType": "TEXT_VIDEO", "textToVideoParams": {"text": "A cat"}}', "application/json"
    )
    started = await bedrock.models(may_write=True).submit_invocation(asked, key="wp_1", intent="int_1")
    assert (started.kind, (await bedrock.seen(started)).status) == ("bedrock.async", "running")
    bedrock.clock.advance(20)
    assert (await bedrock.seen(started)).status == "succeeded"
    manifest, film = await bedrock.rows(started)
    assert (manifest["text"], "text" in film) == ('{"taskType":"TEXT_VIDEO"}', False)
    assert film["object"].startswith("s3://wirepost-sandbox/wirepost/int-1/")
    assert bedrock.kind(started).cancel is None


async def test_the_same_key_brings_the_same_invocation_and_a_lost_one_is_unknown(bedrock):
    asked = Endpoint(FILM, '{"taskType": "TEXT_VIDEO"}', "application/json")
    started = await bedrock.models(may_write=True).submit_invocation(asked, key="wp_1", intent="int_1")
    again = await bedrock.models(may_write=True).submit_invocation(asked, key="wp_1", intent="int_1")
    assert again.provider_id == started.provider_id
    with pytest.raises(OutcomeUnknown):
        await bedrock.models().find_invocation("int_1", bedrock.clock.now())


async def test_an_invocation_that_fails_says_why(bedrock):
    asked = Endpoint(FAILS, "{}", "application/json")
    started = await bedrock.models(may_write=True).submit_invocation(asked, key="wp_1", intent="int_1")
    bedrock.clock.advance(20)
    seen = await bedrock.seen(started)
    assert (seen.status, seen.error.message) == ("failed", "The model failed, as it always does")


def looking(answer):
    """A look at a job about which Bedrock answers so."""
    clock = ManualClock()
    options = ConnectionSettings.model_validate({"provider": "bedrock", "environment": "sandbox"})
    upstream = upstream_to(Vendor(Said(200, orjson.dumps(answer))), clock)
    client = BedrockClient(upstream, Scope(clock.monotonic() + 45, before_write=may_write), options)
    facts = JobFacts("job_1", "k", "abc", {}, "queued", "local", clock.now(), "aws")
    return Look(client, facts, clock.now(), None)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("Submitted", "queued"),
        ("Validating", "queued"),
        ("Scheduled", "queued"),
        ("InProgress", "running"),
        ("Completed", "succeeded"),
        ("PartiallyCompleted", "partial"),
        ("Failed", "failed"),
        ("Stopping", "cancelling"),
        ("Stopped", "cancelled"),
        ("Expired", "expired"),
        ("Paused", "unknown"),
    ],
)
async def test_each_state_of_a_batch_has_a_status(state, status):
    seen = await look_at_batch(looking({"status": state, "message": "why"}))
    assert (seen.status, seen.provider_status) == (status, state)
    assert (seen.error is not None) == (status in {"failed", "expired"})


@pytest.mark.parametrize("state", ["Stopped", "Expired"])
async def test_a_batch_that_ended_early_with_answers_has_succeeded_in_part(state):
    seen = await look_at_batch(looking({"status": state, "successRecordCount": 2, "totalRecordCount": 5}))
    assert (seen.status, seen.provider_status, seen.total) == ("partial", state, 5)


@pytest.mark.parametrize(
    ("state", "status"),
    [("InProgress", "running"), ("Completed", "succeeded"), ("Failed", "failed"), ("New", "unknown")],
)
async def test_each_state_of_an_invocation_has_a_status(state, status):
    seen = await look_at_invocation(looking({"status": state}))
    assert (seen.status, seen.provider_status) == (status, state)


async def test_a_result_of_many_objects_is_read_whole(bedrock):
    started = await submitted(bedrock, TEXT)
    bedrock.clock.advance(30)
    await bedrock.seen(started)
    ((bucket, name), content) = next(
        (place, content)
        for place, content in bedrock.sandbox.objects.items()
        if place[1].endswith(".jsonl.out")
    )
    folder = name.rpartition("/")[0]
    more = [(bucket, f"{folder}/more-{number:04}.jsonl.out") for number in range(1001)]
    bedrock.sandbox.objects.update(dict.fromkeys(more, b"") | {more[-1]: content})
    assert len(await bedrock.rows(started)) == 2 * len(REVIEWS)


@pytest.mark.parametrize(
    "line", [b"no json", b"[]", b'{"modelOutput": {}}', b'{"recordId": "a", "modelOutput": {}}']
)
async def test_a_result_that_makes_no_sense_is_not_half_understood(bedrock, line):
    started = await submitted(bedrock, TEXT)
    bedrock.clock.advance(30)
    await bedrock.seen(started)
    for place in bedrock.sandbox.objects:
        if place[1].endswith(".jsonl.out"):
            bedrock.sandbox.objects[place] = line
    with pytest.raises(Unavailable, match="not understood"):
        await bedrock.rows(started)


async def test_a_batch_needs_a_role(bedrock):
    account = sandbox_account("bedrock", bucket={"name": "my-bucket"})
    with pytest.raises(NotConnected, match=r"names no role"):
        await submitted(account, TEXT)
    await account.connection.close()
