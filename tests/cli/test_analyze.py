"""`wirepost ai analyze`: a file's texts judged by the models that are there without an account."""

from __future__ import annotations

import json
from pathlib import Path

ROWS = "id,text,mood\n1,I love it. Wonderful!,positive\n2,Terrible. I want my money back.,negative\n"


def test_rows_come_back_with_what_was_found(cli) -> None:
    Path("rows.csv").write_text(ROWS)
    ran = cli("ai", "analyze", "rows.csv", "--task", "sentiment", "--against", "mood")
    assert ran.code == 0
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert [(row["id"], row["label"], row["language"]) for row in rows] == [
        ("1", "positive", "en"),
        ("2", "negative", "en"),
    ]
    assert "2 of 2 are right (100.0%); always saying positive would be right 1 times (50.0%)" in ran.err


def test_a_file_of_more_than_one_call_is_judged_whole(cli) -> None:
    Path("rows.jsonl").write_text("".join(f'{{"said": "Parcel {n} is late"}}\n' for n in range(51)))
    asked = ("--task", "category", "--labels", "late_delivery,wrong_price", "--field", "said")
    ran = cli("ai", "analyze", "rows.jsonl", *asked, "-o", "found.jsonl")
    assert ran.code == 0
    assert ran.err.splitlines()[-1] == "found.jsonl: 51 rows"
    rows = [json.loads(line) for line in Path("found.jsonl").read_text().splitlines()]
    assert [row["said"] for row in rows] == [f"Parcel {n} is late" for n in range(51)]
    assert {row["label"] for row in rows} == {"late_delivery"}


def test_what_is_wrong_is_said_and_leaves_no_file(cli) -> None:
    Path("rows.csv").write_text(ROWS)
    assert (
        "no text under body in row 1"
        in cli("ai", "analyze", "rows.csv", "--task", "urgency", "--field", "body").err
    )
    assert (
        "no column score" in cli("ai", "analyze", "rows.csv", "--task", "urgency", "--against", "score").err
    )
    refused = cli("ai", "analyze", "rows.csv", "--task", "extract", "-o", "found.jsonl")
    assert refused.code == 1
    assert "extract_fields" in refused.err
    assert not Path("found.jsonl").exists()
    Path("found.jsonl").write_text("mine")
    assert "exists already" in cli("ai", "analyze", "rows.csv", "--task", "urgency", "-o", "found.jsonl").err
