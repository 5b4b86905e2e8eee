"""Labels by nearness: a text gets the label whose examples mean what is most like it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from wirepost.providers.embedded.engine import vectors_now
from wirepost.providers.embedded.examples import SENTIMENT, URGENCY, Examples

if TYPE_CHECKING:
    from wirepost.providers.embedded.engine import Vectors

    Likeness = Mapping[str, Sequence[float]]
    """Label → how like it each text is."""

SPREAD = 0.011
"""How fast the score falls with distance; it makes the mean score of the rows it was chosen with about the
share of right answers among them (`benchmarks/README.md`, Analysis)."""
NEUTRAL_WIDTH = 0.0106
"""How much more like one side a text may be and still be neutral; it lets neutral be said as often as people
had said it of the rows it was chosen with (the same place)."""

_FIXED: dict[str, Examples] = {"sentiment": SENTIMENT, "urgency": URGENCY}


def judge(task: str, labels: Sequence[str], found: Vectors) -> list[tuple[str, float]]:
    """The label of each text and its share among all labels (0 to 1); runs in a thread.

    For `sentiment` and `urgency` the labels may be left out or be some of the task's; all others are judged
    by what their words mean.
    """
    known: Likeness = _by_examples(task, found) if task in _FIXED else {}
    likeness: Likeness
    if set(labels) <= set(known):
        likeness = {name: known[name] for name in known if not labels or name in labels}
    else:
        likeness = _likeness(tuple(labels), _meanings(tuple(labels)), found)
    return [_nearest(list(likeness), row) for row in zip(*likeness.values(), strict=True)]


def _nearest(names: Sequence[str], likeness: Sequence[float]) -> tuple[str, float]:
    best = max(range(len(names)), key=likeness.__getitem__)
    shares = [math.exp((each - likeness[best]) / SPREAD) for each in likeness]
    return names[best], round(1 / sum(shares), 3)


def _by_examples(task: str, found: Vectors) -> Likeness:
    """Likeness to the examples of each label; neutral is what lies between the two sides."""
    likeness = _likeness(tuple(_FIXED[task]), _centres(task), found)
    if task != "sentiment":
        return likeness
    positive, negative = likeness["positive"], likeness["negative"]
    between = [(one + other + NEUTRAL_WIDTH) / 2 for one, other in zip(positive, negative, strict=True)]
    return {"positive": positive, "neutral": between, "negative": negative}


def _likeness(names: Sequence[str], centres: Vectors, found: Vectors) -> Likeness:
    """The larger, the smaller the distance."""
    offsets = (centres * centres).sum(axis=1) / 2
    return dict(zip(names, (centres @ found.T - offsets[:, None]).tolist(), strict=True))


@cache
def _centres(task: str) -> Vectors:
    """The mean of the examples of each label."""
    import numpy as np

    return np.stack([vectors_now(sentences).mean(axis=0) for sentences in _FIXED[task].values()])


def _meanings(labels: tuple[str, ...]) -> Vectors:
    """A label stands for what its words mean."""
    return vectors_now([label.replace("_", " ").replace("-", " ") for label in labels])
