"""`wirepost ai`: aliases, and the cost of today beside its budgets."""

from __future__ import annotations

import asyncio
from pathlib import Path

from wirepost.core.clock import Clock
from wirepost.settings import load_settings
from wirepost.store.database import Database
from wirepost.store.owner import DataDirectory
from wirepost.store.place import place_of
from wirepost.toolsets.ai.usage import Usages, Used

AI = """\
connections:
  cloud: {provider: openai, environment: sandbox}
ai:
  models:
    fast: {connection: cloud, model: gpt-5-mini, max_cost_per_day: "2.00"}
  per_connection:
    cloud: {allow: [gpt-5*], max_cost_per_day: "10.00"}
"""


async def spend() -> None:
    settings = load_settings(Path("wirepost.yaml"))
    directory = DataDirectory(settings.data_dir)
    database = await Database.open(place_of(settings.store, directory), Clock())
    await Usages(database, Clock()).add(Used("cloud", "gpt-5-mini", "fast", 3, 1000, 100, 450_000))
    await database.close()


def test_aliases_are_listed_with_what_may_be_named_besides(cli, configure) -> None:
    configure(AI)
    found = cli("ai", "models", "--json").json
    fast = next(each for each in found["aliases"] if each["alias"] == "fast")
    assert (fast["connection"], fast["model"], fast["max_cost_per_day"]) == ("cloud", "gpt-5-mini", "2.00")
    assert found["allow"] == {"cloud": ["gpt-5*"]}
    shown = cli("ai", "models")
    assert "gpt-5-mini" in shown.out
    assert "callers may name on cloud: gpt-5*" in shown.err


def test_what_today_has_cost_stands_beside_the_budgets(cli, configure) -> None:
    configure(AI)
    asyncio.run(spend())
    found = cli("ai", "usage", "--json").json
    (model,), (connection,) = found["models"], found["connections"]
    assert (model["requests"], model["cost"], model["budget"]) == (3, "0.00045", "2.00")
    assert connection == {"connection": "cloud", "cost": "0.00045", "budget": "10.00"}
    assert "0.00045" in cli("ai", "usage").out


def test_an_alias_on_a_connection_that_is_not_there_is_a_mistake(cli, configure) -> None:
    configure(AI.replace("connection: cloud", "connection: clod"))
    result = cli("ai", "models")
    assert result.code == 2
    assert "ai.models.fast.connection" in result.err
