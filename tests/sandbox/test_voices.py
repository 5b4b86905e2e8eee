"""Sentences of several languages."""

from __future__ import annotations

from dataclasses import asdict
from random import Random

import pytest

from wirepost.sandbox.voices import say, voice_of


def shape(value: object) -> object:
    return {name: shape(each) for name, each in value.items()} if isinstance(value, dict) else type(value)


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_each_language_can_say_all_that_english_can(language: str) -> None:
    assert shape(asdict(voice_of(language))) == shape(asdict(voice_of("en")))


def test_a_sentence_is_said_in_one_of_its_forms() -> None:
    said = {say(Random(seed), ["[Good|Nice] lamp."]) for seed in range(20)}  # noqa: S311 - reproducible
    assert said == {"Good lamp.", "Nice lamp."}
