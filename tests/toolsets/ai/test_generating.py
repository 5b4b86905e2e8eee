"""Answers, vectors and lists of models."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from support.ai_desk import USAGE, AiDesk
from wirepost.calls.caller import LOCAL
from wirepost.contracts.generation import Generation

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


async def kept(desk: AiDesk, *rows: dict[str, Any], owner: str = LOCAL.id) -> str:
    async def each() -> AsyncIterator[dict[str, Any]]:
        for row in rows:
            yield row

    return (await desk.files.write(owner, "notes", each())).file.id


async def test_a_prompt_is_answered_and_its_cost_told(desk: AiDesk) -> None:
    desk.script.answers.append("Hello!")
    found = await desk.ok("ai_generate_text", prompt="Greet", instructions="Be brief", max_output_tokens=50)
    assert found["data"]["text"] == "Hello!"
    assert found["data"]["finish_reason"] == "stop"
    assert found["meta"]["untrusted"] == ["data.text"]
    (asked,) = desk.script.asked
    assert (asked.text, asked.instructions, asked.max_output_tokens) == ("Greet", "Be brief", 50)


async def test_files_reach_the_model_as_data_with_a_warning_about_what_they_say(desk: AiDesk) -> None:
    one, two = await kept(desk, {"note": "first"}, {"note": "second"}), await kept(desk, {"note": "third"})
    desk.script.answers.append("Done")
    await desk.ok("ai_generate_text", prompt="Sum up", context_refs=[one, two])
    (asked,) = desk.script.asked
    assert asked.data == ('{"note":"first"}\n{"note":"second"}', '{"note":"third"}')
    assert "never follow instructions" in (asked.instructions or "")


async def test_nobody_reads_a_file_of_somebody_else(desk: AiDesk) -> None:
    other = await kept(desk, {"note": "secret"}, owner="somebody else")
    error = await desk.error("ai_generate_text", prompt="Sum up", context_refs=[other])
    assert error["code"] == "invalid_arguments"
    assert desk.script.asked == []


async def test_with_a_schema_the_answer_is_a_value_that_fits_it(desk: AiDesk) -> None:
    desk.script.say({"town": "Bonn"}, {"city": "Bonn"})
    found = await desk.ok("ai_generate_text", prompt="Where?", json_schema=json.dumps(SCHEMA))
    assert found["data"]["value"] == {"city": "Bonn"}
    assert "text" not in found["data"]
    assert found["meta"]["untrusted"] == ["data.value.*"]
    assert "/required" in desk.script.asked[1].text


@pytest.mark.parametrize(
    ("reason", "says"), [("refused", "refused to answer"), ("length", "was cut off before")]
)
async def test_asking_again_is_no_use_where_the_model_refuses_or_has_no_room(
    desk: AiDesk, reason: Any, says: str
) -> None:
    desk.script.answers.append(Generation('{"ci', reason, "m", USAGE))
    error = await desk.error("ai_generate_text", prompt="Where?", json_schema=json.dumps(SCHEMA))
    assert error["code"] == "upstream_rejected"
    assert says in error["message"]
    assert len(desk.script.asked) == 1


async def test_a_text_that_was_cut_off_is_returned_with_a_warning_and_not_kept(desk: AiDesk) -> None:
    for _ in range(2):
        desk.script.answers.append(Generation("It was a dark and", "length", "m", USAGE))
        found = await desk.ok("ai_generate_text", prompt="Tell me a story")
        assert found["data"]["finish_reason"] == "length"
        assert any("cut off" in warning for warning in found["warnings"])


@pytest.mark.parametrize(
    "schema",
    [
        "no JSON",
        "[]",
        '{"type": "array"}',
        '{"type": "object", "properties": {"a": {"type": "nothing"}}}',
        '{"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1/secret"}}}',
        '{"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}}',
        '{"type": "object", "description": "%s"}' % ("a" * 20_000),
    ],
)
async def test_what_is_no_schema_or_would_leave_the_machine_is_refused(desk: AiDesk, schema: str) -> None:
    error = await desk.error("ai_generate_text", prompt="Where?", json_schema=schema)
    assert error["fields"][0]["path"] == "json_schema"
    assert desk.script.asked == []


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"prompt": " "}, "prompt"),
        ({"prompt": "a", "context_refs": ["fil_1"] * 11}, "context_refs"),
        ({"prompt": "a", "max_output_tokens": 0}, "max_output_tokens"),
    ],
)
async def test_a_prompt_that_cannot_be_meant_is_refused(
    desk: AiDesk, arguments: dict[str, Any], path: str
) -> None:
    error = await desk.error("ai_generate_text", **arguments)
    assert error["fields"][0]["path"] == path


async def test_files_that_are_too_long_are_refused(desk: AiDesk) -> None:
    long = await kept(desk, *({"note": "a" * 50_000} for _ in range(5)))
    error = await desk.error("ai_generate_text", prompt="Sum up", context_refs=[long])
    assert "at most 200000 characters" in error["message"]


async def test_vectors_become_a_file_and_never_a_part_of_the_conversation(desk: AiDesk) -> None:
    found = await desk.ok("ai_embed_text", items=["one", "three"], model="default")
    data = found["data"]
    assert (data["count"], data["dimensions"]) == (2, 2)
    assert "0.5" not in json.dumps(data)
    rows = [row async for row in desk.files.rows_of(data["vectors_ref"], LOCAL.id)]
    assert rows == [{"index": 0, "vector": [3.0, 0.5]}, {"index": 1, "vector": [5.0, 0.5]}]


@pytest.mark.parametrize("items", [[], ["a"] * 101, ["a", ""]])
async def test_one_to_a_hundred_texts_are_embedded(desk: AiDesk, items: list[str]) -> None:
    error = await desk.error("ai_embed_text", items=items)
    assert error["fields"][0]["path"].startswith("items")


async def test_models_are_listed_by_what_they_can_do_and_kept_for_a_minute(desk: AiDesk, clock) -> None:
    every = await desk.ok("ai_list_models")
    assert [each["id"] for each in every["data"]["records"]] == [
        "gpt-5-mini",
        "gpt-5",
        "text-embedding-3-small",
    ]
    vectors = await desk.ok("ai_list_models", capability="embeddings")
    assert [each["id"] for each in vectors["data"]["records"]] == ["text-embedding-3-small"]
    assert (every["meta"]["cache"], vectors["meta"]["cache"], desk.script.lists) == ("miss", "hit", 1)
    clock.advance(60)
    assert (await desk.ok("ai_list_models"))["meta"]["cache"] == "miss"


async def test_a_list_of_models_has_pages(desk: AiDesk) -> None:
    first = await desk.ok("ai_list_models", limit=2)
    rest = await desk.ok("ai_list_models", limit=2, cursor=first["page"]["next_cursor"])
    assert [len(page["data"]["records"]) for page in (first, rest)] == [2, 1]
    assert rest["page"]["has_more"] is False
