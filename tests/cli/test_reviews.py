"""`wirepost sandbox reviews`: to look at, and as a file for agents."""

from __future__ import annotations

from pathlib import Path


def test_reviews_are_listed_with_what_is_known_of_them(cli) -> None:
    found = cli("sandbox", "reviews", "--json").json
    assert len(found) == 800
    assert {row["sentiment"] for row in found} == {"positive", "neutral", "negative"}
    assert all(row["text"] and row["product"] and 1 <= row["stars"] <= 5 for row in found)
    shown = cli("sandbox", "reviews", "--limit", "3").out.splitlines()
    assert len(shown) == 4
    assert shown[0].split() == [
        *("ID", "CUSTOMER", "PRODUCT", "STARS", "SENTIMENT", "CATEGORY", "URGENCY", "LANGUAGE", "TEXT")
    ]


def test_a_file_of_them_is_put_for_agents_without_what_is_known(cli) -> None:
    for name in ("reviews.jsonl", "reviews.csv"):
        written = cli("sandbox", "reviews", "--output", name, "--no-labels")
        assert (written.code, written.err) == (0, f"{name}: 800 rows\n")
        stored = cli("files", "put", name, "--json").json
        assert stored["rows"] == 800
        assert "positive" not in Path(name).read_text().replace("/positive", "")


def test_a_file_that_is_there_is_left_alone(cli) -> None:
    Path("reviews.csv").write_text("mine")
    refused = cli("sandbox", "reviews", "-o", "reviews.csv")
    assert refused.code == 2
    assert "exists already" in refused.err
    assert Path("reviews.csv").read_text() == "mine"
    assert "cannot be written" in cli("sandbox", "reviews", "-o", "nowhere/reviews.csv").err
    assert "--format" in cli("sandbox", "reviews", "-o", "reviews.txt").err
