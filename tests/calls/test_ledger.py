"""The ledger: an action is claimed once, settled once, and never sent again while its fate is open."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from support.clock import START, ManualClock
from wirepost.calls.ledger import Entry, Identity, Ledger
from wirepost.calls.owner import Owner
from wirepost.core.errors import InvalidCall, NotAllowed, Unavailable
from wirepost.core.signing import Signer
from wirepost.store.database import Database, Tx

NAMED = Identity("anna", "stripe-live", "stripe_create_refund", "hash-1", "refund-4711", looks_back=True)
UNNAMED = replace(NAMED, intent=None)
DAY_S = 24 * 3600


def ledger_of(database: Database, clock: ManualClock, owner: str = "this process") -> Ledger:
    return Ledger(database, clock, Signer(b"secret"), owner)


async def next_process(database: Database, clock: ManualClock, *, lost: int) -> Ledger:
    """The ledger of another process, which found so many writes of dead ones whose outcome is unknown."""
    assert await Owner(database, clock, "the next process").settle_others() == lost
    return ledger_of(database, clock, "the next process")


@pytest.fixture
def ledger(database: Database, clock: ManualClock) -> Ledger:
    return ledger_of(database, clock)


async def claim(ledger: Ledger, identity: Identity = NAMED, **options: Any) -> Entry:
    entry, is_ours = await ledger.claim(identity, **{"nonce": None, "reserve": None} | options)
    assert is_ours
    return entry


async def found(ledger: Ledger, identity: Identity = NAMED) -> Entry:
    entry = await ledger.find(identity)
    assert entry is not None
    return entry


async def claim_again(ledger: Ledger, identity: Identity = NAMED, **options: Any) -> Entry:
    return await claim(ledger, identity, again=await found(ledger, identity), **options)


# --- claiming ---


async def test_an_action_nobody_claimed_is_not_found(ledger: Ledger) -> None:
    assert await ledger.find(NAMED) is None
    assert await ledger.find(UNNAMED) is None


async def test_a_claimed_action_is_found_by_everybody(ledger: Ledger, clock: ManualClock) -> None:
    entry = await claim(ledger)
    assert await ledger.find(NAMED) == entry
    assert entry.state == "claimed"
    assert entry.is_in_progress
    assert (entry.attempt, entry.result, entry.last_status, entry.dispatched_at) == (1, None, None, None)
    assert entry.claimed_at == START.timestamp()
    assert entry.public_intent == "refund-4711"


@pytest.mark.parametrize("identity", [NAMED, UNNAMED, replace(UNNAMED, looks_back=False)])
async def test_of_fifty_claims_at_once_one_wins(ledger: Ledger, identity: Identity) -> None:
    results = await asyncio.gather(*(ledger.claim(identity, nonce=None, reserve=None) for _ in range(50)))
    assert sum(is_ours for _, is_ours in results) == 1
    assert len({entry.id for entry, _ in results}) == 1


async def test_of_fifty_repetitions_at_once_one_wins(ledger: Ledger) -> None:
    entry = await claim(ledger)
    await ledger.settle(entry, "not_applied")
    again = await found(ledger)
    results = await asyncio.gather(
        *(ledger.claim(NAMED, nonce=None, reserve=None, again=again) for _ in range(50))
    )
    assert sum(is_ours for _, is_ours in results) == 1
    assert (await found(ledger)).attempt == 2


async def test_a_repetition_based_on_old_knowledge_loses(ledger: Ledger, clock: ManualClock) -> None:
    """Somebody looked, somebody else tried once more meanwhile: what was looked up is not true any more."""
    await ledger.settle(await claim(ledger), "unknown", last_status=500)
    seen = await found(ledger)
    clock.advance(1)
    await ledger.settle(await claim_again(ledger), "unknown", last_status=500)
    entry, is_ours = await ledger.claim(NAMED, nonce=None, reserve=None, again=seen)
    assert not is_ours
    assert entry.attempt == 2


async def test_an_applied_action_cannot_be_claimed_again(ledger: Ledger) -> None:
    await ledger.settle(await claim(ledger), "applied", result={"id": "re_1"})
    entry, is_ours = await ledger.claim(NAMED, nonce=None, reserve=None)
    assert not is_ours
    assert (entry.state, entry.result) == ("applied", {"id": "re_1"})


@pytest.mark.parametrize("part", ["caller", "connection", "tool", "intent"])
async def test_the_same_name_elsewhere_is_another_action(ledger: Ledger, part: str) -> None:
    mine = await claim(ledger)
    theirs = await claim(ledger, replace(NAMED, **{part: "other"}))
    assert mine.id != theirs.id


async def test_the_same_name_with_other_arguments_is_found_as_what_it_is(ledger: Ledger) -> None:
    entry = await claim(ledger)
    other = replace(NAMED, arguments_hash="hash-2")
    assert await ledger.find(other) == entry
    _, is_ours = await ledger.claim(other, nonce=None, reserve=None)
    assert not is_ours


@pytest.mark.parametrize("result", [{"id": "re_1", "amount": "10.00"}, {}, [], 0, "text", False])
async def test_results_come_back_as_they_were(ledger: Ledger, result: Any) -> None:
    await ledger.settle(await claim(ledger), "applied", result=result)
    assert (await found(ledger)).result == result


# --- actions without a name ---


async def test_an_identical_call_is_the_same_action_for_a_day(ledger: Ledger, clock: ManualClock) -> None:
    entry = await claim(ledger, UNNAMED)
    await ledger.settle(entry, "applied", result={})
    assert entry.is_derived
    assert entry.public_intent == entry.id
    clock.advance(DAY_S)
    assert (await found(ledger, UNNAMED)).id == entry.id
    clock.advance(0.001)
    assert await ledger.find(UNNAMED) is None
    assert (await claim(ledger, UNNAMED)).id != entry.id


async def test_an_unknown_outcome_is_not_forgotten_after_a_day(ledger: Ledger, clock: ManualClock) -> None:
    entry = await claim(ledger, UNNAMED)
    await ledger.settle(entry, "unknown")
    clock.advance(30 * DAY_S)
    assert (await found(ledger, UNNAMED)).id == entry.id


async def test_a_call_without_a_name_recognises_a_named_action_with_the_same_arguments(
    ledger: Ledger,
) -> None:
    entry = await claim(ledger)
    await ledger.settle(entry, "applied", result={})
    assert (await found(ledger, UNNAMED)).id == entry.id


async def test_a_new_name_makes_the_same_call_a_new_action(ledger: Ledger) -> None:
    await ledger.settle(await claim(ledger), "applied", result={})
    assert await ledger.find(replace(NAMED, intent="refund-4712")) is None


async def test_what_happened_counts_before_what_was_rejected(ledger: Ledger, clock: ManualClock) -> None:
    applied = await claim(ledger)
    await ledger.settle(applied, "applied", result={})
    clock.advance(60)
    rejected = await claim(ledger, replace(NAMED, intent="again"))
    await ledger.settle(rejected, "not_applied")
    assert (await found(ledger, UNNAMED)).id == applied.id


async def test_the_newest_of_several_counts(ledger: Ledger, clock: ManualClock) -> None:
    for name in ("one", "two"):
        newest = await claim(ledger, replace(NAMED, intent=name))
        await ledger.settle(newest, "applied", result={"name": name})
        clock.advance(60)
    assert (await found(ledger, UNNAMED)).result == {"name": "two"}


async def test_other_arguments_are_another_action(ledger: Ledger) -> None:
    await claim(ledger, UNNAMED)
    assert await ledger.find(replace(UNNAMED, arguments_hash="hash-2")) is None


async def test_a_reversible_write_may_be_repeated_once_it_is_done(ledger: Ledger) -> None:
    """W1 without a name: identical calls are distinct actions, but never two at once nor after a doubt."""
    reversible = replace(UNNAMED, looks_back=False)
    entry = await claim(ledger, reversible)
    assert (await found(ledger, reversible)).id == entry.id
    await ledger.settle(entry, "applied", result={})
    assert await ledger.find(reversible) is None
    second = await claim(ledger, reversible)
    await ledger.settle(second, "unknown")
    assert (await found(ledger, reversible)).id == second.id


# --- the provider's key ---


@pytest.mark.parametrize(
    ("state", "last_status", "is_new"),
    [
        ("not_applied", None, True),
        ("not_applied", 402, True),
        ("unknown", None, False),
        ("unknown", 429, False),
        ("unknown", 499, False),
        ("unknown", 500, True),
        ("unknown", 503, True),
    ],
)
async def test_a_repetition_gets_a_new_key_only_where_the_old_one_would_repeat_a_failure(
    ledger: Ledger,
    state: Any,
    last_status: int | None,
    is_new: bool,  # noqa: FBT001 - a table of cases
) -> None:
    first = await claim(ledger)
    await ledger.settle(first, state, last_status=last_status)
    second = await claim_again(ledger)
    assert second.id == first.id
    assert (ledger.upstream_key(second) != ledger.upstream_key(first)) is is_new


async def test_an_old_status_says_nothing_about_a_later_attempt(
    database: Database, clock: ManualClock, ledger: Ledger
) -> None:
    """500, then tried again, then the process died: that second attempt had no answer, its key must stay."""
    first = await claim(ledger)
    await ledger.settle(first, "unknown", last_status=500)
    second = await claim_again(ledger)
    assert second.last_status is None
    await ledger.mark_dispatched(second)
    after = await next_process(database, clock, lost=1)
    third = await claim_again(after)
    assert after.upstream_key(third) == ledger.upstream_key(second)


async def test_a_key_reveals_nothing_and_fits_a_header(ledger: Ledger) -> None:
    entry = await claim(ledger)
    key = ledger.upstream_key(entry)
    assert key == ledger.upstream_key(await found(ledger))
    assert key.isascii()
    assert len(key) <= 255  # https://docs.stripe.com/api/idempotent_requests
    assert not {entry.id, entry.intent, entry.caller} & {key, key[3:]}
    assert key != ledger_of_other_secret(ledger, entry)


def ledger_of_other_secret(ledger: Ledger, entry: Entry) -> str:
    clock = ManualClock()
    return Ledger(ledger._database, clock, Signer(b"other"), "x").upstream_key(entry)  # noqa: SLF001 - the same store


# --- confirmations and money ---


async def test_a_confirmation_is_used_once_whatever_action_it_is_used_for(ledger: Ledger) -> None:
    await claim(ledger, nonce="cnf_1")
    with pytest.raises(InvalidCall, match="already used") as refused:
        await ledger.claim(replace(NAMED, intent="other"), nonce="cnf_1", reserve=None)
    assert refused.value.code == "confirmation_mismatch"
    assert await ledger.find(replace(NAMED, intent="other")) is None
    await claim(ledger, replace(NAMED, intent="other"), nonce="cnf_2")


async def test_one_confirmation_given_fifty_times_at_once_is_used_once(ledger: Ledger) -> None:
    results = await asyncio.gather(
        *(
            ledger.claim(replace(NAMED, intent=f"i{number}"), nonce="cnf_1", reserve=None)
            for number in range(50)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, InvalidCall) for result in results) == 49


async def test_losing_a_claim_does_not_use_up_the_confirmation(ledger: Ledger) -> None:
    await claim(ledger, nonce="cnf_1")
    _, is_ours = await ledger.claim(NAMED, nonce="cnf_2", reserve=None)
    assert not is_ours
    await claim(ledger, replace(NAMED, intent="other"), nonce="cnf_2")


async def test_a_refused_reservation_uses_up_nothing(ledger: Ledger) -> None:
    async def refuse(tx: Tx, entry_id: str) -> None:
        raise NotAllowed("forbidden_by_policy", "Too much")

    with pytest.raises(NotAllowed):
        await ledger.claim(NAMED, nonce="cnf_1", reserve=refuse)
    assert await ledger.find(NAMED) is None
    await claim(ledger, nonce="cnf_1")


async def test_the_reservation_is_made_for_the_entry_that_is_claimed(ledger: Ledger) -> None:
    reserved: list[str] = []

    async def reserve(tx: Tx, entry_id: str) -> None:
        reserved.append(entry_id)

    entry = await claim(ledger, reserve=reserve)
    await ledger.settle(entry, "not_applied")
    await claim_again(ledger, reserve=reserve)
    assert reserved == [entry.id, entry.id]


# --- waiting ---


@pytest.mark.parametrize("state", ["applied", "not_applied", "unknown"])
async def test_who_waits_is_woken_when_the_action_is_settled(
    ledger: Ledger, clock: ManualClock, state: Any
) -> None:
    entry = await claim(ledger)
    waiting = [asyncio.create_task(ledger.wait(entry, clock.monotonic() + 45)) for _ in range(3)]
    await asyncio.sleep(0)  # noqa: TID251 - lets the waiters start
    assert not any(task.done() for task in waiting)
    await ledger.settle(entry, state)
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)


@pytest.mark.parametrize("left_s", [0.01, 0, -5])
async def test_waiting_ends_at_the_deadline(ledger: Ledger, clock: ManualClock, left_s: float) -> None:
    entry = await claim(ledger)
    with pytest.raises(Unavailable) as refused:
        await ledger.wait(entry, clock.monotonic() + left_s)
    assert (refused.value.code, refused.value.outcome) == ("timeout", "not_applied")
    assert "refund-4711" in refused.value.message
    assert refused.value.retry_after_s


async def test_waiting_for_what_is_settled_already_ends_soon(ledger: Ledger, clock: ManualClock) -> None:
    entry = await claim(ledger)
    await ledger.settle(entry, "applied", result={})
    await ledger.wait(entry, clock.monotonic() + 45)
    assert sum(clock.slept) < 0.1
    with pytest.raises(Unavailable):
        await ledger.wait(entry, clock.monotonic())


# --- dispatch, and attempts after a doubt ---


async def test_dispatch_is_written_down_with_its_time(ledger: Ledger, clock: ManualClock) -> None:
    entry = await claim(ledger)
    clock.advance(2)
    await ledger.mark_dispatched(entry)
    assert ((await found(ledger)).state, (await found(ledger)).dispatched_at) == (
        "dispatched",
        START.timestamp() + 2,
    )


async def test_the_first_open_attempt_stays_the_one_to_look_for(ledger: Ledger, clock: ManualClock) -> None:
    """What it may have made is older than the second attempt: looking only from there on would miss it."""
    entry = await claim(ledger)
    await ledger.mark_dispatched(entry)
    await ledger.settle(entry, "unknown")
    clock.advance(3600)
    second = await claim_again(ledger)
    assert second.dispatched_at == START.timestamp()
    await ledger.mark_dispatched(second)
    await ledger.settle(second, "unknown")
    assert (await found(ledger)).dispatched_at == START.timestamp()


async def test_after_a_clear_no_an_attempt_starts_afresh(ledger: Ledger, clock: ManualClock) -> None:
    entry = await claim(ledger)
    await ledger.mark_dispatched(entry)
    await ledger.settle(entry, "not_applied")
    assert (await claim_again(ledger)).dispatched_at is None


async def test_what_was_found_by_reading_settles_an_open_action(ledger: Ledger) -> None:
    await ledger.settle(await claim(ledger), "unknown")
    await ledger.settle(await found(ledger), "applied", result={"id": "re_1"})
    assert ((await found(ledger)).state, (await found(ledger)).result) == ("applied", {"id": "re_1"})


# --- a process that died ---


async def test_what_a_dead_process_had_not_sent_was_not_applied(
    database: Database, clock: ManualClock, ledger: Ledger
) -> None:
    async def reserve(tx: Tx, entry_id: str) -> None:
        await tx.execute(
            "INSERT INTO spend (connection, day, currency, intent_id, minor) VALUES ('c', 'd', 'eur', ?, 5)",
            entry_id,
        )

    await claim(ledger, nonce="cnf_1", reserve=reserve)
    after = await next_process(database, clock, lost=0)
    assert (await found(after)).state == "not_applied"
    assert await database.read("SELECT * FROM spend LIMIT 1") == []
    await claim_again(after, nonce="cnf_1")


async def test_what_a_dead_process_had_sent_is_unknown(
    database: Database, clock: ManualClock, ledger: Ledger
) -> None:
    async def reserve(tx: Tx, entry_id: str) -> None:
        await tx.execute(
            "INSERT INTO spend (connection, day, currency, intent_id, minor) VALUES ('c', 'd', 'eur', ?, 5)",
            entry_id,
        )

    entry = await claim(ledger, nonce="cnf_1", reserve=reserve)
    await ledger.mark_dispatched(entry)
    after = await next_process(database, clock, lost=1)
    assert (await found(after)).state == "unknown"
    assert len(await database.read("SELECT * FROM spend LIMIT 2")) == 1
    with pytest.raises(InvalidCall):
        await after.claim(replace(NAMED, intent="other"), nonce="cnf_1", reserve=None)


async def test_a_death_before_a_second_attempt_left_does_not_settle_the_first(
    database: Database, clock: ManualClock, ledger: Ledger
) -> None:
    entry = await claim(ledger)
    await ledger.mark_dispatched(entry)
    await ledger.settle(entry, "unknown")
    second = await claim_again(ledger)
    after = await next_process(database, clock, lost=1)
    third = await claim_again(after)
    assert after.upstream_key(third) == ledger.upstream_key(second)


async def test_recovering_leaves_alone_what_is_settled_and_what_is_ours(
    database: Database, clock: ManualClock, ledger: Ledger
) -> None:
    await ledger.settle(await claim(ledger, replace(NAMED, intent="a")), "applied", result={})
    await ledger.settle(await claim(ledger, replace(NAMED, intent="b")), "not_applied")
    mine = await claim(ledger, replace(NAMED, intent="c"))
    await ledger.mark_dispatched(mine)
    await claim(ledger, replace(NAMED, intent="d"))
    assert await Owner(database, clock, "this process").settle_others() == 0
    states = [(await found(ledger, replace(NAMED, intent=name))).state for name in "abcd"]
    assert states == ["applied", "not_applied", "dispatched", "claimed"]
