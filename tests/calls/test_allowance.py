"""The money guard: caps per action and per day are never exceeded, by however many calls at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import START, ManualClock
from wirepost.calls import allowance
from wirepost.calls.ledger import Entry, Identity, Ledger
from wirepost.core.errors import NotAllowed
from wirepost.core.money import Money, OpenAmount
from wirepost.core.signing import Signer
from wirepost.settings import MoneyRules
from wirepost.store.database import Database

IDENTITY = Identity("anna", "stripe-live", "stripe_create_refund", "hash", "refund-1", looks_back=True)


def rules(**options: Any) -> MoneyRules:
    return MoneyRules.model_validate(options)


def eur(amount: str) -> Money:
    return Money.parse(amount, "eur")


class Spender:
    """Claims intents that move money, as calls do."""

    def __init__(self, database: Database, clock: ManualClock, money_rules: MoneyRules) -> None:
        self.ledger = Ledger(database, clock, Signer(b"secret"), owner="this process")
        self._clock, self._rules, self._database = clock, money_rules, database

    async def claim(
        self, intent: str, money: Money | None, *, connection: str = "stripe-live", again: Entry | None = None
    ) -> Entry:
        reserve = allowance.reservation(self._rules, money, connection, self._clock.now())
        identity = replace(IDENTITY, intent=intent, connection=connection)
        entry, is_ours = await self.ledger.claim(identity, nonce=None, reserve=reserve, again=again)
        assert is_ours
        return entry

    async def refused(self, intent: str, money: Money) -> NotAllowed:
        with pytest.raises(NotAllowed) as refused:
            await self.claim(intent, money)
        assert refused.value.code == "forbidden_by_policy"
        assert refused.value.payload()["rule"] == "money"
        return refused.value

    async def spent(self, day: str = "2026-11-25", currency: str = "eur") -> int:
        rows = await self._database.read(
            "SELECT COALESCE(SUM(minor), 0) FROM spend WHERE day = ? AND currency = ? LIMIT 1", day, currency
        )
        return int(rows[0][0])


# --- one action ---


@pytest.mark.parametrize(
    ("options", "money", "reason"),
    [
        ({"max_per_action": {"eur": "100.00"}}, eur("100.01"), "100.01 eur is more than 100.00 per action"),
        ({"max_per_action": {"eur": "100"}}, Money(10**15, "eur"), "per action"),
        ({"max_per_action": {"JPY": "500"}}, Money(501, "jpy"), "501 jpy is more than 500 per action"),
        ({"max_per_action": {"kwd": "1.000"}}, Money(1010, "kwd"), "1.010 kwd"),
        ({"max_per_action": {"eur": "0"}}, eur("0.01"), "per action"),
        (
            {"currencies": ["eur", "CHF"]},
            Money(1, "usd"),
            "usd is not among the allowed currencies (eur, chf)",
        ),
        ({"currencies": ["eur"]}, OpenAmount("gbp"), "gbp is not among the allowed currencies (eur)"),
        ({"max_per_action": {"gbp": "50"}}, OpenAmount("gbp"), "how much gbp it will be cannot be told"),
        ({"max_per_day": {"gbp": "50"}}, OpenAmount("gbp"), "how much gbp it will be cannot be told"),
    ],
)
def test_an_action_over_its_cap_or_in_another_currency_is_refused(
    options: dict[str, Any], money: Money | OpenAmount, reason: str
) -> None:
    with pytest.raises(NotAllowed) as refused:
        allowance.check(rules(**options), money)
    assert reason in refused.value.message
    assert refused.value.code == "forbidden_by_policy"
    assert refused.value.payload()["rule"] == "money"
    assert "money" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("options", "money"),
    [
        ({}, Money(10**15, "eur")),
        ({"max_per_action": {"eur": "100.00"}}, eur("100.00")),
        ({"max_per_action": {"eur": "100.00"}}, Money(10**9, "usd")),
        ({"max_per_action": {"eur": "100.00"}, "currencies": ["eur"]}, None),
        ({"currencies": ["EUR"]}, eur("1")),
        ({"currencies": ["eur"], "max_per_action": {"gbp": "5"}}, OpenAmount("eur")),
    ],
)
def test_an_action_within_its_cap_is_allowed(
    options: dict[str, Any], money: Money | OpenAmount | None
) -> None:
    allowance.check(rules(**options), money)


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_the_cap_itself_is_allowed_and_one_cent_more_is_not(cap: int, minor: int) -> None:
    capped = rules(max_per_action={"eur": Money(cap, "eur").major})
    if minor <= cap:
        allowance.check(capped, Money(minor, "eur"))
    else:
        with pytest.raises(NotAllowed):
            allowance.check(capped, Money(minor, "eur"))


def test_what_moves_no_money_reserves_nothing() -> None:
    for money in (None, OpenAmount("usd")):
        assert allowance.reservation(rules(max_per_day={"eur": "0"}), money, "stripe-live", START) is None


# --- one day ---


async def test_a_day_ends_at_its_cap(database: Database, clock: ManualClock) -> None:
    spender = Spender(database, clock, rules(max_per_day={"eur": "100.00"}))
    await spender.claim("a", eur("60.00"))
    await spender.claim("b", eur("40.00"))
    error = await spender.refused("c", eur("0.01"))
    assert "0.01 eur on top of today's 100.00 is more than 100.00 per day" in error.message
    assert await spender.spent() == 10_000


async def test_a_refused_claim_leaves_nothing_behind(database: Database, clock: ManualClock) -> None:
    spender = Spender(database, clock, rules(max_per_day={"eur": "100.00"}))
    await spender.refused("a", eur("100.01"))
    assert await spender.ledger.find(replace(IDENTITY, intent="a")) is None
    assert await spender.spent() == 0
    await spender.claim("a", eur("100.00"))


async def test_days_connections_and_currencies_are_counted_apart(
    database: Database, clock: ManualClock
) -> None:
    spender = Spender(database, clock, rules(max_per_day={"eur": "100.00", "usd": "100.00"}))
    await spender.claim("a", eur("100.00"))
    await spender.claim("b", Money(10_000, "usd"))
    await spender.claim("c", eur("100.00"), connection="stripe-eu")
    await spender.claim("d", Money(10**9, "chf"))
    await spender.refused("e", eur("0.01"))


async def test_a_rejected_action_gives_its_money_back(database: Database, clock: ManualClock) -> None:
    spender = Spender(database, clock, rules(max_per_day={"eur": "100.00"}))
    entry = await spender.claim("a", eur("100.00"))
    await spender.ledger.settle(entry, "not_applied")
    assert await spender.spent() == 0
    await spender.claim("b", eur("100.00"))


@pytest.mark.parametrize("state", ["applied", "unknown"])
async def test_money_that_moved_or_may_have_moved_stays_counted(
    database: Database, clock: ManualClock, state: Any
) -> None:
    spender = Spender(database, clock, rules(max_per_day={"eur": "100.00"}))
    entry = await spender.claim("a", eur("60.00"))
    await spender.ledger.settle(entry, state)
    await spender.refused("b", eur("40.01"))


async def test_repeating_an_action_that_was_rejected_counts_it_once(
    database: Database, clock: ManualClock
) -> None:
    spender = Spender(database, clock, rules(max_per_day={"eur": "100.00"}))
    entry = await spender.claim("a", eur("60.00"))
    await spender.ledger.settle(entry, "not_applied")
    rejected = await spender.ledger.find(replace(IDENTITY, intent="a"))
    await spender.claim("a", eur("60.00"), again=rejected)
    assert await spender.spent() == 6_000
    await spender.claim("b", eur("40.00"))


async def test_repeating_an_action_of_unknown_outcome_counts_it_once(
    database: Database, clock: ManualClock
) -> None:
    """Its own reservation does not stand in its way, and the newer one takes its place."""
    spender = Spender(database, clock, rules(max_per_day={"eur": "100.00"}))
    entry = await spender.claim("a", eur("60.00"))
    await spender.ledger.settle(entry, "unknown")
    unknown = await spender.ledger.find(replace(IDENTITY, intent="a"))
    await spender.claim("a", eur("60.00"), again=unknown)
    assert await spender.spent() == 6_000


async def test_the_allowance_is_new_at_midnight_in_utc(database: Database) -> None:
    clock = ManualClock(datetime.fromisoformat("2026-11-25T23:59:59+00:00"))
    spender = Spender(database, clock, rules(max_per_day={"eur": "100.00"}))
    await spender.claim("a", eur("100.00"))
    await spender.refused("b", eur("0.01"))
    clock.advance(1)
    await spender.claim("c", eur("100.00"))
    await spender.refused("d", eur("0.01"))
    assert (await spender.spent("2026-11-25"), await spender.spent("2026-11-26")) == (10_000, 10_000)


async def test_a_rejection_after_midnight_gives_back_to_the_day_it_was_taken_from(database: Database) -> None:
    clock = ManualClock(datetime.fromisoformat("2026-11-25T23:59:59+00:00"))
    spender = Spender(database, clock, rules(max_per_day={"eur": "100.00"}))
    entry = await spender.claim("a", eur("100.00"))
    clock.advance(10)
    await spender.claim("b", eur("30.00"))
    await spender.ledger.settle(entry, "not_applied")
    assert (await spender.spent("2026-11-25"), await spender.spent("2026-11-26")) == (0, 3_000)


async def test_an_action_repeated_on_another_day_counts_on_that_day(database: Database) -> None:
    clock = ManualClock(datetime.fromisoformat("2026-11-25T23:00:00+00:00"))
    spender = Spender(database, clock, rules(max_per_day={"eur": "100.00"}))
    entry = await spender.claim("a", eur("70.00"))
    await spender.ledger.settle(entry, "unknown")
    clock.advance(timedelta(hours=2).total_seconds())
    unknown = await spender.ledger.find(replace(IDENTITY, intent="a"))
    await spender.claim("a", eur("70.00"), again=unknown)
    assert (await spender.spent("2026-11-25"), await spender.spent("2026-11-26")) == (0, 7_000)
    await spender.refused("b", eur("30.01"))


async def test_claims_at_the_same_time_never_exceed_the_cap(database: Database, clock: ManualClock) -> None:
    count = 50
    spender = Spender(database, clock, rules(max_per_day={"eur": "100.00"}))
    results = await asyncio.gather(
        *(spender.claim(f"i{number}", eur("7.00")) for number in range(count)), return_exceptions=True
    )
    claimed = [result for result in results if isinstance(result, Entry)]
    refused = [result for result in results if isinstance(result, NotAllowed)]
    assert (len(claimed), len(refused)) == (14, count - 14)
    assert await spender.spent() == 9_800


async def _run(steps: list[tuple[str, int]], cap: int, path: Path) -> None:
    clock = ManualClock()
    database = await Database.open(path, clock)
    try:
        spender = Spender(database, clock, rules(max_per_day={"eur": Money(cap, "eur").major}))
        held: dict[str, int] = {}
        open_entries: list[Entry] = []
        for number, (kind, minor) in enumerate(steps):
            if kind == "claim":
                try:
                    entry = await spender.claim(f"i{number}", Money(minor, "eur"))
                except NotAllowed:
                    assert sum(held.values()) + minor > cap
                    continue
                held[entry.id] = minor
                open_entries.append(entry)
            elif open_entries:
                entry = open_entries.pop(minor % len(open_entries))
                state: Any = {"reject": "not_applied", "lose": "unknown"}.get(kind, "applied")
                await spender.ledger.settle(entry, state)
                if kind == "reject":
                    del held[entry.id]
            assert await spender.spent() == sum(held.values()) <= cap
    finally:
        await database.close()


@given(
    st.lists(
        st.tuples(st.sampled_from(["claim", "claim", "apply", "reject", "lose"]), st.integers(0, 4000)),
        max_size=15,
    ),
    st.integers(0, 10_000),
)
def test_no_order_of_claims_and_answers_exceeds_the_cap(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]], cap: int
) -> None:
    asyncio.run(_run(steps, cap, tmp_path_factory.mktemp("spend") / "wirepost.db"))
