"""What was used is counted by day, once, whatever comes twice."""

from __future__ import annotations

import pytest

from support.clock import ManualClock
from wirepost.core.errors import Unavailable
from wirepost.settings import AiSettings, ConnectionSettings
from wirepost.store.database import Database
from wirepost.toolsets.ai.aliases import Aliases
from wirepost.toolsets.ai.usage import Usages, Used

ONE = Used("cloud", "small", "fast", 1, 10, 5, 700)
SETTINGS = {
    "models": {"fast": {"connection": "cloud", "model": "small", "max_cost_per_day": "0.01"}},
    "per_connection": {"cloud": {"max_cost_per_day": "0.02"}},
}
CONNECTION = ConnectionSettings.model_validate({"provider": "openai", "environment": "production"})
ALIASES = Aliases(AiSettings.model_validate(SETTINGS), {"cloud": CONNECTION})
CENT = 10_000_000


async def test_the_same_model_is_added_up_and_others_stay_apart(
    database: Database, other: Database, clock: ManualClock
) -> None:
    usages = Usages(database, clock)
    await usages.add(ONE)
    await Usages(other, clock).add(ONE)
    await usages.add(Used("cloud", "small", "", 1, 1, 1, 1))
    assert await usages.of_day(usages.today) == [
        Used("cloud", "small", "", 1, 1, 1, 1),
        Used("cloud", "small", "fast", 2, 20, 10, 1400),
    ]
    clock.advance(86_400)
    assert await usages.of_day(usages.today) == []


@pytest.mark.parametrize(
    ("used", "says"),
    [
        (Used("cloud", "small", "", 1, 0, 0, CENT), "0.01 US dollars a day for small on cloud"),
        (Used("cloud", "large", "", 1, 0, 0, 2 * CENT), "0.02 US dollars a day for cloud"),
    ],
)
async def test_a_budget_is_spent_when_it_is_reached(
    database: Database, clock: ManualClock, used: Used, says: str
) -> None:
    usages = Usages(database, clock)
    await usages.check(ALIASES, "cloud", "small")
    await usages.add(used)
    with pytest.raises(Unavailable, match=says) as spent:
        await usages.check(ALIASES, "cloud", "small")
    assert spent.value.code == "quota_exhausted"


async def test_without_a_budget_nothing_is_exhausted(database: Database, clock: ManualClock) -> None:
    usages = Usages(database, clock)
    await usages.add(Used("other", "small", "", 1, 0, 0, 10**15))
    await usages.check(ALIASES, "other", "small")
    await usages.add(Used("cloud", "large", "", 1, 0, 0, CENT))
    await usages.check(ALIASES, "cloud", "small")
