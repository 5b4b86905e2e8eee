"""Standard objects: what is written down about them fits the published fields of each."""

from __future__ import annotations

import pytest

from support.specmock_fixture import described
from wirepost.contracts.records import ALIASES, NEUTRAL_OBJECTS
from wirepost.providers.salesforce.kinds import BY_NAME, JUNCTIONS, KINDS

FREE = {"CurrencyIsoCode", "ProductCode"}
"""Fields that only some organisations have, or whose object is not described whole."""


def published(name: str) -> set[str]:
    """The fields of an object."""
    schemas = described("salesforce")["salesforce"].doc["components"]["schemas"]
    return set(schemas.get(f"{name}SObject", {}).get("properties", {}))


def test_every_neutral_name_leads_to_one_object():
    assert {kind.neutral for kind in KINDS if kind.neutral} == set(NEUTRAL_OBJECTS)
    assert BY_NAME["ticket"].name == BY_NAME["case"].name == "Case"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if published(kind.name)], ids=lambda kind: kind.name)
def test_fields_exist(kind):
    assert {*kind.defaults, *kind.aliases.values()} - FREE <= published(kind.name)
    assert set(kind.aliases) <= set(ALIASES)
    if kind.stages is not None:
        assert kind.stages.field in published(kind.name)


@pytest.mark.parametrize("junction", JUNCTIONS, ids=lambda junction: junction.object)
def test_ends_of_junctions_are_fields_of_theirs(junction):
    fields = published(junction.object)
    if fields:
        assert {*junction.ends.values(), *junction.fixed, *filter(None, [junction.label])} <= fields
    assert junction.end("Nothing") == junction.ends.get("")


def test_stages_of_deals_are_columns_of_their_table():
    stages = BY_NAME["deal"].stages
    assert stages is not None
    assert {stages.closed, stages.won, stages.probability} <= published(stages.table)
