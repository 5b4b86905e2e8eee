"""Summaries of a text's own sentences."""

from __future__ import annotations

from wirepost.providers.embedded.summary import summarise

KETTLE = (
    "I ordered the kettle in May. The weather was fine. The kettle leaks at the handle. "
    "My kettle must be replaced, because it leaks water every morning."
)


def test_it_consists_of_whole_sentences_within_the_limit():
    found = summarise(KETTLE, 12)
    assert 0 < len(found.split()) <= 12
    assert all(sentence in KETTLE for sentence in found.removesuffix(".").split(". "))


def test_a_text_within_the_limit_stays_whole():
    assert summarise(KETTLE, 100) == KETTLE


def test_one_long_sentence_is_cut_to_the_limit():
    assert summarise("word " * 40, 5) == "word word word word word"


def test_nothing_is_made_of_nothing():
    assert summarise("  ", 5) == ""
