"""Texts that people have labelled, read from where somebody has put them, and which rows are judged.

Which rows are judged follows from their place alone. `tuning=True` gives the others, with which settings may
be chosen.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

SENTIMENTS = ("positive", "neutral", "negative")
SIDES = ("positive", "negative")
UCI = ("amazon_cells_labelled.txt", "imdb_labelled.txt", "yelp_labelled.txt")
UCI_STEP = 7
SNIPPET_STEP = 9
NEUTRAL_UP_TO = 0.5
"""Mean rating of twenty people, from -4 to 4."""
MOST_LABELS = 60
"""`ai_analyze_text` takes no more."""
INTENT_STEP = 8
SUBTITLE_STEP = 12
SUBTITLES = ("de", "es", "fr", "it")
JOY, GOOD, BAD = 5, {5, 8}, {1, 3, 6}
"""Joy, alone or with trust; anger, disgust and sadness."""


@dataclass(frozen=True)
class Labelled:
    """A text and what people say it is."""

    text: str
    label: str


def sentences(folder: Path, *, tuning: bool = False) -> list[Labelled]:
    """Sentiment Labelled Sentences: lines 1, 8, 15 … of each of the three files."""
    found = []
    for name in UCI:
        lines = [line for line in (folder / name).read_text(encoding="utf-8").split("\n") if line.strip()]
        for number, line in enumerate(lines):
            if (number % UCI_STEP == 0) is not tuning:
                text, _, mark = line.rpartition("\t")
                found.append(Labelled(text.strip(), "positive" if mark.strip() == "1" else "negative"))
    return found


def snippets(file: Path, *, tuning: bool = False) -> list[Labelled]:
    """Sentences of product reviews with the mean rating of twenty people: those of every ninth review."""
    found = []
    for line in file.read_text(encoding="latin-1").splitlines():
        name, rating, text = line.split("\t")
        if (int(name.partition("_")[0]) % SNIPPET_STEP == 0) is not tuning:
            found.append(Labelled(text, _side(float(rating))))
    return found


def _side(rating: float) -> str:
    if abs(rating) <= NEUTRAL_UP_TO:
        return "neutral"
    return "positive" if rating > 0 else "negative"


def intents(folder: Path) -> tuple[list[Labelled], list[str]]:
    """Banking77: every eighth row of test.csv among the first 60 categories, and these."""
    categories = json.loads((folder / "categories.json").read_text(encoding="utf-8"))[:MOST_LABELS]
    with (folder / "test.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["category"] in categories]
    return [Labelled(row["text"], row["category"]) for row in rows[::INTENT_STEP]], categories


def subtitles(folder: Path, language: str) -> list[Labelled]:
    """XED: of every twelfth line of a language those only joyful, or only angry, disgusted or sad."""
    lines = (folder / f"{language}-projections.tsv").read_text(encoding="utf-8").splitlines()
    found = []
    for line in lines[::SUBTITLE_STEP]:
        text, _, marks = line.rpartition("\t")
        emotions = {int(mark) for mark in marks.split(",") if mark.strip().isdigit()}
        if JOY in emotions and emotions <= GOOD:
            found.append(Labelled(text, "positive"))
        elif emotions and emotions <= BAD:
            found.append(Labelled(text, "negative"))
    return found
