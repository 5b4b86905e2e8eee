"""What confirmations and cursors are bound to, whichever provider a call is about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.arrived import writes
from support.clock import ManualClock
from support.examples import FIRM, PERSON, RECORD_KEEPERS
from support.running import Running, running
from wirepost.calls.caller import LOCAL, Caller
from wirepost.sandbox.vendor import Sandbox

STRANGER = Caller("somebody else")
OTHER_PERSON = {"hubspot": "100026", "salesforce": "003Wp000000000QIAQ"}
CRMS = sorted(PERSON)

Meanwhile = Callable[[Running], Awaitable[Any]]


@dataclass(frozen=True)
class Write:
    """A call that needs a confirmation, and what can happen around it."""

    provider: str
    tool: str
    asked: dict[str, Any]
    other: dict[str, Any]
    """Arguments that make it another call."""
    meanwhile: Meanwhile
    """Changes the state that its plan is about."""
    again: Meanwhile
    """Makes it possible once more after it was done."""


def opened(directory: Path, clock: ManualClock, provider: str) -> Any:
    """Two accounts at one provider."""
    sandbox = {"provider": provider, "environment": "sandbox"}
    return running(directory, clock, connections={"one": sandbox, "two": sandbox})


def sandboxes(wirepost: Running) -> list[Sandbox]:
    found = [wirepost.app.connections.sandbox(name) for name in ("one", "two")]
    return [sandbox for sandbox in found if sandbox is not None]


def arrived(wirepost: Running) -> list[str]:
    return [line for sandbox in sandboxes(wirepost) for line in writes(sandbox)]


async def nothing(wirepost: Running) -> None:
    """Nothing needs to happen."""


async def refund_a_part(wirepost: Running) -> None:
    part = {**REFUND, "amount": "1.00"}
    await wirepost.confirmed("stripe_create_refund", connection="one", **part)


async def share_with_others(wirepost: Running) -> None:
    workspace: Any = sandboxes(wirepost)[0]
    workspace.workspace.channels["C0SUPPORT"]["is_ext_shared"] = True


def change_phone(crm: str) -> Meanwhile:
    async def change(wirepost: Running) -> None:
        record = {"id": PERSON[crm], "fields": [{"name": "phone", "value": "+49 30 1234567"}]}
        await wirepost.ok("crm_update_records", connection="one", object="contact", records=[record])

    return change


def link_again(crm: str) -> Meanwhile:
    async def link(wirepost: Running) -> None:
        await wirepost.ok("crm_link_records", connection="one", **staff(crm))

    return link


def staff(crm: str) -> dict[str, Any]:
    pairs = [{"from_id": PERSON[crm], "to_id": FIRM[crm]}]
    return {"from_object": "contact", "to_object": "company", "pairs": pairs}


REFUND = {"payment": "pi_NordlichtExample", "amount": "10.00", "currency": "eur"}
HELLO = {"channel": "#support", "text": "The parcel is on its way."}


def archiving(crm: str) -> Write:
    asked = {"object": "contact", "ids": [PERSON[crm]]}
    other = {"ids": [OTHER_PERSON[crm]]}
    return Write(crm, "crm_archive_records", asked, other, change_phone(crm), nothing)


def unlinking(crm: str) -> Write:
    other = {"pairs": [*staff(crm)["pairs"], {"from_id": OTHER_PERSON[crm], "to_id": FIRM[crm]}]}
    return Write(crm, "crm_unlink_records", staff(crm), other, nothing, link_again(crm))


WRITES = [
    Write("stripe", "stripe_create_refund", REFUND, {"amount": "11.00"}, refund_a_part, nothing),
    Write("slack", "slack_send_message", HELLO, {"text": "Your parcel"}, share_with_others, nothing),
    *(archiving(crm) for crm in CRMS),
]
REPEATABLE = [*WRITES[:2], *(unlinking(crm) for crm in CRMS)]
"""What is archived cannot be archived again; a link can be made anew."""

every_write = pytest.mark.parametrize("write", WRITES, ids=lambda write: write.provider)


async def token_of(wirepost: Running, write: Write) -> str:
    preview = await wirepost.ok(write.tool, **write.asked, connection="one", mode="preview")
    return str(preview["data"]["confirmation"])


async def refused(
    wirepost: Running, write: Write, token: str, caller: Caller = LOCAL, **changed: Any
) -> None:
    """The confirmation does not fit and nothing is sent; the one of the new plan fits."""
    asked = {"connection": "one", **write.asked, **changed}
    before = arrived(wirepost)
    error = await wirepost.error(write.tool, caller, **asked, confirmation=token)
    assert (error["code"], error["outcome"]) == ("confirmation_mismatch", "not_applied")
    assert arrived(wirepost) == before
    await wirepost.ok(write.tool, caller, **asked, confirmation=error["plan"]["confirmation"])
    assert arrived(wirepost) != before


@every_write
async def test_a_confirmation_fits_no_other_argument(
    tmp_path: Path, clock: ManualClock, write: Write
) -> None:
    """12.3.2a: what was confirmed is one call, not another with the same tool."""
    async with opened(tmp_path, clock, write.provider) as wirepost:
        await refused(wirepost, write, await token_of(wirepost, write), **write.other)


@every_write
async def test_a_confirmation_fits_no_other_caller(tmp_path: Path, clock: ManualClock, write: Write) -> None:
    """12.3.2b: nobody executes what somebody else confirmed."""
    async with opened(tmp_path, clock, write.provider) as wirepost:
        await refused(wirepost, write, await token_of(wirepost, write), STRANGER)


@every_write
async def test_a_confirmation_fits_no_other_connection(
    tmp_path: Path, clock: ManualClock, write: Write
) -> None:
    """12.3.2c: the same call on another account was not confirmed."""
    async with opened(tmp_path, clock, write.provider) as wirepost:
        await refused(wirepost, write, await token_of(wirepost, write), connection="two")


@every_write
async def test_a_confirmation_fits_no_other_state(tmp_path: Path, clock: ManualClock, write: Write) -> None:
    """12.3.2d: what changed since the plan was made has to be looked at anew."""
    async with opened(tmp_path, clock, write.provider) as wirepost:
        token = await token_of(wirepost, write)
        clock.advance(60)
        await write.meanwhile(wirepost)
        await refused(wirepost, write, token)


@pytest.mark.parametrize("write", REPEATABLE, ids=lambda write: write.provider)
async def test_a_confirmation_is_good_for_one_use(tmp_path: Path, clock: ManualClock, write: Write) -> None:
    """12.3.2e: the same call under another name needs a confirmation of its own."""
    async with opened(tmp_path, clock, write.provider) as wirepost:
        token = await token_of(wirepost, write)
        asked = {**write.asked, "connection": "one", "confirmation": token}
        await wirepost.ok(write.tool, **asked, intent="first")
        await write.again(wirepost)
        await refused(wirepost, write, token, intent="second")


@every_write
async def test_a_confirmation_ends_after_ten_minutes(
    tmp_path: Path, clock: ManualClock, write: Write
) -> None:
    """12.3.2f: who comes back later is shown the plan again."""
    async with opened(tmp_path, clock, write.provider) as wirepost:
        token = await token_of(wirepost, write)
        clock.advance(601)
        await refused(wirepost, write, token)


# --- cursors ---


@dataclass(frozen=True)
class List:
    """A list of several pages."""

    provider: str
    tool: str
    asked: dict[str, Any]
    other: dict[str, Any]
    """Arguments that make it another list."""


LISTS = [
    List("stripe", "stripe_list_payments", {}, {"status": "succeeded"}),
    List("slack", "slack_read_channel", {"channel": "#support"}, {"channel": "#orders"}),
    *(List(crm, "crm_list_records", {"object": "contact"}, {"object": "deal"}) for crm in CRMS),
    List(
        "salesforce", "salesforce_query", {"soql": "SELECT Id FROM Contact"}, {"soql": "SELECT Id FROM Case"}
    ),
]

every_list = pytest.mark.parametrize("listed", LISTS, ids=lambda listed: f"{listed.provider}-{listed.tool}")


async def cursor_of(wirepost: Running, listed: List) -> str:
    page = (await wirepost.ok(listed.tool, **listed.asked, connection="one", limit=2))["page"]
    return str(page["next_cursor"])


async def leads_nowhere(
    wirepost: Running, listed: List, cursor: str, caller: Caller = LOCAL, **changed: Any
) -> None:
    """The cursor is refused by name, and the vendor is not asked."""
    asked = {"connection": "one", **listed.asked, **changed}
    before = [len(sandbox.requests) for sandbox in sandboxes(wirepost)]
    error = await wirepost.error(listed.tool, caller, **asked, limit=2, cursor=cursor)
    assert (error["code"], error["fields"][0]["path"]) == ("invalid_arguments", "cursor")
    assert [len(sandbox.requests) for sandbox in sandboxes(wirepost)] == before


@every_list
async def test_a_cursor_leads_to_the_next_page(tmp_path: Path, clock: ManualClock, listed: List) -> None:
    async with opened(tmp_path, clock, listed.provider) as wirepost:
        asked = {**listed.asked, "connection": "one", "limit": 2}
        first = await wirepost.ok(listed.tool, **asked)
        second = await wirepost.ok(listed.tool, **asked, cursor=first["page"]["next_cursor"])
        assert second["page"]["returned"] == 2
        assert not [each for each in second["data"]["records"] if each in first["data"]["records"]]


@every_list
async def test_a_cursor_fits_no_other_list(tmp_path: Path, clock: ManualClock, listed: List) -> None:
    """12.3.3a: with another argument it is refused and not answered with a wrong page."""
    async with opened(tmp_path, clock, listed.provider) as wirepost:
        await leads_nowhere(wirepost, listed, await cursor_of(wirepost, listed), **listed.other)
        await leads_nowhere(wirepost, listed, await cursor_of(wirepost, listed), connection="two")


@every_list
async def test_a_cursor_fits_no_other_caller(tmp_path: Path, clock: ManualClock, listed: List) -> None:
    """12.3.3b: nobody reads on where somebody else began."""
    async with opened(tmp_path, clock, listed.provider) as wirepost:
        await leads_nowhere(wirepost, listed, await cursor_of(wirepost, listed), STRANGER)


@every_list
async def test_a_cursor_ends_after_a_day(tmp_path: Path, clock: ManualClock, listed: List) -> None:
    """12.3.3c: after its lifetime the list begins anew."""
    async with opened(tmp_path, clock, listed.provider) as wirepost:
        cursor = await cursor_of(wirepost, listed)
        clock.advance(24 * 3600 + 1)
        await leads_nowhere(wirepost, listed, cursor)


@every_list
async def test_a_changed_cursor_leads_nowhere(tmp_path: Path, clock: ManualClock, listed: List) -> None:
    """12.3.3d: whatever part of it was tampered with."""
    async with opened(tmp_path, clock, listed.provider) as wirepost:
        cursor = await cursor_of(wirepost, listed)
        for place in range(0, len(cursor), 7):
            other = "A" if cursor[place] != "A" else "B"
            await leads_nowhere(wirepost, listed, f"{cursor[:place]}{other}{cursor[place + 1 :]}")


def test_every_provider_is_among_them() -> None:
    providers = set(RECORD_KEEPERS)  # models keep nothing that could be confirmed or paged through
    assert {write.provider for write in WRITES} == {write.provider for write in REPEATABLE} == providers
    assert {listed.provider for listed in LISTS} == providers
