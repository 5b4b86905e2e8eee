"""Requests of Slack, HubSpot and Salesforce on their whole way into the store, and what they are answered."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import orjson
import pytest
from defusedxml.ElementTree import fromstring

from support.receiving import SECRET, Receiving, receiving, said, settings_of
from support.running import Running, running
from support.worlds import world_at
from wirepost.events.event import Event
from wirepost.events.filters import Filter
from wirepost.events.rehearsal import Rehearsal
from wirepost.providers import load_provider
from wirepost.providers.salesforce.sandbox.keys import ORGANIZATION as SANDBOX_ORG
from wirepost.sandbox.vendor import Request, Sandbox

PROVIDERS = Path(__file__).resolve().parent.parent / "providers"
TOKEN = "3f9c0a7be1d24c58a6e2f7b1"
ORGANIZATION = "00D000000000001EAA"
ENDPOINTS = {
    "slack": {"default": {}},
    "hubspot": {"default": {"accounts": ["62515"]}},
    "salesforce": {TOKEN: {"accounts": [ORGANIZATION]}},
}


@pytest.fixture
def receiver(database: Any, clock: Any, tmp_path: Path) -> Receiving:
    return receiving(database, clock, settings_of(tmp_path, ENDPOINTS))


def published(provider: str, name: str) -> bytes:
    return (PROVIDERS / provider / "payloads" / name).read_bytes()


async def send(receiver: Receiving, source: str, body: bytes, **headers: str) -> Any:
    """Send it signed, as the vendor does."""
    webhook = receiver.endpoint(source).webhook
    assert webhook.sign is not None
    url = f"https://hooks.example.com/webhooks/{source}"
    now = receiver.clock.now().timestamp()
    signed = webhook.sign(headers, body, url, SECRET, now)
    return await receiver.send(body, signed, to=source, url=url)


async def test_a_mention_that_slack_tells_twice_is_one_event(receiver: Receiving) -> None:
    mention = orjson.loads(published("slack", "event.app_mention.json"))
    twin = {**mention, "event_id": "Ev112", "event": {**mention["event"], "type": "message"}}
    replies = await asyncio.gather(*(send(receiver, "slack", orjson.dumps(each)) for each in (mention, twin)))
    assert [(reply.status, reply.body) for reply in replies] == [(200, b"")] * 2
    (event,) = await receiver.log.after(0, 10)
    assert (event.type, event.object_id) == ("message.mentioned", "1595926230.009600")
    assert await receiver.rows("outcome", "receipts") == [("duplicate",)]


async def test_what_slack_sends_again_is_stored_once(receiver: Receiving) -> None:
    body = published("slack", "event.message.json")
    await send(receiver, "slack", body)
    receiver.clock.advance(60)  # type: ignore[attr-defined]
    await send(receiver, "slack", body, **{"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"})
    assert len(await receiver.log.after(0, 10)) == 1


async def test_the_challenge_of_slack_is_answered_and_not_stored(receiver: Receiving) -> None:
    reply = await send(receiver, "slack", published("slack", "url_verification.json"))
    assert said(reply) == {"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}
    unsigned = await receiver.send(published("slack", "url_verification.json"), {}, to="slack")
    assert unsigned.status == 401
    assert await receiver.rows() == []


async def test_a_batch_of_hubspot_is_stored_but_for_what_is_bad_or_of_others(receiver: Receiving) -> None:
    rows = orjson.loads(published("hubspot", "contact.creation.batch.json"))
    body = orjson.dumps([*rows, {"portalId": 62515}])
    for _ in range(2):
        assert (await send(receiver, "hubspot", body)).status == 200
    events = await receiver.log.after(0, 10)
    assert [(each.account, each.subject) for each in events] == [
        ("62515", "contact/123"),
        ("62515", "contact/124"),
    ]
    assert await receiver.rows("reason", "dead_letters") == [("has no subscriptionType",)]
    flipped = body.replace(b"62515", b"62514")
    signed = receiver.endpoint("hubspot").webhook.sign
    assert signed is not None
    url = "https://hooks.example.com/webhooks/hubspot"
    headers = signed({}, body, url, SECRET, receiver.clock.now().timestamp())
    assert (await receiver.send(flipped, headers, to="hubspot", url=url)).status == 401


def meaning(element: Element) -> Any:
    """What an element says, whatever spaces and prefixes it is written with."""
    return element.tag, (element.text or "").strip(), [meaning(child) for child in element]


async def test_an_outbound_message_is_acknowledged_once_all_of_it_is_stored(receiver: Receiving) -> None:
    body, to = published("salesforce", "outbound_message.batch2.xml"), f"salesforce/{TOKEN}"
    single = published("salesforce", "outbound_message.single.xml")
    for each in (body, body, single):  # Salesforce may send again what it had sent together with others
        reply = await receiver.send(each, {"content-type": "text/xml; charset=utf-8"}, to=to)
        assert reply.status == 200
        ack = fromstring(published("salesforce", "outbound_message.ack.xml"))
        assert meaning(fromstring(reply.body)) == meaning(ack)
    events = await receiver.log.after(0, 10)
    assert [each.provider_event_id for each in events] == ["04l000000000001AAA", "04l000000000002AAA"]
    assert {each.verified for each in events} == {"token"}


async def test_messages_of_other_organisations_are_neither_stored_nor_acknowledged(
    receiver: Receiving,
) -> None:
    body = published("salesforce", "outbound_message.single.xml").replace(
        b"00D000000000001EAA", b"00D000000000002EAA"
    )
    reply = await receiver.send(body, {"content-type": "text/xml"}, to=f"salesforce/{TOKEN}")
    assert (reply.status, said(reply)["check"]) == (401, "untrusted_topic")
    assert receiver.receiver.find("salesforce") is None
    assert await receiver.rows() == []


async def test_what_a_tool_has_written_in_slack_comes_back_as_our_own(tmp_path: Path) -> None:
    async with running(tmp_path) as wirepost, wirepost.app.hub.at_work():
        message = {"channel": "C0SUPPORT", "text": "Moin", "intent": "moin"}
        await wirepost.confirmed("slack_send_message", connection="slack-sandbox", **message)
        (event,) = await told(wirepost, "slack-sandbox")
        assert (event.type, event.environment, event.actor["kind"]) == ("message.posted", "sandbox", "self")
        assert not Filter().matches(event)


async def test_what_a_tool_has_made_in_hubspot_comes_back_as_our_own(tmp_path: Path) -> None:
    async with running(tmp_path) as wirepost, wirepost.app.hub.at_work():
        records = [{"fields": {"last_name": "New"}}]
        given = {"object": "contact", "records": records, "intent": "new"}
        await wirepost.ok("crm_create_records", connection="hubspot-sandbox", **given)
        (event,) = await told(wirepost, "hubspot-sandbox")
        assert (event.type, event.actor["kind"]) == ("contact.created", "self")


async def test_what_somebody_changes_in_salesforce_arrives_at_an_address_nobody_knows(tmp_path: Path) -> None:
    async with running(tmp_path) as wirepost, wirepost.app.hub.at_work():
        sandbox = wirepost.app.connections.sandbox("salesforce-sandbox")
        assert wirepost.app.hub.receiver.find("salesforce-sandbox") is None
        await change(sandbox, *CHANGES["salesforce"][:2])
        (event,) = await told(wirepost, "salesforce-sandbox")
        assert (event.type, event.verified, event.actor["kind"]) == ("contact.created", "none", "unknown")


async def told(wirepost: Running, connection: str) -> list[Event]:
    """The events of a connection, once all that happened in sandboxes was sent."""
    await wirepost.app.hub.rehearsal.settled()
    return [each for each in await wirepost.app.hub.events.after(0, 100) if each.source == connection]


async def change(sandbox: Sandbox, path: str, body: Any) -> None:
    """Change something at the vendor, as somebody else."""
    headers = {"authorization": f"Bearer {sandbox.key}", "content-type": "application/json"}
    answer = await sandbox.respond(Request("POST", path, (), headers, orjson.dumps(body)), None)
    assert answer.status < 300, answer.body


CHANGES = {
    "slack": ("/api/chat.postMessage", {"channel": "C0SUPPORT", "text": "Moin"}, "message.posted"),
    "hubspot": ("/crm/objects/2026-09/contacts", {"properties": {"lastname": "New"}}, "contact.created"),
    "salesforce": ("/services/data/v68.0/sobjects/Contact", {"LastName": "New"}, "contact.created"),
}


@pytest.mark.parametrize("provider", CHANGES)
async def test_what_happens_in_a_sandbox_arrives_as_an_event(
    database: Any, clock: Any, tmp_path: Path, provider: str
) -> None:
    endpoints = {**ENDPOINTS, "hubspot": {"default": {}}, "salesforce": {TOKEN: {"accounts": [SANDBOX_ORG]}}}
    receiver = receiving(database, clock, settings_of(tmp_path, endpoints))
    rehearsal = Rehearsal(receiver.receiver, clock)
    sandbox = load_provider(provider).sandbox(world_at(clock.now()), clock)
    sandbox.emit = rehearsal.listener(provider)
    path, body, ours = CHANGES[provider]
    await change(sandbox, path, body)
    sending = asyncio.create_task(rehearsal.run())
    await rehearsal.settled()
    sending.cancel()
    (event,) = await receiver.log.after(0, 10)
    assert (event.source, event.type) == (provider, ours)
