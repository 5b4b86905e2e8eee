"""People see what waits for them, and say yes or no; what they are shown is text."""

from __future__ import annotations

import asyncio
import getpass
from datetime import timedelta

import pytest

from wirepost.cli.post import post
from wirepost.settings import load

PLAN = {"plan": "Refund 5.00 eur", "effects": [], "reversible": False}
KEY = "sk_" + "test_4eC39HqLyjWDarjtT1zdp7dc"


def with_post(work):
    async def opened():
        async with post(load(None).settings) as place:
            return await work(place)

    return asyncio.run(opened())


def waiting(key="k", life_s=3600, **details):
    """What a call has left that needs approval."""

    async def work(place):
        job, _ = await place.long_work.jobs.add_waiting(
            "approval",
            key=key,
            owner="anna",
            tool="stripe_create_refund",
            connection="stripe-sandbox",
            environment="sandbox",
            expires_at=place.clock.now() + timedelta(seconds=life_s),
            details={"arguments": {"payment": "pi_1"}, "plan": PLAN, "rule": "large", "state": "", **details},
        )
        return job.id

    return with_post(work)


def stored(job):
    async def work(place):
        return await place.long_work.jobs.get(job)

    return with_post(work)


def test_without_anything_it_says_so(cli):
    ran = cli("approvals", "list")
    assert (ran.code, ran.out) == (0, "")
    assert "nothing waits" in ran.err


def test_what_waits_longest_comes_first_and_what_was_decided_below(cli):
    first, second, third = waiting("a"), waiting("b"), waiting("c")
    assert cli("approvals", "deny", second, "--yes").code == 0
    found = cli("approvals", "list", "--json").json
    assert [each["approval"] for each in found["waiting"]] == [first, third]
    assert [each["approval"] for each in found["decided"]] == [second]
    lines = cli("approvals", "list").out
    assert lines.index(first) < lines.index(third) < lines.index(second)
    assert "Refund 5.00 eur" in lines


def test_one_is_shown_with_all_that_is_needed_to_decide(cli):
    approval = waiting()
    shown = cli("approvals", "show", approval, "--json").json
    assert (shown["caller"], shown["tool"], shown["rule"]) == ("anna", "stripe_create_refund", "large")
    assert (shown["plan"], shown["arguments"]) == (PLAN, {"payment": "pi_1"})
    assert "Refund 5.00 eur" in cli("approvals", "show", approval).out


def test_secrets_and_signs_of_others_are_not_shown(cli):
    ran = cli("approvals", "show", waiting(arguments={"note": f"{KEY}\n\x1b[2J\u202ex"}))
    assert KEY not in ran.out
    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out


@pytest.mark.parametrize(
    ("verdict", "status", "told"), [("approve", "running", "carries it out"), ("deny", "failed", "is told")]
)
def test_a_decision_is_on_record_with_its_note(cli, verdict, status, told):
    approval = waiting()
    ran = cli("approvals", verdict, approval, "--yes", "--note", "as agreed")
    assert ran.code == 0
    assert told in ran.err
    job = stored(approval)
    said = job.details["decided"]
    assert (job.status, said["verdict"], said["via"]) == (status, verdict, "command")
    assert (said["by"], said["note"]) == (getpass.getuser(), "as agreed")


def test_the_beginning_of_an_id_is_enough_and_an_ambiguous_one_is_not(cli):
    first, second = waiting("a"), waiting("b")
    assert cli("approvals", "deny", first[:-1], "--yes").code == 0
    assert stored(first).status == "failed"
    ran = cli("approvals", "approve", "job_", "--yes")
    assert (ran.code, stored(second).status) == (2, "waiting_approval")
    assert "several approvals begin" in ran.err


def test_an_unknown_one_is_named_with_the_next_step(cli):
    ran = cli("approvals", "approve", "job_1", "--yes")
    assert ran.code == 2
    assert "wirepost approvals list" in ran.err


def test_without_a_yes_nothing_is_decided(cli):
    approval = waiting()
    ran = cli("approvals", "approve", approval)
    assert ran.code != 0
    assert "Refund 5.00 eur" in ran.out
    assert stored(approval).status == "waiting_approval"


def test_what_was_decided_stays_decided(cli):
    approval = waiting()
    assert cli("approvals", "deny", approval, "--yes").code == 0
    ran = cli("approvals", "approve", approval, "--yes")
    assert ran.code == 1
    assert f"decided by {getpass.getuser()}" in ran.err
    assert stored(approval).status == "failed"
