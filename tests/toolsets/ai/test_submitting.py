"""Batches, long answers and endpoints: a job at once, the same one for the same intent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from support.ai_desk import AiDesk
from wirepost.calls.caller import LOCAL

REQUEST = {"custom_id": "a", "prompt": "Greet"}
SCHEMA = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}


async def kept(desk: AiDesk, *rows: dict[str, Any]) -> str:
    async def each() -> AsyncIterator[dict[str, Any]]:
        for row in rows:
            yield row

    return (await desk.files.write(LOCAL.id, "reviews", each())).file.id


async def test_texts_become_a_batch_with_one_request_each(desk: AiDesk) -> None:
    found = await desk.ok("ai_submit_batch", task="sentiment", items=["Great!", "Never again."], intent="r1")
    assert (found["data"]["kind"], found["data"]["status"]) == ("sample.batch", "queued")
    job = await desk.jobs.find(found["data"]["job"], LOCAL.id)
    assert (job.provider_id, job.total) == ("batch_1", 2)
    ((items, _),) = desk.script.batches
    assert [each.custom_id for each in items] == ["item-0", "item-1"]
    assert [each.prompt.data for each in items] == [("Great!",), ("Never again.",)]
    assert {each.prompt.model for each in items} == {"gpt-5-mini"}
    schema = items[0].prompt.json_schema or {}
    assert schema["properties"]["label"]["enum"] == ["positive", "neutral", "negative"]


async def test_the_same_intent_is_the_same_job(desk: AiDesk) -> None:
    arguments = {"task": "summary", "items": ["a text"], "intent": "r1"}
    first = await desk.ok("ai_submit_batch", **arguments)
    again = await desk.ok("ai_submit_batch", **arguments)
    assert again["data"]["job"] == first["data"]["job"]
    assert again["meta"]["idempotency"]["replayed"] is True
    assert len(desk.script.batches) == 1


async def test_a_batch_whose_answer_was_lost_is_found_and_not_sent_again(desk: AiDesk) -> None:
    desk.script.loses_answers = True
    arguments = {"task": "summary", "items": ["a text"], "intent": "r1"}
    found = await desk.ok("ai_submit_batch", **arguments)
    assert "found by reading" in found["warnings"][0]
    job = await desk.jobs.find(found["data"]["job"], LOCAL.id)
    assert job.provider_id == "batch_1"
    assert job.details["account"] == {"model": "gpt-5-mini", "alias": "default"}
    assert "summary" in job.details["json_schema"]["properties"]
    assert len(desk.script.batches) == 1


async def test_rows_of_a_file_become_a_batch(desk: AiDesk) -> None:
    file = await kept(desk, {"text": "Great!", "id": "r-1"}, {"text": "Bad.", "id": "r-2"})
    await desk.ok("ai_submit_batch", task="sentiment", file_ref=file, custom_id_field="id", intent="a")
    await desk.ok("ai_submit_batch", task="sentiment", file_ref=file, intent="b")
    named, numbered = (items for items, _ in desk.script.batches)
    assert [each.custom_id for each in named] == ["r-1", "r-2"]
    assert [each.custom_id for each in numbered] == ["row-0", "row-1"]


async def test_requests_of_ones_own_become_a_batch(desk: AiDesk) -> None:
    requests = [
        {"custom_id": "a", "prompt": "Greet"},
        {**REQUEST, "custom_id": "b", "instructions": "x"},
    ]
    await desk.ok("ai_submit_batch", requests=requests, intent="r1")
    ((items, _),) = desk.script.batches
    assert [(each.prompt.text, each.prompt.instructions) for each in items] == [
        ("Greet", None),
        ("Greet", "x"),
    ]


@pytest.mark.parametrize("loses_answers", [False, True])
async def test_one_schema_holds_for_all_requests_and_for_their_answers(
    desk: AiDesk, loses_answers: Any
) -> None:
    desk.script.loses_answers = loses_answers
    found = await desk.ok("ai_submit_batch", requests=[REQUEST], json_schema=json.dumps(SCHEMA), intent="r1")
    ((items, _),) = desk.script.batches
    assert items[0].prompt.json_schema == SCHEMA
    assert (await desk.jobs.find(found["data"]["job"], LOCAL.id)).details["json_schema"] == SCHEMA


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({}, "task"),
        ({"task": "summary", "items": ["a"], "json_schema": "{}"}, "json_schema"),
        ({"requests": [REQUEST], "json_schema": "{}"}, "json_schema"),
        ({"task": "summary", "requests": [REQUEST]}, "task"),
        ({"task": "summary"}, "items"),
        ({"task": "summary", "items": ["a"], "file_ref": "fil_1"}, "items"),
        ({"task": "summary", "items": []}, "requests"),
        ({"task": "summary", "file_ref": "fil_1"}, "file_ref"),
        ({"requests": [REQUEST, REQUEST]}, "custom_id"),
        ({"requests": [{"custom_id": "a b", "prompt": "Greet"}]}, "custom_id"),
        ({"requests": [{"custom_id": "a", "prompt": ""}]}, "requests[0].prompt"),
    ],
)
async def test_a_batch_that_cannot_be_meant_is_refused_before_it_is_sent(
    desk: AiDesk, arguments: dict[str, Any], path: str
) -> None:
    error = await desk.error("ai_submit_batch", **arguments, intent="r1")
    assert error["code"] == "invalid_arguments"
    assert error["fields"][0]["path"] == path
    assert desk.script.batches == []


async def test_rows_without_a_text_are_refused(desk: AiDesk) -> None:
    file = await kept(desk, {"text": "Great!"}, {"body": "Bad."})
    error = await desk.error("ai_submit_batch", task="sentiment", file_ref=file, intent="a")
    assert "no text under text in row 1" in error["message"]


async def test_a_long_answer_becomes_a_job(desk: AiDesk) -> None:
    found = await desk.ok("ai_submit_background", prompt="Compare", model="default", intent="c1")
    assert found["data"]["kind"] == "sample.response"
    ((prompt, _),) = desk.script.backgrounds
    assert (prompt.text, prompt.model) == ("Compare", "gpt-5-mini")


async def test_a_long_answer_whose_start_was_not_confirmed_is_found(desk: AiDesk) -> None:
    desk.script.loses_answers = True
    found = await desk.ok("ai_submit_background", prompt="Compare", intent="c1")
    assert (await desk.jobs.find(found["data"]["job"], LOCAL.id)).provider_id == "resp_1"
    assert len(desk.script.backgrounds) == 1


async def test_an_endpoint_answers_at_once_or_as_a_job(desk: AiDesk) -> None:
    arguments = {"connection": "ai", "endpoint": "reviews", "payload": "{}"}
    at_once = await desk.ok("ai_invoke_endpoint", **arguments, intent="e1")
    assert at_once["data"] == {"body": '{"label": "positive"}', "content_type": "application/json"}
    assert at_once["meta"]["untrusted"] == ["data.body"]
    again = await desk.ok("ai_invoke_endpoint", **arguments, intent="e1")
    assert (again["data"], again["meta"]["idempotency"]["replayed"]) == (at_once["data"], True)
    later = await desk.ok("ai_invoke_endpoint", **arguments, background=True, intent="e2")
    assert (await desk.jobs.find(later["data"]["job"], LOCAL.id)).kind == "sample.invocation"
    assert len(desk.script.endpoints) == 2


async def test_no_alias_says_where_an_endpoint_is(desk: AiDesk) -> None:
    error = await desk.error("ai_invoke_endpoint", endpoint="reviews", payload="{}", intent="e1")
    assert (error["code"], error["fields"][0]["allowed"]) == ("connection_required", ["ai", "other"])
