"""events/subscribe and events/unsubscribe: what is agreed; what is then sent is a matter of its own."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from support.extension import ERAS, SOMEBODY, Extended, over_http, posted, speaking
from support.occurred import delivered, event, stored
from wirepost.calls.caller import LOCAL, Caller
from wirepost.core.signing import Signer
from wirepost.events.callback import Target, row_name
from wirepost.events.callback_status import CallbackStatus
from wirepost.events.filters import Filter
from wirepost.events.log_cursors import LogCursors
from wirepost.events.subscriptions import PER_OWNER, Subscriptions
from wirepost.secrets.vault import KeyRing, Vault
from wirepost.server.mcp_events.callbacks import CallbackSubscriptions
from wirepost.settings.events import EventSettings, SubscriptionSettings

both = pytest.mark.parametrize("era", ERAS)
URL = "https://hooks.example.com/in?client=1"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"k" * 32).decode()
VAULT = Vault(KeyRing([b"k" * 32]))
DECLARED = {"extensions": {"io.modelcontextprotocol/events": {}}}


@dataclass(eq=False)
class Office:
    """A server that calls clients back, and how their addresses answer the question whether they want it."""

    extended: Extended
    subscriptions: Subscriptions
    challenged: list[Target] = field(default_factory=list)
    reason: str | None = None
    settings: EventSettings = field(default_factory=EventSettings)

    def callbacks(self, extended: Extended) -> CallbackSubscriptions:
        database = extended.log.database
        return CallbackSubscriptions(
            extended.asking,
            extended.reader,
            self.subscriptions,
            CallbackStatus(database, LogCursors(Signer(b"s" * 32))),
            vault=VAULT,
            challenge=self.challenge,
            settings=self.settings,
            clock=extended.clock,
        )

    async def challenge(self, target: Target) -> str | None:
        self.challenged.append(target)
        return self.reason

    async def rows(self) -> list[Any]:
        return await self.subscriptions.all()

    async def target(self) -> Target:
        """That of the only subscription."""
        (found,) = await self.rows()
        sealed = await self.subscriptions.target(found)
        assert sealed is not None
        return Target.opened(sealed, VAULT, found.owner, found.name)


@pytest.fixture
def office(log, clock) -> Office:
    return made(log, clock)


def made(log, clock, **settings) -> Office:
    subscriptions = Subscriptions(log.database, clock)
    office = Office(None, subscriptions, settings=EventSettings(**settings))  # type: ignore[arg-type]
    office.extended = Extended(log, clock, callbacks=office.callbacks)
    return office


async def send(
    office: Office,
    method: str,
    /,
    *,
    era: str = ERAS[0],
    caller: Caller = SOMEBODY,
    name: str = "payment.refunded",
    arguments: dict[str, Any] | None = None,
    capabilities: dict[str, Any] | None = None,
    **params: Any,
) -> dict[str, Any]:
    """What is answered to one request over HTTP, result or error."""
    asked = posted(era, method, name=name, arguments=arguments or {}, **params)
    if capabilities is not None:
        asked["json"]["params"]["_meta"] = {
            **asked["json"]["params"]["_meta"],
            "io.modelcontextprotocol/clientCapabilities": capabilities,
        }
    async with over_http(office.extended.server, caller) as url, httpx2.AsyncClient() as web:
        answered = await web.post(url, **asked)
    text = answered.text
    body = httpx2.Response(200, text=text[text.index("{") : text.rindex("}") + 1]).json()
    return body["result"] if "result" in body else body["error"]


async def subscribe(office: Office, url: str = URL, secret: str = SECRET, **params: Any) -> dict[str, Any]:
    delivery = {"mode": "webhook", "url": url, "secret": secret}
    return await send(office, "events/subscribe", delivery=delivery, **params)


async def unsubscribe(office: Office, url: str = URL, **params: Any) -> dict[str, Any]:
    return await send(office, "events/unsubscribe", delivery={"url": url}, **params)


@both
async def test_the_address_is_asked_first_and_then_kept_sealed_with_the_secret(office, clock, era):
    answer = await subscribe(office, era=era, cursor=None)
    assert [each.url for each in office.challenged] == [URL]
    assert office.challenged[0].id == answer["id"]
    (row,) = await office.rows()
    assert (row.owner, row.ways, row.name) == ("token:1", ("callback",), row_name(answer["id"]))
    stored_ = await office.subscriptions.target(row)
    assert "hooks.example.com" not in stored_
    assert SECRET not in stored_
    target = await office.target()
    assert (target.id, target.url, target.secret, target.name) == (
        answer["id"],
        URL,
        SECRET,
        "payment.refunded",
    )
    assert answer["truncated"] is False
    assert "deliveryStatus" not in answer
    until = datetime.fromisoformat(answer["refreshBefore"])
    assert until == (clock.now() + timedelta(days=1)).replace(microsecond=0)


async def test_types_are_offered_in_all_three_ways(office, tmp_path):
    async with speaking(office.extended.server, tmp_path, ERAS[0]) as speaker:
        listed = (await speaker.ask("events/list"))["events"]
    assert {tuple(each["delivery"]) for each in listed} == {("poll", "push", "webhook")}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("did not repeat the challenge", "challenge_failed"),
        ("timeout", "timeout"),
        ("answered 500", "http_5xx"),
        ("unreachable", "connection_refused"),
    ],
)
async def test_an_address_that_does_not_want_it_is_not_called(office, said, reason):
    office.reason = said
    refused = await subscribe(office)
    assert (refused["code"], refused["data"]) == (-32027, {"reason": reason})
    assert await office.rows() == []


async def test_one_address_of_one_caller_is_asked_once_a_day(office, clock):
    for arguments in ({}, {"object_id": "ch_1"}, {"object_id": "ch_2"}):
        await subscribe(office, arguments=arguments)
    assert len(office.challenged) == 1
    await subscribe(office, caller=Caller("token:2"))
    await subscribe(office, URL + "&x=2")
    assert len(office.challenged) == 3
    clock.advance(86_400)
    await subscribe(office, arguments={"object_id": "ch_3"})
    assert len(office.challenged) == 4


async def test_hosts_that_the_operator_knows_are_not_asked(log, clock):
    office = made(log, clock, callback_hosts=["hooks.*.com"])
    await subscribe(office)
    assert office.challenged == []
    await subscribe(office, "https://elsewhere.example.net/")
    assert len(office.challenged) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/in",
        "https://127.0.0.1/in",
        "https://10.0.0.1/in",
        "https://[::1]/in",
        "https://169.254.169.254/latest",
        "https://user:pass@hooks.example.com/",
        "https://hooks.example.com/#x",
        "ftp://hooks.example.com/",
        "nonsense",
        "",
    ],
)
async def test_addresses_that_nobody_is_sent_to_are_refused_before_anything_is_sent(office, url):
    refused = await subscribe(office, url)
    assert refused["code"] == -32602
    assert office.challenged == []


async def test_this_machine_is_called_only_where_the_operator_allows_private_addresses(log, clock):
    office = made(log, clock, private_addresses=True)
    assert "id" in await subscribe(office, "http://127.0.0.1:9/in")


@pytest.mark.parametrize("secret", ["", "whsec_", "hunter2", "whsec_" + base64.b64encode(b"k" * 23).decode()])
async def test_a_secret_that_is_none_is_refused(office, secret):
    refused = await subscribe(office, secret=secret)
    assert refused["code"] == -32602
    assert "whsec_" in refused["message"]
    assert not secret or secret == "whsec_" or secret not in refused["message"]


async def test_other_ways_take_no_subscription(office):
    delivery = {"mode": "push", "url": URL, "secret": SECRET}
    refused = await send(office, "events/subscribe", delivery=delivery)
    assert (refused["code"], refused["data"]) == (-32026, {"feature": "deliveryMode", "value": "push"})


@both
async def test_whoever_has_not_shown_who_it_is_is_not_called_back(office, era):
    assert (await subscribe(office, caller=LOCAL, era=era))["code"] == -32024
    assert (await unsubscribe(office, caller=LOCAL, era=era))["code"] == -32024


async def test_over_the_local_socket_the_system_shows_who_it_is(office, tmp_path):
    async with speaking(office.extended.server, tmp_path, ERAS[0]) as speaker:
        delivery = {"mode": "webhook", "url": URL, "secret": SECRET}
        answer = await speaker.ask("events/subscribe", name="payment.refunded", delivery=delivery)
    assert answer["id"].startswith("sub_")


async def test_to_subscribe_again_renews_and_makes_nothing_new(office, clock):
    first = await subscribe(office, arguments={"object_id": "ch_1", "source": "stripe-live"})
    clock.advance(3600)
    second = await subscribe(office, arguments={"source": "stripe-live", "object_id": "ch_1"})
    assert len(await office.rows()) == 1
    assert len(office.challenged) == 1
    assert second["id"] == first["id"]
    grown = datetime.fromisoformat(second["refreshBefore"]) - datetime.fromisoformat(first["refreshBefore"])
    assert grown == timedelta(hours=1)
    assert second["deliveryStatus"] == {"active": True, "lastDeliveryAt": None, "lastError": None}


@pytest.mark.parametrize(
    "other",
    [
        {"name": "invoice.paid"},
        {"arguments": {"object_id": "ch_1"}},
        {"caller": Caller("token:2")},
        {"url": URL + "&x=2"},
    ],
)
async def test_whatever_differs_is_another_subscription(office, other):
    first, second = await subscribe(office), await subscribe(office, **other)
    assert first["id"] != second["id"]
    assert len(await office.rows()) == 2


@pytest.mark.parametrize(
    ("ttl", "seconds"),
    [
        ({"ttlMs": 1}, 60),
        ({"ttlMs": 7_200_000}, 7200),
        ({"ttlMs": 10**12}, 30 * 86_400),
        ({"ttlMs": None}, 30 * 86_400),
    ],
)
async def test_a_lifetime_is_granted_as_wished_within_bounds(office, clock, ttl, seconds):
    answer = await subscribe(office, **ttl)
    until = datetime.fromisoformat(answer["refreshBefore"])
    assert until == (clock.now() + timedelta(seconds=seconds)).replace(microsecond=0)


@pytest.mark.parametrize("ttl", [{"ttlMs": 10**12}, {"ttlMs": None}, {}])
async def test_whose_token_nobody_here_can_look_up_shows_a_new_one_every_day(office, clock, ttl):
    answer = await subscribe(office, caller=Caller("https://login.example.com|anna"), **ttl)
    until = datetime.fromisoformat(answer["refreshBefore"])
    assert until == (clock.now() + timedelta(days=1)).replace(microsecond=0)


async def test_a_new_secret_replaces_the_old_one_which_signs_along_for_a_day(office, clock):
    await subscribe(office)
    await subscribe(office, secret=OTHER)
    target, now = await office.target(), clock.now().timestamp()
    both_keys = [b"k" * 32, base64.b64decode(SECRET.removeprefix("whsec_"))]
    assert target.secrets(now) == both_keys
    assert target.secrets(now + 86_400) == both_keys[:1]


async def test_what_is_not_renewed_ends_and_begins_again_at_its_cursor(office, log, clock):
    answer = await subscribe(office, ttlMs=60_000)
    missed = await stored(log, event(), event())
    clock.advance(61)
    again = await subscribe(office, cursor=answer["cursor"])
    assert (again["truncated"], again["cursor"]) == (False, answer["cursor"])
    (row,) = await office.rows()
    assert row.position == missed[0].seq - 1


async def test_a_cursor_older_than_what_is_kept_is_no_error_and_that_is_said(office, log):
    asked = {"name": "payment.refunded", "arguments": {}}
    old = (await send(office, "events/poll", **asked))["cursor"]
    await stored(log, event(), event(), event())
    await log.database.write(lambda tx: tx.execute("UPDATE events SET content = NULL WHERE seq <= 2"))
    answer = await subscribe(office, cursor=old)
    assert answer["truncated"] is True
    assert (await office.rows())[0].position == 2


async def test_a_live_subscription_does_not_go_back_to_the_cursor_of_its_client(office, log):
    answer = await subscribe(office)
    await stored(log, event(), event())
    await log.database.write(lambda tx: tx.execute("UPDATE subscriptions SET position = 2"))
    again = await subscribe(office, cursor=answer["cursor"])
    assert (await office.rows())[0].position == 2
    page = await send(office, "events/poll", cursor=again["cursor"])
    assert page["events"] == []


async def test_the_cursor_of_an_answer_is_never_beyond_what_was_taken(office, log, clock):
    await subscribe(office)
    events = await stored(log, event(), event())
    (row,) = await office.rows()
    await log.database.write(lambda tx: tx.execute("UPDATE subscriptions SET position = 2"))
    await delivered(log.database, row.id, "callback", events[1], now=clock.now().timestamp())
    answer = await subscribe(office)
    page = await send(office, "events/poll", cursor=answer["cursor"])
    assert [each["eventId"] for each in page["events"]] == [events[1].id]


@both
async def test_whoever_has_subscribed_can_end_it_and_nobody_else(office, era):
    await subscribe(office, era=era)
    stranger = await unsubscribe(office, era=era, caller=Caller("token:2"))
    assert (stranger["code"], stranger["data"]) == (-32023, {"kind": "subscription"})
    assert len(await office.rows()) == 1
    assert "code" not in await unsubscribe(office, era=era)
    assert await office.rows() == []
    assert (await unsubscribe(office, era=era))["code"] == -32023


async def test_more_subscriptions_than_a_caller_may_have_are_refused(office):
    for number in range(PER_OWNER):
        await office.subscriptions.put(SOMEBODY.id, f"mine-{number}", Filter(), SubscriptionSettings())
    refused = await subscribe(office)
    assert (refused["code"], refused["data"]) == (-32025, {"limit": "subscriptions"})


async def test_bodies_that_are_no_events_go_to_clients_that_declare_the_extension(office):
    await subscribe(office, capabilities=DECLARED)
    assert (await office.target()).takes_control
    await subscribe(office, capabilities={})
    assert not (await office.target()).takes_control


async def test_the_scopes_of_the_last_request_are_kept_to_be_looked_at_again(office):
    await subscribe(office, caller=Caller("token:1", frozenset({"events.read", "crm.read"})))
    await subscribe(office, caller=Caller("token:1", frozenset({"events.read"})))
    assert (await office.target()).scopes == frozenset({"events.read"})


async def test_where_the_key_of_the_store_is_gone_a_client_that_comes_again_begins_anew(office, log):
    await subscribe(office)
    await log.database.write(lambda tx: tx.execute("UPDATE subscriptions SET target = 'v1.dead.a.b.c'"))
    await subscribe(office, secret=OTHER)
    assert (await office.target()).former is None
