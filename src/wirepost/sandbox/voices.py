"""What customers say, language by language: the sentences that reviews are put together from.

They stand in `opinions/*.toml`: `[a|b]` in a sentence is one of the two, `{item}` is the name of the product.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

_CHOICE = re.compile(r"\[([^\]]*)\]")
Sentences = Sequence[str]
BySentiment = Mapping[str, Sentences]


@dataclass(frozen=True)
class Voice:
    """The sentences of one language; each stands for itself."""

    points: Mapping[str, BySentiment]
    """Category → what somebody finds who writes of it: both labels can be read from each sentence."""
    openings: BySentiment
    closings: BySentiment
    asides: Sentences
    """Say nothing of either."""
    requests: Sentences
    """Want an answer in some days."""
    alarms: Sentences
    """Want an answer at once."""
    ironic: Mapping[str, Sentences]
    """Category → praise in words, blame in meaning."""
    terse: Mapping[str, BySentiment]
    """Category → all that some people write."""
    but: str
    """Joins two opposite points."""


@cache
def voice_of(language: str) -> Voice:
    """The sentences of a language (ISO 639-1), read when first needed."""
    file = Path(__file__).with_name("opinions") / f"{language}.toml"
    return Voice(**tomllib.loads(file.read_text(encoding="utf-8")))


def say(rng: Random, sentences: Sentences) -> str:
    """One of the sentences, in one of its forms."""
    return _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), rng.choice(sentences))
