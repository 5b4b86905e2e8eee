"""Which common arguments a tool has follows from its risk, its result and whether it runs on a connection."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from support.samples import (
    board_list_cards,
    sample_delete_note,
    sample_get_note,
    sample_list_notes,
    sample_pay_note,
    sample_send_note,
    sample_update_note,
)

READ = ["connection", "fields", "max_tokens"]
WRITE = ["connection", "intent"]
PLANNED = [*WRITE, "mode", "confirmation", "reason"]


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        (sample_get_note, READ),
        (sample_list_notes, ["connection", "limit", "cursor", "fields", "max_tokens"]),
        (board_list_cards, ["limit", "cursor"]),
        (sample_update_note, WRITE),
        (sample_send_note, PLANNED),
        (sample_pay_note, PLANNED),
        (sample_delete_note, PLANNED),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_tool_has_the_common_arguments_of_its_kind(tool, expected) -> None:
    assert [option.name for option in tool.options] == expected
    assert list(tool.input_schema["properties"])[-len(expected) :] == expected


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        (sample_list_notes, {"limit": 0}),
        (sample_list_notes, {"limit": 101}),
        (sample_list_notes, {"max_tokens": 499}),
        (sample_list_notes, {"max_tokens": 20001}),
        (sample_pay_note, {"note": "n_1", "intent": ""}),
        (sample_pay_note, {"note": "n_1", "intent": "i" * 81}),
        (sample_pay_note, {"note": "n_1", "reason": "r" * 301}),
        (sample_pay_note, {"note": "n_1", "mode": "force"}),
        (sample_get_note, {"note": "n_1", "mode": "preview"}),
        (sample_update_note, {"note": "n_1", "confirmation": "c"}),
    ],
)
def test_a_common_argument_out_of_range_or_place_is_refused(tool, arguments) -> None:
    with pytest.raises(ValidationError):
        tool.arguments_model.model_validate(arguments)


def test_what_is_left_out_has_a_value() -> None:
    listed = sample_list_notes.arguments_model.model_validate({}).model_dump()
    assert (listed["limit"], listed["max_tokens"], listed["cursor"], listed["connection"]) == (
        20,
        6000,
        None,
        None,
    )
    planned = sample_pay_note.arguments_model.model_validate({"note": "n_1"}).model_dump()
    assert (planned["mode"], planned["intent"], planned["confirmation"]) == ("execute", None, None)
