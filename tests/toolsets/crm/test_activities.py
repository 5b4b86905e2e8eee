"""Activities are written down once, on the records they concern."""

from __future__ import annotations

from typing import Any

import pytest

from support.crm_desk import CrmDesk, crm_desk, on_paper
from support.paper_crm import PaperBook
from support.paper_shop import shop

NOTE: dict[str, Any] = {
    "type": "note",
    "body": "Asked for a quote",
    "related": [{"object": "contact", "id": "1001"}, {"object": "deal", "id": "3001"}],
}


async def test_an_activity_stands_on_every_record_it_concerns(desk: CrmDesk, book: PaperBook) -> None:
    envelope = await desk.ok(
        "crm_log_activity", **NOTE, subject="Quote", owner="MIKKEL@nordlicht.example", occurred_at="-2h"
    )
    made = envelope["data"]["id"]
    assert book.sheets["Memo"][made].values == {
        "Kind": "note",
        "Text": "Asked for a quote",
        "Subject": "Quote",
        "At": "2026-11-25T08:00:00Z",
        "OwnerId": "colleague02",
    }
    assert ("Memo", made, "Person", "1001") in book.links
    assert ("Memo", made, "Sale", "3001") in book.links
    assert envelope["meta"]["untrusted"] == ["data.fields.*"]


async def test_an_owner_may_be_given_by_id(desk: CrmDesk, book: PaperBook) -> None:
    task = {**NOTE, "type": "task", "owner": "colleague03", "due_at": "2026-12-01"}
    made = (await desk.ok("crm_log_activity", **task))["data"]["id"]
    assert book.sheets["Memo"][made].values["OwnerId"] == "colleague03"
    assert book.sheets["Memo"][made].values["At"] == "2026-12-01T00:00:00Z"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"due_at": "2026-12-01"}, "due_at"),
        ({"occurred_at": "soon"}, "occurred_at"),
        ({"owner": "nobody@example.com"}, "owner"),
        ({"related": []}, "related"),
        ({"related": [{"object": "order", "id": "1"}]}, "related[0].object"),
        ({"type": "fax"}, "type"),
    ],
)
async def test_what_is_wrong_is_named(desk: CrmDesk, book: PaperBook, change, path) -> None:
    error = await desk.error("crm_log_activity", **{**NOTE, **change})
    assert (error["code"], error["fields"][0]["path"]) == ("invalid_arguments", path)
    assert book.writes == []


async def test_a_lost_activity_is_found_and_not_written_twice(tmp_path, clock, book) -> None:
    book.loses_answers = True
    async with crm_desk(tmp_path, clock, on_paper(book), shop()) as desk:
        first = await desk.ok("crm_log_activity", **NOTE, intent="note")
        again = await desk.ok("crm_log_activity", **NOTE, intent="note")
    assert first["data"]["id"] == again["data"]["id"]
    assert len(book.sheets["Memo"]) == 1
