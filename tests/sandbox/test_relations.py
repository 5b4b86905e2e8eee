"""What the shop knows of its customers besides purchases."""

from __future__ import annotations

from collections import Counter

from support.clock import START
from support.worlds import world_at
from wirepost.sandbox.relations import make_team
from wirepost.sandbox.words import HOSTILE

WORLD = world_at(START)


def test_one_colleague_has_left() -> None:
    assert Counter(colleague.is_active for colleague in make_team()) == {True: 7, False: 1}
    assert len({colleague.email for colleague in make_team()}) == 8


def test_every_stage_status_and_kind_of_activity_occurs() -> None:
    assert {deal.stage for deal in WORLD.deals} == {
        "new",
        "qualified",
        "proposal",
        "negotiation",
        "won",
        "lost",
    }
    assert {ticket.status for ticket in WORLD.tickets} == {"new", "waiting", "in_progress", "closed"}
    assert {activity.kind for activity in WORLD.activities} == {"note", "task", "call", "email", "meeting"}


def test_only_tasks_are_due_and_some_are_not_done() -> None:
    tasks = [activity for activity in WORLD.activities if activity.kind == "task"]
    assert all(task.due_at for task in tasks)
    assert {task.is_done for task in tasks} == {True, False}
    assert not any(activity.due_at for activity in WORLD.activities if activity.kind != "task")


def test_closed_deals_do_not_close_in_the_future() -> None:
    assert all(deal.closes_at <= START for deal in WORLD.deals if deal.stage in {"won", "lost"})


def test_outsiders_write_hostile_texts_into_tickets_and_activities() -> None:
    assert any(ticket.content in HOSTILE for ticket in WORLD.tickets)
    assert any(activity.body in HOSTILE for activity in WORLD.activities)
