"""Reviews with known meaning: many, different, and about what somebody has bought."""

from __future__ import annotations

from collections import Counter

from support.clock import START
from wirepost.sandbox.world import World

WORLD = World.build(START)


def test_each_is_about_a_product_of_an_order_that_its_writer_has_received() -> None:
    product_of = {price.key: price.product for price in WORLD.prices}
    for review in WORLD.reviews:
        order = WORLD.order[review.order]
        assert review.person == order.person
        assert review.product in {product_of[line.price or ""] for line in order.lines}
        assert order.shipped_at
        assert order.shipped_at < review.created_at < START


def test_they_are_worded_differently() -> None:
    texts = [review.text for review in WORLD.reviews]
    assert len(set(texts)) > 0.97 * len(texts)
    beginnings = Counter(text[:25] for text in texts)
    assert beginnings.most_common(1)[0][1] < 0.03 * len(texts)
    own_words = [review.text for review in WORLD.reviews if review.manner != "hostile"]
    assert not any(mark in text for text in own_words for mark in ("[", "|", "{"))


def test_most_are_in_english_and_the_others_in_three_languages() -> None:
    languages = Counter(review.language for review in WORLD.reviews)
    assert set(languages) == {"en", "de", "fr", "es"}
    assert languages["en"] > len(WORLD.reviews) / 2
    assert min(languages.values()) > 30


def test_every_label_occurs_and_stars_go_with_the_sentiment() -> None:
    reviews = WORLD.reviews
    assert set(Counter(review.category for review in reviews)) == {
        "delivery",
        "quality",
        "price",
        "service",
        "fit",
    }
    assert {review.urgency for review in reviews} == {"low", "normal", "high"}
    assert {review.manner for review in reviews} == {"plain", "mixed", "ironic", "terse", "hostile"}
    assert {(review.sentiment, review.stars) for review in reviews} == {
        ("positive", 4),
        ("positive", 5),
        ("neutral", 3),
        ("negative", 1),
        ("negative", 2),
    }
    assert max(Counter(review.sentiment for review in reviews).values()) < len(reviews) / 2
    assert all(review.sentiment == "negative" for review in reviews if review.manner == "ironic")
