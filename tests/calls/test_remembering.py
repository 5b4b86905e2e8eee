"""What would be answered the same again is kept for a while, by account, and the call says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.clock import START, ManualClock
from support.crm_desk import CrmDesk, crm_desk, on_paper
from support.paper_crm import PaperBook
from support.paper_shop import PERSON, shop, shop_book
from support.running import running
from wirepost.calls.attempt import Attempt
from wirepost.calls.caller import Caller
from wirepost.calls.remembering import account_key
from wirepost.tools.context import no_progress
from wirepost.upstream.scope import Scope

TTL_S = 60
DESCRIBE, CONTACT = "crm_describe_object", {"object": "contact"}
ANNA, BEN = Caller("anna", None), Caller("ben", None)


@pytest.fixture
def book(clock: ManualClock) -> PaperBook:
    return shop_book(clock)


def renamed(book: PaperBook) -> None:
    """The vendor calls the object by another name from now on."""
    book.schemas = {**book.schemas, "Person": PERSON.model_copy(update={"label": "Human"})}


async def told(desk: CrmDesk, caller: Caller = ANNA, **arguments: Any) -> tuple[str, str]:
    """How the object is called, and whether that was kept."""
    outcome = await desk.calls.call(caller, DESCRIBE, {**CONTACT, **arguments})
    assert not outcome.is_error, outcome.envelope
    return outcome.envelope["data"]["label"], outcome.envelope["meta"]["cache"]


@pytest.mark.parametrize("kind", ["memory", "store"])
async def test_a_description_is_kept_for_its_time_however_much_of_it_is_shown(
    tmp_path: Path, clock: ManualClock, book: PaperBook, kind: str
) -> None:
    async with crm_desk(tmp_path, clock, on_paper(book), shop(), kept_in=kind) as desk:
        assert await told(desk) == (PERSON.label, "miss")
        renamed(book)
        assert await told(desk) == (PERSON.label, "hit")
        assert await told(desk, detail="full") == (PERSON.label, "hit")
        clock.advance(TTL_S + 1)
        assert await told(desk) == ("Human", "miss")


async def test_a_kept_description_is_shown_like_a_new_one(
    tmp_path: Path, clock: ManualClock, book: PaperBook
) -> None:
    async with crm_desk(tmp_path, clock, on_paper(book), shop(), kept_in="memory") as desk:
        for name in ("contact", "deal"):
            new, kept = [await desk.ok(DESCRIBE, object=name, detail="full") for _ in range(2)]
            assert (new["meta"]["cache"], kept["meta"]["cache"]) == ("miss", "hit")
            assert new["data"] == kept["data"]


@pytest.mark.parametrize(("owner", "expected"), [("shared", "hit"), ("caller", "miss")])
async def test_callers_share_what_is_kept_where_they_share_the_account(
    tmp_path: Path, clock: ManualClock, book: PaperBook, owner: str, expected: str
) -> None:
    async with crm_desk(tmp_path, clock, on_paper(book), shop(), kept_in="memory", owner=owner) as desk:
        assert (await told(desk, ANNA))[1] == "miss"
        assert (await told(desk, BEN))[1] == expected
        assert (await told(desk, ANNA))[1] == "hit"


async def test_a_refusal_is_not_kept(tmp_path: Path, clock: ManualClock, book: PaperBook) -> None:
    async with crm_desk(tmp_path, clock, on_paper(book), shop(), kept_in="memory") as desk:
        await desk.error(DESCRIBE, object="Robot")
        book.schemas = {**book.schemas, "Robot": PERSON}
        assert (await desk.ok(DESCRIBE, object="Robot"))["meta"]["cache"] == "miss"


async def test_nothing_is_kept_where_that_is_off(tmp_path: Path, clock: ManualClock, book: PaperBook) -> None:
    async with crm_desk(tmp_path, clock, on_paper(book), shop()) as desk:
        assert [(await told(desk))[1] for _ in range(2)] == ["miss", "miss"]


@pytest.mark.parametrize("connection", ["hubspot-sandbox", "salesforce-sandbox"])
async def test_a_server_keeps_descriptions_where_it_keeps_answers(tmp_path: Path, connection: str) -> None:
    kept = {"cache": {"kind": "store"}}
    asked = {**CONTACT, "connection": connection}
    async with running(tmp_path, ai=kept) as wirepost:
        new = await wirepost.ok(DESCRIBE, **asked)
    async with running(tmp_path, ai=kept) as wirepost:
        again = await wirepost.ok(DESCRIBE, **asked)
        paths = [each.path for each in wirepost.app.connections.sandbox(connection).requests]  # type: ignore[union-attr]
    assert (new["meta"]["cache"], again["meta"]["cache"]) == ("miss", "hit")
    assert new["data"] == again["data"]
    assert [path for path in paths if "describe" in path or "properties" in path] == []


def test_without_a_connection_there_is_no_account_to_keep_for() -> None:
    nowhere = Attempt(ANNA, DESCRIBE, {}, no_progress, START, 1000.0, 1045.0, Scope(1045.0))
    with pytest.raises(RuntimeError, match="kept by connection"):
        account_key(nowhere, "remember", "contact")
