"""Events for clients that are called back: each is asked again whether it may have them."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.certificates import Authority
from support.letterbox import Answer, Letterbox, letterbox, tls_for
from support.occurred import event, stored
from support.sinks import Desk
from wirepost.calls.taint import Taints
from wirepost.core.signing import Signer
from wirepost.events.callback import SINK, Target, row_name
from wirepost.events.callback_status import CallbackStatus
from wirepost.events.filters import Filter
from wirepost.events.log_cursors import LogCursors
from wirepost.events.subscriptions import Subscription
from wirepost.notifications.callbacks import Callbacks
from wirepost.notifications.deliver import Deliverer
from wirepost.notifications.sinks.callback import CallbackSink
from wirepost.secrets.vault import KeyRing, Vault
from wirepost.settings import EventSettings, SubscriptionSettings
from wirepost.upstream.guard import Poster

NAME = "payment.refunded"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CURSORS = LogCursors(Signer(b"s" * 32))


@dataclass(eq=False)
class Called:
    """A client with its subscription, and everything that calls it."""

    desk: Desk
    box: Letterbox
    poster: Poster
    vault: Vault = field(default_factory=lambda: Vault(KeyRing([b"k" * 32])))
    is_allowed: bool = True
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def subscribe(self, url: str | None = None, owner: str = "token:1") -> Subscription:
        target = Target("sub_1", url or f"{self.box.url}/hook", NAME, {}, SECRET)
        return await self.desk.subscriptions.put(
            owner,
            row_name(target.id),
            Filter(),
            SubscriptionSettings(deliver=[SINK]),
            start=0,
            target=target.sealed(self.vault, owner),
        )

    @property
    def sink(self) -> CallbackSink:
        desk = self.desk
        return CallbackSink(
            Callbacks(self.poster, desk.clock),
            desk.subscriptions,
            CallbackStatus(desk.database, CURSORS),
            self.taints,
            vault=self.vault,
            may_receive=self._may_receive,
        )

    @property
    def taints(self) -> Taints:
        return Taints(self.desk.database, self.desk.clock, EventSettings())

    @property
    def deliverer(self) -> Deliverer:
        return self.desk.deliverer(self.sink)

    async def _may_receive(self, owner: str, target: Target) -> bool:
        self.asked.append((owner, target.url))
        return self.is_allowed

    async def matched(self, subscription: Subscription, *events: Any) -> list[Any]:
        """Events that were matched: they are due, and the subscription stands behind them."""
        kept = await stored(self.desk.log, *events)
        await self.desk.deliver(subscription, self.sink, *kept)
        position = kept[-1].seq
        await self.desk.database.write(
            lambda tx: tx.execute("UPDATE subscriptions SET position = ?", position)
        )
        return kept

    async def states(self) -> list[tuple[Any, ...]]:
        return await self.desk.states(self.sink)


@pytest.fixture
async def called(desk: Desk, tmp_path: Path) -> AsyncIterator[Called]:
    authority = Authority(tmp_path)
    context = ssl.create_default_context(cafile=authority.certificate)
    poster = Poster(desk.clock, may_be_private=True, context=context)
    async with letterbox(tls_for(authority.issue("client.example"))) as box:
        yield Called(desk, box, poster)
        await poster.close()


async def test_an_occurrence_is_posted_under_its_id_with_a_watermark(called: Called) -> None:
    subscription = await called.subscribe()
    first, second = await called.matched(subscription, event(), event())
    deliverer = called.deliverer
    await deliverer.turn(SINK)
    assert len(called.box.letters) == 2
    for letter in called.box.letters:
        body = json.loads(letter.body)
        assert body.keys() == {"eventId", "name", "timestamp", "data", "cursor"}
        assert body["name"] == NAME
        assert letter.headers["webhook-id"] == body["eventId"]
        assert letter.headers["x-mcp-subscription-id"] == "sub_1"
        assert CURSORS.open(body["cursor"], NAME, {}) < second.seq, "neither has been taken yet"
    (third,) = await called.matched(subscription, event())
    await deliverer.turn(SINK)
    body = json.loads(called.box.letters[2].body)
    assert body["eventId"] == third.id
    assert CURSORS.open(body["cursor"], NAME, {}) == second.seq, "everything before it was taken"
    assert [state for state, *_ in await called.states()] == ["done"] * 3
    assert {each["eventId"] for each in map(json.loads, (box.body for box in called.box.letters[:2]))} == {
        first.id,
        second.id,
    }


async def test_a_watermark_does_not_pass_what_is_still_to_come(called: Called) -> None:
    subscription = await called.subscribe()
    first, _ = await called.matched(subscription, event(), event())
    called.box.always = lambda letter: Answer(503 if first.id.encode() in letter.body else 200)
    await called.deliverer.turn(SINK)
    await called.matched(subscription, event())
    await called.deliverer.turn(SINK)
    body = json.loads(called.box.letters[-1].body)
    assert CURSORS.open(body["cursor"], NAME, {}) == first.seq - 1
    assert sorted(state for state, *_ in await called.states()) == ["done", "done", "pending"]


@pytest.mark.parametrize(
    ("status", "state", "lives"),
    [
        (410, "dead", False),
        (413, "dropped", True),
        (503, "pending", True),
        (429, "pending", True),
        (302, "dead", True),
        (400, "dead", True),
    ],
)
async def test_what_a_client_answers_is_what_becomes_of_it(
    called: Called, status: int, state: str, lives
) -> None:
    """12.4.08c: answer by answer."""
    subscription = await called.subscribe()
    await called.matched(subscription, event())
    called.box.always = lambda _: Answer(status, headers={"Location": "https://elsewhere.example/"})
    await called.deliverer.turn(SINK)
    assert [(found, attempt) for found, attempt, _ in await called.states()] == [(state, 1)]
    assert (await called.desk.subscriptions.get(subscription.id) is not None) == lives
    assert len(called.box.letters) == 1


async def test_a_client_that_fails_for_long_is_tried_seven_times(called: Called) -> None:
    await called.matched(await called.subscribe(), event())
    called.box.always = lambda _: Answer(500)
    deliverer = called.deliverer
    for _ in range(20):
        await deliverer.turn(SINK)
        called.desk.clock.advance(9000)
    assert len(called.box.letters) == 7
    assert await called.states() == [("dead", 7, "answered 500")]
    assert len({letter.headers["webhook-timestamp"] for letter in called.box.letters}) == 7
    assert len({letter.headers["webhook-id"] for letter in called.box.letters}) == 1


async def test_who_may_not_read_any_more_is_not_called_and_ends(called: Called) -> None:
    subscription = await called.subscribe()
    await called.matched(subscription, event(), event())
    called.box.always = lambda _: Answer(503)
    await called.deliverer.turn(SINK)
    called.is_allowed = False
    called.desk.clock.advance(60)
    await called.deliverer.turn(SINK)
    assert len(called.box.letters) == 2
    assert len(called.asked) > 2, "asked before every attempt"
    assert await called.desk.subscriptions.get(subscription.id) is None


async def test_an_address_that_leads_into_a_private_network_by_now_is_not_called(called: Called) -> None:
    """12.4.08d: later."""
    called.poster = Poster(called.desk.clock)
    await called.matched(await called.subscribe(), event())
    await called.deliverer.turn(SINK)
    assert called.box.connections == 0
    (found,) = await called.states()
    assert found == ("dead", 1, "the address is refused: it leads into a private network")


async def test_a_client_that_is_not_there_may_come_back(called: Called) -> None:
    async with letterbox() as gone:
        address = gone.url.replace("http:", "https:")
    await called.matched(await called.subscribe(address), event())
    await called.deliverer.turn(SINK)
    assert await called.states() == [("pending", 1, "unreachable")]


async def test_a_body_that_is_too_large_is_left_out(called: Called) -> None:
    await called.matched(await called.subscribe(), event(data={"text": "x" * 300_000}))
    await called.deliverer.turn(SINK)
    assert called.box.letters == []
    assert [state for state, *_ in await called.states()] == ["dropped"]


async def test_who_is_called_back_has_read_what_outsiders_wrote(called: Called) -> None:
    await called.matched(await called.subscribe(), event(untrusted=["text"], hops=1))
    await called.deliverer.turn(SINK)
    assert await called.taints.reason("token:1") is not None
    assert await called.taints.hops("token:1") == 2


async def test_no_change_of_one_record_is_lost_and_one_client_takes_nothing_from_another(
    called: Called,
) -> None:
    one = await called.subscribe()
    other = await called.subscribe(owner="token:2")
    kept = await called.matched(one, *(event(subject="contact/1") for _ in range(7)))
    await called.desk.deliver(other, called.sink, kept[0])
    deliverer = called.deliverer
    for letters in (6, 8):
        while await deliverer.turn(SINK):
            pass
        assert len(called.box.letters) == letters
        called.desk.clock.advance(601)
    got = sorted(letter.headers["webhook-id"] for letter in called.box.letters)
    assert got == sorted(each.id for each in (kept[0], *kept))


async def test_an_address_that_cannot_be_opened_is_not_guessed(called: Called) -> None:
    subscription = await called.subscribe()
    await called.matched(subscription, event())
    called.vault = Vault(KeyRing([b"o" * 32]))
    await called.deliverer.turn(SINK)
    assert [state for state, *_ in await called.states()] == ["pending"], "the key may be put back"
    sql = "UPDATE subscriptions SET target = 'v1.spoiled' WHERE id = ?"
    await called.desk.database.write(lambda tx: tx.execute(sql, subscription.id))
    called.desk.clock.advance(60)
    await called.deliverer.turn(SINK)
    assert [state for state, *_ in await called.states()] == ["dead"]
    assert called.box.letters == []


async def test_a_subscription_without_an_address_gets_nothing(called: Called) -> None:
    subscription = await called.desk.subscription("odd", owner="token:1", deliver=[SINK])
    await called.matched(subscription, event())
    await called.deliverer.turn(SINK)
    assert await called.states() == [("dropped", 1, "the subscription has ended")]
