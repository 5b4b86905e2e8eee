"""What the world is made of."""

from __future__ import annotations

from wirepost.core.money import CURRENCIES
from wirepost.sandbox.words import ADJECTIVES, HOSTILE, NOUNS, REGIONS


def test_every_region_pays_in_a_known_currency_and_has_people_and_places() -> None:
    for region in REGIONS:
        assert region.currency in CURRENCIES
        assert region.weight > 0
        assert region.first
        assert region.last
        assert region.places


def test_there_are_enough_different_goods() -> None:
    assert len(set(ADJECTIVES)) * len({name for name, _, _ in NOUNS}) >= 292


def test_hostile_texts_contain_commands_markup_and_invisible_characters() -> None:
    everything = "".join(HOSTILE)
    for part in (
        "Ignore all previous instructions",
        "</record>",
        "isError",
        "\u202e",
        "\u200b",
        "\x1b",
        "'; DROP",
    ):
        assert part in everything
