"""A plan as a question to a person, and what counts as a yes."""

from __future__ import annotations

import pytest
from mcp_types import ElicitRequestURLParams, ElicitResult

from wirepost.server.question import answer_in, answer_of, form, plan_to_confirm

PLAN = {"plan": "Refund 20.00 EUR", "effects": [], "reversible": True, "confirmation": "token"}


def message(**plan):
    return form({**PLAN, **plan}).params.message


def test_effects_are_shown_with_what_changes():
    effects = [
        {"what": "Balance", "before": "5", "after": "3"},
        {"what": "Status", "after": "paid"},
        {"what": "Mail"},
    ]
    assert message(effects=effects) == "Refund 20.00 EUR\n• Balance: 5 → 3\n• Status: paid\n• Mail"


def test_notes_are_shown_and_what_cannot_be_undone_is_said():
    assert message(notes=["Fees stay"], reversible=False) == (
        "Refund 20.00 EUR\nThis cannot be undone.\n• Fees stay"
    )


def test_a_question_is_never_longer_than_a_dialog_takes():
    assert len(message(plan="x" * 10_000)) == 2000


def test_what_does_not_fit_is_told_and_hides_nothing_short():
    effects = [{"what": "Text", "after": "x" * 5000}, {"what": "Notifies <!channel>"}]
    shown = message(effects=effects, notes=["Read by 3"], reversible=False)
    begin = "Refund 20.00 EUR\nThis cannot be undone.\n• Read by 3\n• Notifies <!channel>\n• Text: xxx"
    assert shown.startswith(begin)
    assert "more than fit here" in shown
    assert len(shown) == 2000


@pytest.mark.parametrize(
    "envelope",
    [
        {"data": {}},
        {"error": {"code": "forbidden_by_policy", "plan": PLAN}},
        {"error": {"code": "confirmation_required"}},
        {"error": {"code": "confirmation_required", "plan": {**PLAN, "confirmation": None}}},
        {"error": {"code": "approval_required", "plan": PLAN}},
    ],
)
def test_only_a_plan_that_waits_for_a_yes_is_asked_about(envelope):
    assert plan_to_confirm(envelope) is None


@pytest.mark.parametrize("code", ["confirmation_required", "confirmation_mismatch"])
def test_a_plan_and_a_changed_plan_are_asked_about(code):
    assert plan_to_confirm({"error": {"code": code, "plan": PLAN}}) == PLAN


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (ElicitResult(action="accept", content={"confirm": True}), "yes"),
        (ElicitResult(action="accept", content={"confirm": False}), "no"),
        (ElicitResult(action="accept", content={}), "no"),
        (ElicitResult(action="accept"), "no"),
        (ElicitResult(action="accept", content={"confirm": "true"}), "no"),
        (ElicitResult(action="decline"), "no"),
        (ElicitResult(action="cancel"), "no"),
        (ElicitRequestURLParams(message="", url="http://x", elicitation_id="1"), "no"),
    ],
)
def test_only_a_ticked_box_is_a_yes(response, answer):
    assert answer_of(response) == answer
    assert answer_in({"confirm": response}) == answer


@pytest.mark.parametrize("responses", [None, {}, {"other": ElicitResult(action="cancel")}])
def test_no_answer_is_neither_yes_nor_no(responses):
    assert answer_in(responses) == "none"
