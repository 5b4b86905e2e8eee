"""A tool is read off its function: name, texts, arguments, hints; what contradicts itself is refused."""

from __future__ import annotations

from types import ModuleType

import pytest
from pydantic import ValidationError

from support import samples
from support.samples import SAMPLES, Board, Line, Note, SampleClient
from wirepost.tools.context import Call
from wirepost.tools.results import Effect, Plan
from wirepost.tools.tool import Risk, tool, tools_in


@tool(Risk.WRITE, title="Write it down", long_help="    One.\n    Two.")
async def board_add_card(call: Call[Board], text: str, colour: str = "red") -> Note:
    """Add a card.

    It is shown
    at the top.
    """
    return Note(id=text)


def test_texts_come_from_the_docstring() -> None:
    assert board_add_card.summary == "Add a card."
    assert board_add_card.details == "It is shown at the top."
    assert board_add_card.description == "Add a card. It is shown at the top."
    assert board_add_card.long_help == "One.\nTwo."
    assert samples.sample_get_note.description == "Get one note."


def test_name_title_and_toolset_come_from_the_function_unless_given() -> None:
    assert (board_add_card.name, board_add_card.title, board_add_card.toolset) == (
        "board_add_card",
        "Write it down",
        "board",
    )
    assert samples.sample_get_note.title == "Get note (Sample)"


def test_the_result_tells_a_page_from_a_record() -> None:
    assert (samples.sample_list_notes.is_page, samples.sample_list_notes.returns) == (True, Note)
    assert (samples.sample_get_note.is_page, samples.sample_get_note.returns) == (False, Note)
    assert "page" in samples.sample_list_notes.output_schema["properties"]


def test_what_a_call_needs_tells_provider_tools_from_our_own() -> None:
    assert samples.sample_get_note.needs is SampleClient
    assert samples.sample_get_note.is_provider_tool
    assert not board_add_card.is_provider_tool


def test_the_hints_follow_from_the_risk() -> None:
    hints = {each.risk: tuple(each.hints.values()) for each in SAMPLES if each.is_provider_tool}
    assert list(board_add_card.hints) == [
        "readOnlyHint",
        "destructiveHint",
        "idempotentHint",
        "openWorldHint",
    ]
    assert hints == {
        Risk.READ: (True, False, True, True),
        Risk.WRITE: (False, False, True, True),
        Risk.VISIBLE: (False, False, True, True),
        Risk.MONEY: (False, True, True, True),
        Risk.DESTRUCTIVE: (False, True, False, True),
    }
    assert board_add_card.hints["openWorldHint"] is False


@pytest.mark.parametrize(
    ("risk", "is_read", "has_preview"),
    [("R", True, False), ("W1", False, False), ("W2", False, True), ("W3", False, True), ("W4", False, True)],
)
def test_a_risk_says_what_it_asks_for(risk, is_read, has_preview) -> None:
    assert (Risk(risk).is_read, Risk(risk).has_preview) == (is_read, has_preview)


def test_arguments_have_the_defaults_of_the_function() -> None:
    model = board_add_card.arguments_model
    assert model.model_validate({"text": "a"}).model_dump() == {"text": "a", "colour": "red", "intent": None}
    with pytest.raises(ValidationError, match="text"):
        model.model_validate({})
    with pytest.raises(ValidationError, match="Extra inputs"):
        model.model_validate({"text": "a", "color": "red"})


def test_a_nested_argument_refuses_unknown_keys_and_changes() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Line.model_validate({"product": "p", "quantty": 1})
    with pytest.raises(ValidationError, match="frozen"):
        Line(product="p").quantity = 2


def test_defaults_of_common_arguments_are_not_paid_for_in_the_list() -> None:
    properties = samples.sample_list_notes.input_schema["properties"]
    assert "default" not in properties["limit"]
    assert board_add_card.input_schema["properties"]["colour"]["default"] == "red"


def test_a_common_argument_cannot_be_declared_again() -> None:
    @tool(Risk.READ)
    async def sample_find_notes(call: Call[SampleClient], *, fields: str) -> Note:
        """Takes a name that is taken."""
        return Note(id=fields)

    with pytest.raises(TypeError, match="sample_find_notes: fields is a common argument"):
        _ = sample_find_notes.arguments_model


async def test_plan_and_reconciler_are_attached_and_still_functions() -> None:
    @tool(Risk.MONEY)
    async def board_buy_card(call: Call[Board], text: str) -> Note:
        """Buy a card."""
        return Note(id=text)

    assert (board_buy_card.planner, board_buy_card.reconciler) == (None, None)

    @board_buy_card.plan
    async def plan_buy(call: Call[Board], text: str) -> Plan:
        return Plan("Buy", [Effect(what=text)], reversible=False, state=None)

    @board_buy_card.reconcile
    async def find_buy(call: Call[Board], text: str) -> Note | None:
        return None

    assert (board_buy_card.planner, board_buy_card.reconciler) == (plan_buy, find_buy)
    assert board_add_card.planner is None


@pytest.mark.parametrize("role", ["plan", "reconcile"])
def test_a_part_with_other_arguments_is_refused(role) -> None:
    async def other(call: Call[Board], txt: str) -> None: ...

    with pytest.raises(TypeError, match=f"board_add_card: .{role} must take the arguments"):
        getattr(board_add_card, role)(other)
    assert (board_add_card.planner, board_add_card.reconciler) == (None, None)


def test_the_tools_of_modules_are_found_in_order_of_definition() -> None:
    first, second = ModuleType("first"), ModuleType("second")
    vars(first).update(z=samples.sample_get_note, text="no tool", a=samples.sample_pay_note)
    vars(second).update(b=board_add_card)
    assert tools_in(first, second) == (samples.sample_get_note, samples.sample_pay_note, board_add_card)
