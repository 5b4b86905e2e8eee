"""Every kind of fact can be put beside those of other systems."""

from __future__ import annotations

import typing

from wirepost.contracts.facts import Fact, Facts


def test_whoever_knows_nothing_says_so_in_every_kind() -> None:
    kinds = typing.get_type_hints(Facts)
    assert kinds.pop("warnings") == list[str]
    assert all(issubclass(typing.get_args(kind)[0], Fact) for kind in kinds.values())
    assert all(getattr(Facts(), name) == [] for name in kinds)


def test_each_fact_says_who_knows_it_and_when_it_was_asked() -> None:
    kinds = [
        typing.get_args(kind)[0] for name, kind in typing.get_type_hints(Facts).items() if name != "warnings"
    ]
    assert all({"source", "as_of"} <= kind.model_fields.keys() for kind in kinds)
