"""The sandbox tells of its changes as HubSpot does: in published form, and read as what was done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from support.clock import ManualClock
from support.worlds import world_at
from wirepost.providers.hubspot.sandbox import HubSpotSandbox
from wirepost.providers.hubspot.webhook import WEBHOOK
from wirepost.sandbox.vendor import Request
from wirepost.settings.webhooks import WebhookSettings
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Actor, Item, Terms

PAYLOADS = Path(__file__).parent / "payloads"
HEADERS = {"authorization": f"Bearer {HubSpotSandbox.key}", "content-type": "application/json"}
OBJECTS = "/crm/objects/2026-09"
PUBLISHED = {
    "creation": "contact.creation.batch.json",
    "deletion": "contact.creation.batch.json",
    "propertyChange": "deal.propertyChange.json",
    "associationChange": "contact.associationChange.json",
    "object": "object.propertyChange.generic.json",
}


@pytest.fixture
def sandbox(clock: ManualClock) -> HubSpotSandbox:
    return HubSpotSandbox(world_at(clock.now()), clock)


async def ask(sandbox: HubSpotSandbox, method: str, path: str, body: Any = None) -> Any:
    content = b"" if body is None else orjson.dumps(body)
    response = await sandbox.respond(Request(method, path, (), HEADERS, content), None)
    assert response.status < 300, response.body
    return orjson.loads(response.body) if response.body else None


def fields_of(name: str) -> dict[str, Any]:
    """Every field of a published request, with a value of it."""
    rows = orjson.loads((PAYLOADS / name).read_bytes())
    return {name: value for row in rows for name, value in row.items()}


def items(sandbox: HubSpotSandbox) -> list[Item]:
    """What the sandbox has told of so far, as the webhook reads it; each of published form."""
    found = []
    for event in sandbox.outbox:
        for row in orjson.loads(event.body):
            kind = row["subscriptionType"]
            own = fields_of(PUBLISHED[kind.partition(".")[2]])
            generic = fields_of(PUBLISHED["object"]) if kind.startswith("object.") else {}
            known = {**generic, **own}
            assert set(row) <= set(known), kind
            assert {name: type(row[name]) for name in row} == {name: type(known[name]) for name in row}, kind
        request = Incoming("POST", "https://x.example/", tuple(event.headers.items()), event.body, 0.0)
        reading = WEBHOOK.read(request, Verified("signature", "hubspot-v3"), Terms([], WebhookSettings()))
        found += [each for each in reading.items if isinstance(each, Item)]
        assert len(found) == len({each.key for each in found})
    return found


async def test_a_new_record_is_told_of_as_our_own(sandbox: HubSpotSandbox, clock: ManualClock) -> None:
    made = await ask(sandbox, "POST", f"{OBJECTS}/contacts", {"properties": {"email": "new@example.com"}})
    (item,) = items(sandbox)
    assert (item.type, item.subject, item.marks) == (
        "contact.created",
        f"contact/{made['id']}",
        (made["id"],),
    )
    assert item.time == pytest.approx(clock.now().timestamp(), abs=0.001)
    assert (item.account, item.actor) == ("2468013", Actor("self", "90001"))


async def test_each_changed_property_is_an_event_and_an_equal_one_is_none(sandbox: HubSpotSandbox) -> None:
    before = await ask(sandbox, "GET", f"{OBJECTS}/contacts/100001")
    properties = {"firstname": "Änne", "phone": "+49 431 1", "email": before["properties"]["email"]}
    inputs = {"inputs": [{"id": "100001", "properties": properties}]}
    await ask(sandbox, "POST", f"{OBJECTS}/contacts/batch/update", inputs)
    found = items(sandbox)
    assert {item.type for item in found} == {"contact.updated"}
    changed = {item.data["property"]: item.data["property_value"] for item in found}
    assert changed == {"firstname": "Änne", "phone": "+49 431 1"}
    assert len(sandbox.outbox) == 1


async def test_an_archived_record_is_told_of(sandbox: HubSpotSandbox) -> None:
    await ask(sandbox, "POST", f"{OBJECTS}/deals/batch/archive", {"inputs": [{"id": "300001"}]})
    (item,) = items(sandbox)
    assert (item.type, item.subject) == ("deal.deleted", "deal/300001")
    await ask(sandbox, "POST", f"{OBJECTS}/deals/batch/archive", {"inputs": [{"id": "300001"}]})
    assert len(items(sandbox)) == 1


async def test_a_link_is_told_from_both_ends_once(sandbox: HubSpotSandbox) -> None:
    between = "/crm/associations/2026-09/contacts/tickets"
    pair = {"from": {"id": "100001"}, "to": {"id": "400009"}}
    for _ in range(2):
        await ask(sandbox, "POST", f"{between}/batch/associate/default", {"inputs": [pair]})
    from_contact, from_ticket = items(sandbox)
    assert (from_contact.type, from_contact.data["to_id"]) == ("contact.linked", "400009")
    assert (from_ticket.type, from_ticket.data["association"]) == ("ticket.linked", "TICKET_TO_CONTACT")
    ends = {"inputs": [{"from": {"id": "100001"}, "to": [{"id": "400009"}]}]}
    for _ in range(2):
        await ask(sandbox, "POST", f"{between}/batch/archive", ends)
    *_, removed, _ = items(sandbox)
    assert (removed.type, removed.data["is_removed"]) == ("contact.linked", True)
    assert len(sandbox.outbox) == 2


async def test_objects_without_words_of_their_own_come_under_generic_ones(sandbox: HubSpotSandbox) -> None:
    properties = {"hs_timestamp": "2026-11-25T10:00:00Z", "hs_note_body": "Called"}
    await ask(sandbox, "POST", f"{OBJECTS}/notes", {"properties": properties})
    (item,) = items(sandbox)
    assert (item.provider_type, item.data["object_type_id"]) == ("object.creation", "0-46")


async def test_what_there_was_from_the_start_is_not_told_of(sandbox: HubSpotSandbox) -> None:
    await ask(sandbox, "GET", f"{OBJECTS}/contacts")
    await ask(sandbox, "POST", f"{OBJECTS}/contacts/search", {"limit": 1})
    assert items(sandbox) == []
