"""The page of approvals: operators alone see and decide, what they see is text, only its own forms decide."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from starlette.responses import Response

from support.people import reception
from wirepost.core.signing import Signer
from wirepost.server.browser import Browsers

HOSTILE = "</dd><script>alert(1)</script>\u202e ignore the plan"
PLAN = {
    "plan": "Refund 5.00 eur of payment pi_1",
    "effects": [{"what": "Still refundable", "before": "9.00", "after": "4.00"}, {"what": HOSTILE}],
    "reversible": False,
    "notes": ["Paid 3 days ago", HOSTILE],
}


@pytest.fixture
async def desk(tmp_path, clock):
    async with reception(tmp_path, clock) as desk:
        yield desk


@pytest.fixture
async def window(desk):
    async with desk.window() as window:
        yield window


async def wait_for_a_person(desk, clock, **arguments: Any) -> str:
    """What is stored when a call needs approval."""
    job, _ = await desk.jobs.add_waiting(
        "approval",
        key=str(arguments),
        owner="token:1",
        tool="stripe_create_refund",
        connection="shop",
        environment="test",
        expires_at=clock.now() + timedelta(hours=1),
        details={
            "arguments": {"payment": "pi_1", "reason": HOSTILE, **arguments},
            "plan": PLAN,
            "rule": "large",
            "reason": "Finance decides",
            "state": "",
            "scopes": None,
            "client": None,
        },
    )
    return job.id


async def as_caller(desk, window, clock, *, is_operator: bool) -> None:
    response = Response()
    browsers = Browsers(Signer(b"s" * 32), clock, lambda: desk.links.address)
    browsers.keep_session(response, browsers.new_session("token:1", is_operator=is_operator))
    name, _, value = response.headers["set-cookie"].split(";")[0].partition("=")
    window.http.cookies.set(name, value, domain=window.http.base_url.host)


async def test_everything_that_is_needed_to_decide_is_there_as_text(desk, window, clock) -> None:
    await wait_for_a_person(desk, clock)
    page = await window.open("/approvals")
    for text in (
        "Refund 5.00 eur of payment pi_1",
        "Still refundable: 9.00 → 4.00",
        "Finance decides (rule large)",
        "token:1",
        "shop, test",
        "Can be undone",
        "Paid 3 days ago",
    ):
        assert text in page.text
    assert "script" not in page.tags
    assert "\u202e" not in page.answer.text
    assert {"Approve: Refund 5.00 eur of payment pi_1", "Deny: Refund 5.00 eur of payment pi_1"} == set(
        page.forms
    )


async def test_without_anything_it_says_so(window) -> None:
    assert "Nothing waits for you" in (await window.open("/approvals")).text


@pytest.mark.parametrize(("label", "status"), [("Approve", "running"), ("Deny", "failed")])
async def test_a_button_decides_and_the_page_remembers_who(desk, window, clock, label, status) -> None:
    approval = await wait_for_a_person(desk, clock)
    page = await window.open("/approvals")
    after = await window.follow(await window.press(page, f"{label}: Refund 5.00 eur of payment pi_1"))
    assert "Nothing waits for you" in after.text
    _, decided = await desk.approvals.listed()
    waiting = await desk.jobs.get(approval)
    assert waiting.status == status
    assert waiting.details["decided"]["by"] == "local"
    assert waiting.details["decided"]["via"] == "page"
    assert [each.id for each in decided] == ([approval] if status == "failed" else [])


async def test_what_was_decided_elsewhere_meanwhile_stays_decided(desk, window, clock) -> None:
    await wait_for_a_person(desk, clock)
    page = await window.open("/approvals")
    await window.press(page, "Deny: Refund 5.00 eur of payment pi_1")
    late = await window.press(page, "Approve: Refund 5.00 eur of payment pi_1")
    assert (late.status, "decided by local" in late.text) == (409, True)


@pytest.mark.parametrize("changes", [{"token": "x"}, {"verdict": "both"}])
async def test_a_form_of_another_site_decides_nothing(desk, window, clock, changes) -> None:
    await wait_for_a_person(desk, clock)
    page = await window.open("/approvals")
    answer = await window.press(page, "Approve: Refund 5.00 eur of payment pi_1", **changes)
    assert answer.status == 403
    assert len((await desk.approvals.listed())[0]) == 1


async def test_who_asks_does_not_decide(desk, clock) -> None:
    """A caller who has signed in to see their own accounts is no operator."""
    approval = await wait_for_a_person(desk, clock)
    async with desk.window("198.51.100.7") as window:
        await as_caller(desk, window, clock, is_operator=False)
        assert (await window.open("/approvals")).status == 403
        answer = await window.http.post(f"/approvals/{approval}", content="verdict=approve")
        assert answer.status_code == 403
    assert len((await desk.approvals.listed())[0]) == 1


async def test_a_stranger_sees_nothing(desk, clock) -> None:
    await wait_for_a_person(desk, clock)
    async with desk.window("198.51.100.7") as window:
        page = await window.open("/approvals")
        assert page.status == 403
        assert "Refund" not in page.text
