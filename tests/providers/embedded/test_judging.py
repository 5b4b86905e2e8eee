"""Labels by nearness."""

from __future__ import annotations

from wirepost.providers.embedded.engine import vectors_now
from wirepost.providers.embedded.judging import judge


def test_the_score_is_the_share_of_the_label_among_all():
    (found,) = judge("category", ["late_delivery", "late-delivery"], vectors_now(["late"]))
    assert found == ("late_delivery", 0.5)


def test_a_label_is_read_as_words():
    (found,) = judge("category", ["late_delivery", "wrong_invoice"], vectors_now(["late delivery"]))
    assert found[0] == "late_delivery"


def test_neutral_is_what_leans_to_neither_side():
    texts = ["It arrived on Tuesday.", "Wonderful, I love it!", "Terrible, I want my money back."]
    found = judge("sentiment", [], vectors_now(texts))
    assert [label for label, _ in found] == ["neutral", "positive", "negative"]


def test_some_labels_of_a_task_are_chosen_among():
    found = judge("sentiment", ["negative", "positive"], vectors_now(["It arrived on Tuesday.", "Love it!"]))
    assert {label for label, _ in found} <= {"negative", "positive"}
    assert found[1][0] == "positive"


def test_other_labels_for_a_task_are_taken_at_their_word():
    (found,) = judge("sentiment", ["furious", "delighted"], vectors_now(["I am so happy with this lamp."]))
    assert found[0] == "delighted"
