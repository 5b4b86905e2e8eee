"""The money guard: per-action and per-day caps and allowed currencies of a connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from wirepost.core.errors import NotAllowed
from wirepost.core.money import Money, OpenAmount

if TYPE_CHECKING:
    from wirepost.settings import MoneyRules
    from wirepost.store.database import Tx


def check(rules: MoneyRules, money: Money | OpenAmount | None) -> None:
    """Refuse an action over the per-action cap or in a currency that is not allowed.

    Where there is a cap, so is an amount that nobody can tell beforehand.
    """
    if money is None:
        return
    if rules.currencies and money.currency not in rules.currencies:
        raise _refusal(
            f"{money.currency} is not among the allowed currencies ({', '.join(rules.currencies)})"
        )
    cap = rules.max_per_action.get(money.currency)
    if isinstance(money, OpenAmount):
        if cap is not None or money.currency in rules.max_per_day:
            raise _refusal(f"how much {money.currency} it will be cannot be told, and there is a cap")
        return
    if cap is not None and money.minor > Money.parse(cap, money.currency).minor:
        raise _refusal(f"{money.major} {money.currency} is more than {cap} per action")


def reservation(
    rules: MoneyRules, money: Money | OpenAmount | None, connection: str, now: datetime
) -> Callable[[Tx, str], Awaitable[None]] | None:
    """What takes `money` out of today's (UTC) allowance inside the claiming transaction."""
    if money is None or isinstance(money, OpenAmount):
        return None
    day = now.astimezone(UTC).strftime("%Y-%m-%d")

    async def reserve(tx: Tx, intent_id: str) -> None:
        cap = rules.max_per_day.get(money.currency)
        if cap is not None:
            rows = await tx.execute(
                "SELECT COALESCE(SUM(minor), 0) FROM spend WHERE connection = ? AND day = ? AND currency = ? "
                "AND intent_id <> ?",
                connection,
                day,
                money.currency,
                intent_id,
            )
            spent = int(rows[0][0])
            if spent + money.minor > Money.parse(cap, money.currency).minor:
                used = Money(spent, money.currency).major
                raise _refusal(
                    f"{money.major} {money.currency} on top of today's {used} is more than {cap} per day"
                )
        await tx.execute(
            "INSERT INTO spend (connection, day, currency, intent_id, minor) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (intent_id) DO UPDATE SET day = excluded.day, minor = excluded.minor",
            connection,
            day,
            money.currency,
            intent_id,
            money.minor,
        )

    return reserve


def _refusal(problem: str) -> NotAllowed:
    return NotAllowed(
        "forbidden_by_policy",
        f"Not allowed by the connection's money rules: {problem}",
        hint="An operator can change connections.<name>.money",
        detail={"rule": "money"},
    )
