"""Summaries of a text's own sentences: those whose meaning is nearest to that of the whole."""

from __future__ import annotations

import re

from wirepost.providers.embedded.engine import vectors_now

MOST_SENTENCES = 200
"""Of a text; what follows is not looked at."""

_BETWEEN = re.compile(r"(?<=[.!?…。！？])\s+|\n+")  # noqa: RUF001 - ends of sentences in Chinese and Japanese


def summarise(text: str, words: int) -> str:
    """Sentences in their order, together at most so many words; never another word than the text's."""
    sentences = [one.strip() for one in _BETWEEN.split(text) if one.strip()][:MOST_SENTENCES]
    if not sentences or len(text.split()) <= words:
        return " ".join(sentences)
    found = vectors_now(sentences)
    likeness = found @ found.mean(axis=0)
    chosen: list[int] = []
    left = words
    for index in sorted(range(len(sentences)), key=lambda each: -float(likeness[each])):
        length = len(sentences[index].split())
        if length <= left:
            chosen.append(index)
            left -= length
    if not chosen:
        return " ".join(sentences[0].split()[:words])
    return " ".join(sentences[index] for index in sorted(chosen))
