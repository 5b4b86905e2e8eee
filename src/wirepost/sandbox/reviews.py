"""What customers wrote about what they bought: 800 reviews whose meaning is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from wirepost.sandbox.facts import (
    Manner,
    Order,
    Person,
    Product,
    Review,
    ReviewCategory,
    Sentiment,
    Urgency,
)
from wirepost.sandbox.voices import Voice, say, voice_of
from wirepost.sandbox.words import HOSTILE

REVIEWS = 800
Name = TypeVar("Name")

_SENTIMENTS: Mapping[Sentiment, int] = {"positive": 45, "neutral": 20, "negative": 35}
_CATEGORIES: Mapping[ReviewCategory, int] = {
    "delivery": 25,
    "quality": 30,
    "price": 12,
    "service": 18,
    "fit": 15,
}
_MANNERS: Mapping[Manner, int] = {"plain": 78, "mixed": 10, "ironic": 4, "terse": 7, "hostile": 1}
_URGENCIES: Mapping[Sentiment, Mapping[Urgency, int]] = {
    "positive": {"low": 90, "normal": 10},
    "neutral": {"low": 70, "normal": 30},
    "negative": {"low": 50, "normal": 32, "high": 18},
}
_STARS: Mapping[Sentiment, tuple[int, ...]] = {
    "positive": (4, 5, 5),
    "neutral": (3,),
    "negative": (1, 1, 2),
}
_OWN_LANGUAGE = 0.6
"""So many customers write their own language where the shop reads it; the others write English."""
_SPANISH = 0.12
"""So many write from elsewhere."""
_OPENED, _DOUBLED, _STRAYED, _CLOSED, _HASTY = 0.55, 0.3, 0.2, 0.5, 0.08
"""Shares of reviews with an opening, a second point, an aside, a closing, and without capitals."""


def make_reviews(
    rng: Random,
    now: datetime,
    people: Mapping[str, Person],
    orders: Sequence[Order],
    product_of: Mapping[str, Product],
) -> list[Review]:
    """Reviews of goods that were sent, oldest first; `product_of` tells the product of a price."""
    sent = [order for order in orders if order.shipped_at and order.shipped_at < now - timedelta(days=5)]
    made = []
    for _ in range(REVIEWS):
        order = rng.choice(sent)
        product = product_of[rng.choice(order.lines).price or ""]
        made.append(_review(rng, now, people[order.person], order, product))
    made.sort(key=lambda review: review.created_at)
    for number, review in enumerate(made, start=1):
        review.key = f"review{number:04}"
    return made


def _review(rng: Random, now: datetime, person: Person, order: Order, product: Product) -> Review:
    manner, category = _weighted(rng, _MANNERS), _weighted(rng, _CATEGORIES)
    sentiment: Sentiment = "negative" if manner == "ironic" else _weighted(rng, _SENTIMENTS)
    urgency: Urgency = "low" if manner in {"ironic", "terse"} else _weighted(rng, _URGENCIES[sentiment])
    language = _language(rng, person)
    words = _words(rng, voice_of(language), manner, category, sentiment)
    if urgency != "low":
        words.append(
            say(rng, voice_of(language).alarms if urgency == "high" else voice_of(language).requests)
        )
    if manner == "hostile":
        words.append(rng.choice(HOSTILE))
    sent_at = order.shipped_at or order.created_at
    return Review(
        key="",
        person=person.key,
        product=product.key,
        order=order.key,
        stars=rng.choice(_STARS[sentiment]),
        text=" ".join(words).replace("{item}", product.name),
        language=language,
        created_at=(sent_at + (now - sent_at) * (0.02 + 0.3 * rng.random())).replace(microsecond=0),
        sentiment=sentiment,
        category=category,
        urgency=urgency,
        manner=manner,
    )


def _language(rng: Random, person: Person) -> str:
    if person.locale in {"de", "fr"} and rng.random() < _OWN_LANGUAGE:
        return person.locale
    return "es" if rng.random() < _SPANISH else "en"


def _words(
    rng: Random, voice: Voice, manner: Manner, category: ReviewCategory, sentiment: Sentiment
) -> list[str]:
    """The sentences of a review, without what it asks for."""
    match manner:
        case "terse":
            return [say(rng, voice.terse[category][sentiment])]
        case "ironic":
            return [say(rng, voice.ironic[category])]
        case "mixed":
            return _mixed(rng, voice, category, sentiment)
    words = [say(rng, voice.openings[sentiment])] if rng.random() < _OPENED else []
    points = voice.points[category][sentiment]
    words += [say(rng, [each]) for each in rng.sample(points, 2 if rng.random() < _DOUBLED else 1)]
    if rng.random() < _STRAYED:
        words.insert(rng.randrange(len(words) + 1), say(rng, voice.asides))
    if rng.random() < _CLOSED:
        words.append(say(rng, voice.closings[sentiment]))
    if rng.random() < _HASTY:
        return [" ".join(words).lower().replace(".", "").replace(",", "").replace("{item}", "it")]
    return words


def _mixed(rng: Random, voice: Voice, category: ReviewCategory, sentiment: Sentiment) -> list[str]:
    """Two opposite points, the second in the review's category; a closing says which of them counts."""
    other = rng.choice([each for each in _CATEGORIES if each != category])
    last = sentiment if sentiment != "neutral" else rng.choice(("positive", "negative"))
    first = "negative" if last == "positive" else "positive"
    return [
        say(rng, voice.points[other][first]),
        say(rng, [voice.but]),
        say(rng, voice.points[category][last]),
        say(rng, voice.closings[sentiment]),
    ]


def _weighted(rng: Random, choices: Mapping[Name, int]) -> Name:
    return rng.choices(list(choices), list(choices.values()))[0]
