"""Walking the models of the configuration by path."""

from __future__ import annotations

from wirepost.settings import Settings, shape
from wirepost.settings.connections import MoneyRules


def test_every_path_leads_to_its_annotation() -> None:
    assert shape.annotation_at(Settings, ("connections", "any-name", "money")) is MoneyRules
    assert shape.annotation_at(Settings, ("policy", "rules", 7, "reason")) == (str | None)
    assert shape.annotation_at(Settings, ("server", "nothing")) is None
    assert shape.annotation_at(Settings, ("server", "port", "below")) is None


def test_every_option_has_a_description() -> None:
    undescribed = [path for path, field in shape.options(Settings) if not field.description]
    assert undescribed == []


def test_an_unknown_key_is_near_a_known_one_or_elsewhere() -> None:
    assert shape.suggestion(Settings, ("server", "hosts")) == "did you mean host?"
    assert (
        shape.suggestion(Settings, ("refund_window_days",))
        == "did you mean connections.<name>.money.refund_window_days?"
    )
    assert shape.suggestion(Settings, ("effect",)) == "did you mean policy.rules[].effect?"
    assert shape.suggestion(Settings, ("logging", "zzz")) == "known: level, format"


def test_the_words_of_an_option_are_known() -> None:
    assert shape.choices(shape.annotation_at(Settings, ("logging", "level"))) == [
        "debug",
        "info",
        "warning",
        "error",
    ]
    assert shape.choices(str) == []
