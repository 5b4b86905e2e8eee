"""Without any account: an agent reads what customers wrote in the CRM, and has it judged on this machine."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from support.clock import ManualClock
from support.running import Running, running
from support.worlds import world_at

PAGE = 50
"""Texts of one call."""
JUDGED = 2
"""Pages of sixteen, because fifty texts take seconds; `benchmarks/analysis.py` judges all."""
LEAST = 0.6
"""Measured were 71 %; who always says the commonest label is right with 42 %."""


async def reviews_of(wirepost: Running) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await wirepost.ok(
            "crm_list_records", connection="hubspot-sandbox", object="reviews", limit=100, **cursor
        )
        found += [record["fields"] for record in page["data"]["records"]]
        if not page["page"].get("next_cursor"):
            return found
        cursor = {"cursor": page["page"]["next_cursor"]}


@pytest.mark.slow
async def test_800_reviews_are_read_and_judged_without_an_account(tmp_path: Path, clock: ManualClock) -> None:
    known = {review.key: review for review in world_at(clock.now()).reviews}
    async with running(tmp_path, clock) as wirepost:
        reviews = await reviews_of(wirepost)
        assert {review["review_number"] for review in reviews} == set(known)
        pages = [reviews[start : start + PAGE] for start in range(0, len(reviews), PAGE)]
        said: dict[str, str] = {}
        for page in pages[:: len(pages) // JUDGED]:
            texts = [review["review_text"] for review in page]
            answer = await wirepost.ok("ai_analyze_text", task="sentiment", items=texts)
            assert answer["meta"]["connection"] == "embedded"
            for review, item in zip(page, answer["data"]["items"], strict=True):
                said[review["review_number"]] = item["label"]
    assert len(said) == JUDGED * PAGE
    assert set(said.values()) == {"positive", "neutral", "negative"}
    truth = [known[name].sentiment for name in said]
    right = sum(known[name].sentiment == label for name, label in said.items()) / len(said)
    assert right > LEAST > Counter(truth).most_common(1)[0][1] / len(truth)


async def test_what_is_known_of_a_review_is_not_in_the_crm(tmp_path: Path, clock: ManualClock) -> None:
    async with running(tmp_path, clock) as wirepost:
        shown = await wirepost.ok("crm_describe_object", connection="hubspot-sandbox", object="review")
        found = await wirepost.ok(
            "crm_search_records",
            connection="hubspot-sandbox",
            object="reviews",
            filters=[{"field": "stars", "op": "eq", "value": "1"}],
            limit=3,
        )
    names = {field["name"] for field in shown["data"]["fields"]}
    assert not {"sentiment", "category", "urgency", "manner", "language"} & names
    assert {record["fields"]["stars"] for record in found["data"]["records"]} == {1}
    assert found["meta"]["untrusted"] == ["data.records[*].fields.*"]
