"""Tools that read events: they wait, they search, and they show what may be shown."""

from __future__ import annotations

import pytest

from support.occurred import event
from wirepost.calls.caller import Caller
from wirepost.core.errors import InvalidCall, NotConnected, Rejected
from wirepost.declarations import EVENTS
from wirepost.events.deliveries import PULL
from wirepost.events.filters import Filter
from wirepost.events.log import Arrival, NewEvent
from wirepost.server.auth.caller_tokens import all_tokens, create, revoke
from wirepost.settings.events import SubscriptionSettings
from wirepost.settings.webhooks import RedactSettings
from wirepost.tools import schema
from wirepost.tools.catalog import PRESETS
from wirepost.tools.tool import tools_in
from wirepost.toolsets.events.acknowledging import event_ack
from wirepost.toolsets.events.reading import event_get, event_list, event_wait
from wirepost.toolsets.events.subscribing import event_subscribe
from wirepost.webhooks.incoming import Incoming

ANNA = Caller("anna")
BODY = b'{"customer":{"email":"jane@example.com","card":"4242424242424242"},"note":"<b>hi</b>"}'


@pytest.mark.parametrize("tool", tools_in(*EVENTS), ids=lambda tool: tool.name)
def test_every_client_can_read_the_schemas(tool):
    assert schema.problems(tool.name, tool.input_schema) == []
    assert tool.output_schema["type"] == "object"
    assert len(tool.summary) <= 110


def test_the_tools_are_those_that_were_promised():
    names = {tool.name: str(tool.risk) for tool in tools_in(*EVENTS)}
    assert names == {
        "event_wait": "R",
        "event_list": "R",
        "event_get": "R",
        "event_ack": "W1",
        "event_nack": "W1",
        "event_subscribe": "W1",
        "event_unsubscribe": "W1",
        "event_subscriptions": "R",
        "event_replay": "W1",
    }


@pytest.mark.parametrize("preset", sorted(set(PRESETS) - {"readonly"}))
def test_a_preset_with_waiting_has_acknowledging(preset):
    belongs = PRESETS[preset]
    assert belongs(event_wait) == belongs(event_ack)


async def test_a_caller_that_names_nothing_waits_for_everything_from_now_on(desks):
    await desks.occur(event())
    first = await desks.run(event_wait, wait_s=0)
    assert (first.events, first.timed_out, first.subscription) == ([], True, "default")
    (refund,) = await desks.occur(event(untrusted=["note"], data={"note": "hi"}))
    answer = await desks.run(event_wait, cursor=first.next_cursor)
    (got,) = answer.events
    assert (got.id, got.data, got.untrusted, got.attempt, got.replay) == (
        refund.id,
        {"note": "hi"},
        ["note"],
        1,
        None,
    )
    assert (answer.pending, answer.has_more, answer.truncated, answer.timed_out) == (1, False, False, False)


async def test_whose_token_is_withdrawn_while_it_waits_gets_nothing_and_nothing_is_lost(desks, clock):
    database = desks.log.database
    await create(database, clock.now().timestamp(), "agent", None, None)
    caller = f"token:{(await all_tokens(database))[0].id}"
    await desks.run(event_wait, caller, wait_s=0)
    await revoke(database, clock.now().timestamp(), "agent")
    (refund,) = await desks.occur(event())
    with pytest.raises(NotConnected, match="withdrawn"):
        await desks.run(event_wait, caller, wait_s=30)
    subscription = (await desks.subscriptions.of(Caller(caller)))[0]
    (kept,) = await desks.deliveries.claim(
        PULL, holder=caller, lease_s=30, limit=5, subscription=subscription.id, max_attempts=9
    )
    assert (kept.event.id, kept.attempt) == (refund.id, 1)


async def test_whoever_begins_to_wait_is_told_where_the_past_is(desks, clock):
    begins = ["This subscription begins now; event_list has the past"]
    for narrowed in ({}, {"type": "order.*"}):
        await desks.run(event_wait, wait_s=0, **narrowed)
        assert desks.warnings == begins
        await desks.run(event_wait, wait_s=0, **narrowed)
        assert desks.warnings == []
    await desks.run(event_subscribe, subscription="refunds")
    await desks.run(event_wait, subscription="refunds", wait_s=0)
    assert desks.warnings == []
    clock.advance(8 * 86_400)  # nobody used it for a week, so it begins anew
    await desks.run(event_wait, wait_s=0)
    assert desks.warnings == begins


async def test_narrowing_makes_a_default_subscription_of_its_own(desks):
    for narrowed in ({}, {"source": "shop"}, {"type": "order.*"}, {"object_id": "ch_9"}):
        await desks.run(event_wait, wait_s=0, **narrowed)
    await desks.occur(
        event(), event(source="shop"), event(type="order.created"), event(subject="charge/ch_9")
    )
    assert len((await desks.run(event_wait)).events) == 4
    assert [each.source for each in (await desks.run(event_wait, source="shop")).events] == ["shop"]
    assert [each.type for each in (await desks.run(event_wait, type="order.*")).events] == ["order.created"]
    assert len((await desks.run(event_wait, object_id="ch_9")).events) == 1
    with pytest.raises(InvalidCall, match="has its filter already"):
        await desks.run(event_wait, subscription="default", source="shop")


async def test_a_default_subscription_lives_as_long_as_it_is_used(desks, clock):
    await desks.run(event_wait, wait_s=0)
    for _ in range(4):
        clock.advance(5 * 86_400)
        await desks.run(event_wait, wait_s=0)
    await desks.occur(event())
    assert len((await desks.run(event_wait)).events) == 1
    clock.advance(8 * 86_400)
    assert (await desks.run(event_wait, wait_s=0)).timed_out


async def test_an_unknown_subscription_is_refused_with_those_that_are_known(desks):
    await desks.run(event_subscribe, subscription="refunds")
    with pytest.raises(InvalidCall) as refused:
        await desks.run(event_wait, subscription="refund")
    assert refused.value.fields[0]["allowed"] == ["refunds"]


async def test_a_subscription_may_hide_more_than_its_source(desks):
    hidden = SubscriptionSettings(redact=RedactSettings(email="drop"))
    await desks.subscriptions.put("anna", "quiet", Filter(), hidden)
    who = "jane@example.com"
    actor = {"kind": "human", "id": who}
    await desks.occur(
        event(data={"email": who}, summary=f"from {who}", subject=f"contact/{who}", actor=actor)
    )
    (got,) = (await desks.run(event_wait, subscription="quiet")).events
    assert "jane" not in str(got)


async def test_the_past_is_searched_newest_first_page_by_page(desks):
    await desks.run(event_wait, wait_s=0)
    events = await desks.occur(*(event() for _ in range(3)), event(type="order.created"))
    page = await desks.run(event_list, type="payment.*", limit=2)
    assert [each.id for each in page.records] == [events[2].id, events[1].id]
    assert [each.acked for each in page.records] == [False, False]
    rest = await desks.run(event_list, type="payment.*", limit=2, position=page.after[-1])
    assert [each.id for each in rest.records] == [events[0].id]
    assert (await desks.run(event_list, caller="ben", source="shop", since="-1h")).records == []


async def test_what_was_not_acknowledged_is_found_among_all_subscriptions(desks):
    for name in ("a", "b"):
        await desks.run(event_subscribe, subscription=name)
    one, two = await desks.occur(event(), event())
    a = await desks.subscriptions.find(ANNA, "a")
    await desks.of(ANNA).acknowledgements.ack(a.id, [one.id, two.id])
    b = await desks.subscriptions.find(ANNA, "b")
    await desks.of(ANNA).acknowledgements.ack(b.id, [one.id])
    page = await desks.run(event_list, unacked_only=True, limit=1)
    assert [each.id for each in page.records] == [two.id]
    assert [each.acked for each in (await desks.run(event_list)).records] == [False, True]


async def test_one_event_is_read_in_full_or_not_found(desks):
    (refund,) = await desks.occur(event())
    got = await desks.run(event_get, event=refund.id)
    assert (got.id, got.payload, got.attempt) == (refund.id, None, None)
    with pytest.raises(Rejected, match="no event 'evt_none'"):
        await desks.run(event_get, event="evt_none")


@pytest.mark.parametrize(
    ("scopes", "sees"), [(None, True), ({"event.read"}, False), ({"event.read", "event.raw"}, True)]
)
async def test_a_payload_never_has_secrets_and_personal_data_only_with_its_scope(desks, scopes, sees):
    refund = event()
    request = Incoming(method="POST", url="https://x/webhooks/s", headers=(), body=BODY, now=1.0)
    sealed = desks.raw.sealed("raw_1", request)
    new = [NewEvent(refund, ":k", None, {})]
    await desks.log.record(Arrival("stripe-live", "default", 1.0, new, raw_id="raw_1", sealed=sealed))
    got = await desks.run(event_get, event=refund.id, include_payload=True, scopes=scopes)
    assert ("jane@example.com" in str(got.payload)) is sees
    assert "4242424242424242" not in str(got.payload)
    assert got.payload["note"] == "<b>hi</b>"


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"token=s3cr3t-of-the-app&text=ask+jane%40example.com&command=%2Fask", {"command": "/ask"}),
        (b"payload=%7B%22token%22%3A%22s3cr3t-of-the-app%22%2C%22user%22%3A%22jane%40example.com%22%7D", {}),
        (b"a text to jane@example.com", {}),
        (
            b'{"token":"s3cr3t","response_url":"https://hooks.slack.com/s3cr3t","x":[{"clientState":"s3cr3t"}]}',
            {},
        ),
    ],
)
async def test_a_payload_that_is_a_form_is_hidden_by_what_stands_in_it(desks, body, kept):
    one = event()
    request = Incoming(method="POST", url="https://x/webhooks/s", headers=(), body=body, now=1.0)
    new = [NewEvent(one, ":k", None, {})]
    sealed = desks.raw.sealed("raw_1", request)
    await desks.log.record(Arrival("slack", "default", 1.0, new, raw_id="raw_1", sealed=sealed))
    got = await desks.run(event_get, event=one.id, include_payload=True, scopes={"event.read"})
    assert not [each for each in ("s3cr3t", "jane@", "jane%40") if each in str(got.payload)]
    assert kept.items() <= got.payload.items()


async def test_a_payload_that_is_gone_is_told(desks):
    (refund,) = await desks.occur(event())
    assert (await desks.run(event_get, event=refund.id, include_payload=True)).payload is None
    assert "not kept any more" in desks.warnings[0]
