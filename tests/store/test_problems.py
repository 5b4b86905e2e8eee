"""One problem, told to whoever can do something about it."""

from __future__ import annotations

from wirepost.store.problems import Problem

FULL = Problem("the disk is full", "Free some space")


def test_a_caller_may_repeat_the_call_later():
    assert FULL.unavailable().payload() == {
        "code": "server_unavailable",
        "message": "The server cannot use its own store: the disk is full. Nothing was sent.",
        "retryable": True,
        "outcome": "not_applied",
        "retry_after_s": 30.0,
        "hint": "Free some space",
    }


def test_the_operator_sees_it_at_the_start():
    refused = FULL.refusal("/data/wirepost.db")
    assert (
        str(refused) == "/data/wirepost.db: the database cannot be opened: the disk is full (Free some space)"
    )
