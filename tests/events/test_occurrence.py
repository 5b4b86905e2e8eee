"""Events as clients of the Events extension get them."""

from __future__ import annotations

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from support.occurred import event
from wirepost.events.occurrence import PAYLOAD, occurrence

FIELDS = {"eventId", "name", "timestamp", "data"}
"""Those that every occurrence has by the specification; `cursor` comes where the way carries it."""


def test_an_occurrence_has_the_fields_of_the_specification() -> None:
    happened = event(id="evt_1", time=1_795_599_999.0, summary="payment.refunded: charge ch_1")
    told = occurrence("payment.refunded", happened, "c1")
    assert told.keys() == FIELDS | {"cursor"}
    assert (told["eventId"], told["name"], told["cursor"]) == ("evt_1", "payment.refunded", "c1")
    assert told["timestamp"] == "2026-11-25T09:46:39Z"
    assert told["data"]["summary"] == "payment.refunded: charge ch_1"


def test_where_nobody_knows_when_it_happened_the_time_is_that_of_its_arrival() -> None:
    told = occurrence("payment.refunded", event(time=None, received_at=1_795_600_000.0))
    assert told["timestamp"] == "2026-11-25T09:46:40Z"
    assert told["data"]["time"] is None
    assert told.keys() == FIELDS


@given(
    st.dictionaries(st.text(max_size=8), st.none() | st.booleans() | st.integers() | st.text(max_size=20)),
    st.none() | st.text(max_size=10),
    st.sampled_from(["production", "test", "sandbox"]),
)
def test_what_is_told_is_what_its_schema_says(content, subject, environment) -> None:
    happened = event(data=content, subject=subject, environment=environment)
    jsonschema.Draft202012Validator(PAYLOAD).validate(occurrence("x", happened)["data"])
