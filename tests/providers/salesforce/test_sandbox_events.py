"""The sandbox sends outbound messages of what is written in it, as Salesforce does."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import orjson
import pytest
from defusedxml.ElementTree import fromstring

from support.clock import ManualClock
from support.worlds import world_at
from wirepost.providers.salesforce.sandbox import SalesforceSandbox
from wirepost.providers.salesforce.sandbox.keys import ORGANIZATION
from wirepost.providers.salesforce.webhook import WEBHOOK
from wirepost.sandbox.vendor import Request
from wirepost.settings.webhooks import WebhookSettings
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.webhook import Item, Terms

PUBLISHED = (Path(__file__).parent / "payloads" / "outbound_message.single.xml").read_bytes()
ROOT = "/services/data/v68.0"
HEADERS = {"authorization": f"Bearer {SalesforceSandbox.key}", "content-type": "application/json"}
TERMS = Terms([], WebhookSettings(accounts=[ORGANIZATION]))


@pytest.fixture
def sandbox(clock: ManualClock) -> SalesforceSandbox:
    return SalesforceSandbox(world_at(clock.now()), clock)


async def ask(sandbox: SalesforceSandbox, method: str, path: str, body: Any = None) -> Any:
    content = b"" if body is None else orjson.dumps(body)
    response = await sandbox.respond(Request(method, f"{ROOT}{path}", (), HEADERS, content), None)
    return orjson.loads(response.body) if response.body else None


def skeleton(element: Element) -> tuple[str, list[Any]]:
    """The elements without what they say; of a record no fields, which are chosen when it is set up."""
    is_record = element.tag.endswith("}sObject")
    return element.tag, [] if is_record else [skeleton(child) for child in element]


async def items(sandbox: SalesforceSandbox) -> list[Item]:
    """What was sent so far, as the webhook reads it."""
    found = []
    for event in sandbox.outbox:
        headers = tuple(event.headers.items())
        request = Incoming("POST", "https://x.example/", headers, event.body, 0.0)
        verified = await WEBHOOK.scheme.verify(request, TERMS)
        found += [each for each in WEBHOOK.read(request, verified, TERMS).items if isinstance(each, Item)]
    return found


async def test_a_new_record_is_sent_in_the_published_form(
    sandbox: SalesforceSandbox, clock: ManualClock
) -> None:
    made = await ask(sandbox, "POST", "/sobjects/Account", {"Name": "Meyer & Söhne"})
    (item,) = await items(sandbox)
    assert (item.type, item.subject) == ("company.created", f"company/{made['id']}")
    assert item.marks == (made["id"],)
    assert item.data["fields"]["Name"] == "Meyer & Söhne"
    assert item.time == int(clock.now().timestamp())
    assert skeleton(fromstring(sandbox.outbox[0].body)) == skeleton(fromstring(PUBLISHED))


async def test_a_changed_record_is_sent_as_it_is(sandbox: SalesforceSandbox, clock: ManualClock) -> None:
    made = await ask(sandbox, "POST", "/sobjects/Contact", {"LastName": "Before"})
    clock.advance(60)
    await ask(sandbox, "PATCH", f"/sobjects/Contact/{made['id']}", {"LastName": "After"})
    first, second = await items(sandbox)
    assert (first.type, second.type) == ("contact.created", "contact.updated")
    assert second.data["fields"]["Name"] == "After"
    assert first.key != second.key


async def test_records_of_one_request_are_sent_together(sandbox: SalesforceSandbox) -> None:
    records = [{"attributes": {"type": "Account"}, "Name": f"Shop {number}"} for number in range(120)]
    await ask(sandbox, "POST", "/composite/sobjects", {"allOrNone": True, "records": records})
    assert len(sandbox.outbox) == 2
    assert len({item.key for item in await items(sandbox)}) == 120


async def test_what_was_taken_back_is_not_sent(sandbox: SalesforceSandbox) -> None:
    records = [
        {"attributes": {"type": "Account"}, "Name": "Good"},
        {"attributes": {"type": "Account"}, "Nonsense": "Bad"},
    ]
    await ask(sandbox, "POST", "/composite/sobjects", {"allOrNone": True, "records": records})
    assert list(sandbox.outbox) == []
    await ask(sandbox, "POST", "/composite/sobjects", {"allOrNone": False, "records": records})
    assert [item.data["fields"]["Name"] for item in await items(sandbox)] == ["Good"]


async def test_nothing_is_sent_of_what_is_gone_or_only_read(sandbox: SalesforceSandbox) -> None:
    made = await ask(sandbox, "POST", "/sobjects/Account", {"Name": "Short-lived"})
    sandbox.outbox.clear()
    await ask(sandbox, "GET", f"/sobjects/Account/{made['id']}")
    await ask(sandbox, "DELETE", f"/sobjects/Account/{made['id']}")
    assert list(sandbox.outbox) == []
