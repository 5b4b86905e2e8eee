"""What the shop sells: about 300 products with prices in up to five currencies."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from wirepost.sandbox.facts import Interval, Price, Product
from wirepost.sandbox.words import ADJECTIVES, CLUBS, HOSTILE, NOUNS

FACTORS = {
    "eur": (100, 10, 1.0),
    "usd": (100, 10, 1.1),
    "gbp": (100, 10, 0.87),
    "jpy": (158, 10, 1.0),
    "kwd": (340, 50, 1.0),
}
"""Currency → euro cents to minor units in percent, step to round to, and a market factor."""


def make_products(rng: Random, now: datetime) -> list[Product]:
    """Clubs that recur first, then things."""
    return [*_clubs(now), *_things(rng, now)]


def _clubs(now: datetime) -> list[Product]:
    made = []
    for index, (name, cents) in enumerate(CLUBS):
        key = f"club{index + 1:02}"
        intervals: tuple[tuple[Interval, int], ...] = (("month", 1), ("year", 10))
        prices = tuple(
            Price(f"{key}-{currency}-{interval}", key, currency, convert(cents * months, currency), interval)
            for currency in ("eur", "usd", "gbp")
            for interval, months in intervals
        )
        made.append(
            Product(
                key=key,
                sku=f"NL-C{index + 1:02}",
                name=f"Nordlicht {name}",
                description=f"{name}: delivered or renewed until cancelled.",
                category="clubs",
                is_active=True,
                prices=prices,
                created_at=now - timedelta(days=600),
            )
        )
    return made


def _things(rng: Random, now: datetime) -> list[Product]:
    made = []
    pairs = [(adjective, noun) for noun in NOUNS for adjective in ADJECTIVES]
    for index, (adjective, (noun, category, cents)) in enumerate(pairs[:292]):
        key = f"product{index + 1:03}"
        euro = round(cents * rng.choice((0.8, 0.9, 1.0, 1.0, 1.2, 1.5)), -1)
        made.append(
            Product(
                key=key,
                sku=f"NL-{index + 1:04}",
                name=f"{adjective} {noun}",
                description=_description(adjective, noun, index),
                category=category,
                is_active=index % 23 != 22,  # noqa: PLR2004
                prices=tuple(Price(f"{key}-{c}", key, c, convert(euro, c)) for c in _currencies(index)),
                created_at=now - timedelta(days=560 + rng.randint(0, 30)),
            )
        )
    return made


def _currencies(index: int) -> list[str]:
    every = {"eur": 1, "usd": 2, "gbp": 3, "jpy": 5, "kwd": 9}
    return [currency for currency, nth in every.items() if index % nth == 0]


def _description(adjective: str, noun: str, index: int) -> str:
    if index % 60 == 31:  # noqa: PLR2004 - marketplace sellers write their own texts
        return HOSTILE[index // 60 % len(HOSTILE)]
    return f"{adjective} {noun.lower()}, made in small batches. Ships in two days."


def convert(cents: float, currency: str) -> int:
    """Euro cents as a price in another currency, rounded to what a price tag would show."""
    percent, step, market = FACTORS[currency]
    return max(step, round(cents * percent / 100 * market / step) * step)
