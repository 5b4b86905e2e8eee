"""Writes: what may have happened is never sent again under another key because a repetition failed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.clock import START, ManualClock
from support.disk import fill_disk, free_disk
from support.sample_vendor import Assembled, assembled
from support.samples import Board, Note, SampleClient
from wirepost.calls.attempt import Attempt
from wirepost.calls.caller import LOCAL
from wirepost.calls.write import Writes
from wirepost.core.errors import OutcomeUnknown
from wirepost.core.money import Money
from wirepost.sandbox.faults import Fault
from wirepost.store.database import Tx
from wirepost.tools.context import Call, no_progress
from wirepost.tools.jobs import Started
from wirepost.tools.results import Effect, Plan
from wirepost.tools.tool import AnyTool, Risk, tool
from wirepost.upstream.scope import Scope

TOOL = "sample_send_note"
NAMED = {"note": "n_1", "intent": "send it"}
ALWAYS = {"times": None, "match": "POST *"}


@pytest.fixture
async def path(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Assembled]:
    async with assembled(tmp_path, clock) as parts:
        yield parts


async def lose(path: Assembled) -> str:
    """Carry the action out and lose every trace of it; the key it was sent under."""
    path.vendor.hides = True
    path.vendor.inject(Fault("lost_answer", **ALWAYS))
    outcome = await path.confirmed(TOOL, **NAMED)
    path.vendor.faults.clear()
    assert outcome.envelope["error"]["outcome"] == "unknown"
    assert len(path.vendor.made) == 1
    return str(path.vendor.made[0]["key"])


async def test_a_repetition_that_never_left_leaves_the_outcome_unknown(path: Assembled) -> None:
    """The first happened but cannot be read yet; the second finds nobody; the third must not pay again."""
    await lose(path)
    path.vendor.inject(Fault("refused", **ALWAYS))
    second = await path.call(TOOL, **NAMED)
    assert second.envelope["error"]["outcome"] == "unknown"
    path.vendor.faults.clear()

    third = await path.call(TOOL, **NAMED)
    assert not third.is_error
    assert len(path.vendor.made) == 1


@pytest.mark.parametrize("fault", [Fault("status", status=503, **ALWAYS), Fault("cut", **ALWAYS)])
async def test_no_failure_of_a_repetition_makes_the_action_happen_twice(
    path: Assembled, fault: Fault
) -> None:
    await lose(path)
    path.vendor.inject(fault)
    second = await path.call(TOOL, **NAMED)
    assert second.envelope["error"]["outcome"] == "unknown"
    path.vendor.faults.clear()
    path.vendor.hides = False
    third = await path.call(TOOL, **NAMED)
    assert third.envelope["data"] == {"id": "n_1"}
    assert third.envelope["meta"]["idempotency"] == {"intent": "send it", "replayed": True}
    assert len(path.vendor.made) == 1


async def test_the_providers_own_no_to_a_repetition_settles_the_action(path: Assembled) -> None:
    await lose(path)
    path.vendor.inject(Fault("status", status=409, **ALWAYS))
    second = await path.call(TOOL, **NAMED)
    assert second.envelope["error"]["code"] == "conflict"
    assert second.envelope["error"]["outcome"] == "not_applied"


async def test_a_first_attempt_that_never_left_may_be_made_afresh(path: Assembled) -> None:
    path.vendor.inject(Fault("refused", **ALWAYS))
    first = await path.confirmed(TOOL, **NAMED)
    assert first.envelope["error"]["outcome"] == "not_applied"
    path.vendor.faults.clear()
    assert not (await path.confirmed(TOOL, **NAMED)).is_error


async def test_what_was_refused_may_be_corrected_under_its_intent(path: Assembled) -> None:
    path.vendor.inject(Fault("status", status=409, match="POST *"))
    refused = await path.confirmed(TOOL, **NAMED)
    assert refused.envelope["error"]["outcome"] == "not_applied"
    corrected = NAMED | {"note": "n_2"}
    assert (await path.confirmed(TOOL, **corrected)).envelope["data"] == {"id": "n_2"}

    again = await path.call(TOOL, **corrected)
    assert again.envelope["meta"]["idempotency"]["replayed"]
    other = await path.call(TOOL, **NAMED)
    assert other.envelope["error"]["code"] == "conflict"
    assert len(path.vendor.made) == 1


async def test_what_may_have_happened_keeps_the_arguments_of_its_intent(path: Assembled) -> None:
    await lose(path)
    other = await path.call(TOOL, **NAMED | {"note": "n_2"})
    assert other.envelope["error"]["code"] == "conflict"
    assert len(path.vendor.made) == 1


async def test_an_action_whose_end_was_not_stored_is_found_by_reading(path: Assembled) -> None:
    """The disk is full just when the result is to be stored; nobody waits, nothing is sent again."""
    await fill_disk(path.database, "intents", "NEW.state = 'applied'")
    first = await path.confirmed(TOOL, **NAMED)
    assert not first.is_error
    assert "could not be stored" in first.envelope["warnings"][0]
    await free_disk(path.database)

    again = await path.call(TOOL, **NAMED)
    assert again.envelope["data"] == {"id": "n_1"}
    assert again.envelope["meta"]["idempotency"]["replayed"]
    assert len(path.vendor.made) == 1


async def test_a_no_that_was_not_stored_is_looked_up_before_the_next_attempt(path: Assembled) -> None:
    """The disk is full just when the provider's no is to be stored; the caller gets the no all the same."""
    path.vendor.inject(Fault("status", status=409, match="POST *"))
    await fill_disk(path.database, "intents", "NEW.state = 'not_applied'")
    first = await path.confirmed(TOOL, **NAMED)
    assert first.envelope["error"]["code"] == "conflict"
    assert first.envelope["error"]["outcome"] == "not_applied"
    await free_disk(path.database)

    before = list(path.vendor.requests)
    again = await path.call(TOOL, **NAMED)
    assert again.envelope["data"] == {"id": "n_1"}
    assert [request.method for request in list(path.vendor.requests)[len(before) :]] == ["GET", "POST"]
    assert len(path.vendor.made) == 1


async def test_a_write_needs_a_tool(path: Assembled, clock: ManualClock) -> None:
    nothing = Attempt(LOCAL, TOOL, {}, no_progress, START, 1000.0, 1045.0, Scope(1045.0))
    with pytest.raises(RuntimeError, match="tool is not known"):
        await Writes(path.judge, path.ledger, clock, path.own, path.jobs).once(nothing, [].append)


async def test_of_two_that_claim_the_same_action_at_once_one_waits_for_the_other(tmp_path, clock) -> None:
    may_go_on = threading.Event()

    async def hold(tx: Tx) -> None:
        may_go_on.wait(5)

    async with assembled(tmp_path, clock) as parts:
        writer = parts.database._writer  # noqa: SLF001 - both must have asked before either is answered
        holding = asyncio.create_task(parts.database.write(hold))
        calls = [
            asyncio.create_task(parts.call("sample_update_note", note="n_1", intent="one")) for _ in range(2)
        ]
        async with asyncio.timeout(5):
            while writer._waiting < 3:  # noqa: SLF001
                await clock.sleep(0)
        may_go_on.set()
        outcomes = await asyncio.gather(*calls)
        await holding
    assert [outcome.envelope["data"] for outcome in outcomes] == [{"id": "n_1"}] * 2
    replayed = [outcome.envelope["meta"]["idempotency"]["replayed"] for outcome in outcomes]
    assert sorted(replayed) == [False, True]


class Shelf:
    """What the plan of a tool reads, and a moment at which one reader can be held."""

    def __init__(self) -> None:
        self.is_empty = False
        self.reading, self.may_go_on = asyncio.Event(), asyncio.Event()
        self.holds = False

    async def look(self) -> bool:
        """Whether it is empty, as it is found when the reader is let go."""
        if self.holds:
            self.holds = False
            self.reading.set()
            await self.may_go_on.wait()
        return self.is_empty


def clearing(shelf: Shelf) -> AnyTool:
    """A tool whose own effect changes what its plan is bound to."""

    @tool(Risk.DESTRUCTIVE, scopes=["notes.delete"], example={"note": "n_1"})
    async def sample_clear_shelf(call: Call[SampleClient], *, note: str) -> Note:
        """Clear the shelf."""
        made = await call.api.make(note, key=call.key, intent=call.intent)
        shelf.is_empty = True
        return made

    @sample_clear_shelf.plan
    async def plan_clear(call: Call[SampleClient], *, note: str) -> Plan:
        """What clearing would do."""
        state = {"note": note, "is_empty": await shelf.look()}
        return Plan("Clear it", [Effect(what="The shelf is empty")], reversible=False, state=state)

    @sample_clear_shelf.reconcile
    async def find_cleared(call: Call[SampleClient], *, note: str) -> Note | None:
        """Whether it was cleared."""
        return await call.api.find(call.intent)

    return sample_clear_shelf


@pytest.mark.parametrize("is_same_intent", [True, False])
async def test_a_state_that_this_very_action_has_changed_is_no_reason_to_refuse_it(
    tmp_path: Path, clock: ManualClock, *, is_same_intent: bool
) -> None:
    """Two send the same confirmed action; one reads what it is bound to after the other carried it out."""
    shelf = Shelf()
    async with assembled(tmp_path, clock, tools=(clearing(shelf),)) as path:
        asked = {"note": "n_1", "intent": "clear it"}
        preview = await path.call("sample_clear_shelf", **asked, mode="preview")
        asked["confirmation"] = preview.envelope["data"]["confirmation"]
        shelf.holds = True
        late = asyncio.create_task(path.call("sample_clear_shelf", **asked))
        await asyncio.wait_for(shelf.reading.wait(), 5)
        other = asked if is_same_intent else {**asked, "intent": "another"}
        assert not (await path.call("sample_clear_shelf", **other)).is_error
        shelf.may_go_on.set()
        outcome = await late
        assert len(path.vendor.made) == 1
    if is_same_intent:
        assert outcome.envelope["meta"]["idempotency"]["replayed"] is True
        assert outcome.envelope["data"] == {"id": "n_1"}
    else:
        assert outcome.envelope["error"]["code"] == "confirmation_mismatch"


async def test_an_attempt_without_answer_keeps_its_key_whatever_others_were_answered(path: Assembled) -> None:
    """A 5xx would let the next one have a new key; but one of the attempts may have been carried out."""
    path.vendor.hides = True
    path.vendor.inject(Fault("status", status=503, match="POST *"))
    path.vendor.inject(Fault("lost_answer", **ALWAYS))
    assert (await path.confirmed(TOOL, **NAMED)).envelope["error"]["outcome"] == "unknown"
    path.vendor.faults.clear()
    assert not (await path.call(TOOL, **NAMED)).is_error
    assert len(path.vendor.made) == 1


async def test_an_attempt_without_answer_keeps_its_key_when_a_repetition_is_answered(path: Assembled) -> None:
    await lose(path)
    path.vendor.inject(Fault("status", status=503, **ALWAYS))
    assert (await path.call(TOOL, **NAMED)).envelope["error"]["outcome"] == "unknown"
    path.vendor.faults.clear()
    assert not (await path.call(TOOL, **NAMED)).is_error
    assert len(path.vendor.made) == 1


async def test_the_intent_that_was_shown_names_the_action(tmp_path: Path, clock: ManualClock) -> None:
    """Called without one, it got one of its own; who repeats the call with that means the same action."""
    async with assembled(tmp_path, clock, rules=[{"id": "all", "effect": "allow"}]) as path:
        path.vendor.hides = True
        path.vendor.inject(Fault("lost_answer", **ALWAYS))
        first = await path.call(TOOL, note="n_1")
        shown = first.envelope["meta"]["idempotency"]["intent"]
        path.vendor.faults.clear()
        second = await path.call(TOOL, note="n_1", intent=shown)
        assert second.envelope["meta"]["idempotency"] == {"intent": shown, "replayed": False}
        assert len(path.vendor.made) == 1
        third = await path.call(TOOL, note="n_2", intent=shown)
        assert third.envelope["error"]["code"] == "conflict"


@pytest.mark.parametrize(
    ("effect", "code"), [("deny", "forbidden_by_policy"), ("approve", "approval_required")]
)
async def test_what_was_forbidden_since_is_not_sent_again(
    tmp_path: Path, clock: ManualClock, effect: str, code: str
) -> None:
    async with assembled(tmp_path, clock) as path:
        path.vendor.inject(Fault("cut", **ALWAYS))
        assert (await path.confirmed(TOOL, **NAMED)).envelope["error"]["outcome"] == "unknown"
    async with assembled(tmp_path, clock, rules=[{"id": "new", "effect": effect}]) as path:
        error = (await path.call(TOOL, **NAMED)).envelope["error"]
        assert (error["code"], error["outcome"], error["rule"]) == (code, "unknown", "new")
        assert path.vendor.made == []


@tool(Risk.MONEY, scopes=["money.write"], example={"note": "n_1"})
async def sample_give_money(call: Call[SampleClient], *, note: str) -> Note:
    """Give ten euros."""
    return await call.api.make(note, key=call.key, intent=call.intent)


@sample_give_money.plan
async def plan_giving(call: Call[SampleClient], *, note: str) -> Plan:
    """What giving would do."""
    money, given = Money.parse("10.00", "eur"), [Effect(what="Given", after="10.00")]
    return Plan("Give", given, reversible=False, state=note, money=money, targets=(note,))


@sample_give_money.reconcile
async def find_given(call: Call[SampleClient], *, note: str) -> Note | None:
    """Whether it was given."""
    return await call.api.find(call.intent)


GIVE = "sample_give_money"
DAILY = {"max_per_day": {"eur": "15.00"}}


async def test_money_that_is_sent_again_on_another_day_counts_on_that_day(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with assembled(tmp_path, clock, tools=(sample_give_money,), money=DAILY) as path:
        path.vendor.inject(Fault("cut", **ALWAYS))
        assert (await path.confirmed(GIVE, note="n_1", intent="a")).envelope["error"]["outcome"] == "unknown"
        path.vendor.faults.clear()
        clock.advance(86_400)
        assert not (await path.confirmed(GIVE, note="n_2", intent="b")).is_error
        again = (await path.call(GIVE, note="n_1", intent="a")).envelope["error"]
        assert (again["code"], again["outcome"], again["rule"]) == ("forbidden_by_policy", "unknown", "money")
        clock.advance(86_400)
        assert not (await path.call(GIVE, note="n_1", intent="a")).is_error
        assert len(path.vendor.made) == 2


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"effect": "deny", "amount": {"over": "9.99", "currency": "eur"}}, "forbidden_by_policy"),
        ({"effect": "deny", "amount": {"over": "10.00", "currency": "eur"}}, None),
        ({"effect": "approve", "targets": ["n_1"]}, "approval_required"),
        ({"effect": "approve", "targets": ["n_2"]}, None),
    ],
)
async def test_rules_on_amounts_and_targets_hold_for_what_is_sent_again(
    tmp_path: Path, clock: ManualClock, rule: dict[str, object], code: str | None
) -> None:
    async with assembled(tmp_path, clock, tools=(sample_give_money,)) as path:
        path.vendor.inject(Fault("cut", **ALWAYS))
        assert (await path.confirmed(GIVE, note="n_1", intent="a")).envelope["error"]["outcome"] == "unknown"
    async with assembled(tmp_path, clock, tools=(sample_give_money,), rules=[{"id": "new", **rule}]) as path:
        error = (await path.call(GIVE, note="n_1", intent="a")).envelope.get("error", {})
        assert error.get("code") == code
        assert len(path.vendor.made) == (0 if code else 1)


@tool(Risk.VISIBLE, example={"card": "c_1"})
async def board_lose_card(call: Call[Board], *, card: str) -> Note:
    """Lose the answer the first time."""
    if not Lost.is_lost:
        Lost.is_lost = True
        raise OutcomeUnknown("outcome_unknown", "no answer came")
    return Note(id=card)


@board_lose_card.plan
async def plan_losing(call: Call[Board], *, card: str) -> Plan:
    """What losing would do."""
    return Plan("Lose it", [], reversible=True, state=card)


@board_lose_card.reconcile
async def find_lost(call: Call[Board], *, card: str) -> Note | None:
    """Nothing is found."""
    return None


class Lost:
    """Whether the answer was lost already."""

    is_lost = False


async def test_what_runs_on_no_connection_is_sent_again_too(tmp_path: Path, clock: ManualClock) -> None:
    async with assembled(tmp_path, clock, tools=(board_lose_card,)) as path:
        first = await path.confirmed("board_lose_card", card="c_1", intent="a")
        assert first.envelope["error"]["outcome"] == "unknown"
        assert (await path.call("board_lose_card", card="c_1", intent="a")).envelope["data"] == {"id": "c_1"}


async def test_a_cap_that_was_set_since_holds_for_what_is_sent_again(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with assembled(tmp_path, clock, tools=(sample_give_money,)) as path:
        path.vendor.inject(Fault("cut", **ALWAYS))
        assert (await path.confirmed(GIVE, note="n_1", intent="a")).envelope["error"]["outcome"] == "unknown"
    capped = {"max_per_action": {"eur": "9.00"}}
    async with assembled(tmp_path, clock, tools=(sample_give_money,), money=capped) as path:
        again = (await path.call(GIVE, note="n_1", intent="a")).envelope["error"]
        assert (again["code"], again["outcome"]) == ("forbidden_by_policy", "unknown")
        assert path.vendor.made == []


@tool(Risk.WRITE, scopes=["notes.write"], example={"note": "n_1"})
async def sample_look_oddly(call: Call[SampleClient], *, note: str) -> Note:
    """Make a note whose trace has a form nobody expects."""
    return await call.api.make(note, key=call.key, intent=call.intent)


@sample_look_oddly.reconcile
async def find_oddly(call: Call[SampleClient], *, note: str) -> Note | None:
    """What is there has another form."""
    return Note.model_validate({"id": 5})


async def test_a_trace_that_is_not_understood_leaves_the_outcome_unknown(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with assembled(tmp_path, clock, tools=(sample_look_oddly,)) as path:
        path.vendor.inject(Fault("lost_answer", **ALWAYS))
        for _ in range(2):  # nor does a repetition wait for anybody
            error = (await path.call("sample_look_oddly", note="n_1", intent="x")).envelope["error"]
            assert (error["code"], error["outcome"]) == ("upstream_unavailable", "unknown")
        assert len(path.vendor.made) == 1


@tool(Risk.READ, scopes=["notes.read"], example={"note": "n_1"})
async def sample_start_export(call: Call[SampleClient], *, note: str) -> Started:
    """Start an export."""
    await call.api.make(note, key=call.key, intent=call.intent)
    return Started("sample.export", "export_1", poll_after_s=5)


@sample_start_export.reconcile
async def find_export(call: Call[SampleClient], *, note: str) -> Started | None:
    """The export that was started."""
    return None


async def test_who_leaves_while_the_action_is_claimed_leaves_it_to_others(
    tmp_path: Path, clock: ManualClock
) -> None:
    may_go_on = threading.Event()

    async def hold(tx: Tx) -> None:
        may_go_on.wait(5)

    async with assembled(tmp_path, clock, tools=(sample_start_export,)) as path:
        writer = path.database._writer  # noqa: SLF001 - the claim must wait for the disk
        holding = asyncio.create_task(path.database.write(hold))
        left = asyncio.create_task(path.call("sample_start_export", note="n_1", intent="x"))
        async with asyncio.timeout(5):
            while writer._waiting < 2:  # noqa: SLF001
                await clock.sleep(0)
        left.cancel()
        with pytest.raises(asyncio.CancelledError):
            await left
        may_go_on.set()
        await holding
        again = await path.call("sample_start_export", note="n_1", intent="x")
        assert again.envelope["data"]["kind"] == "sample.export"
        assert len(path.vendor.made) == 1
