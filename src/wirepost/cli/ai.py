"""`wirepost ai`: which models answer, what they have cost today, and what they say of the texts of a file."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from wirepost.cli.analyze import analyze
from wirepost.cli.options import Config, DataDir, Json, command_group, read_settings
from wirepost.cli.output import print_json, print_note, print_table

if TYPE_CHECKING:
    from wirepost.settings import Settings
    from wirepost.toolsets.ai.usage import Used

app = command_group("Show which models answer, and what they cost; judge the texts of a file.")
app.command()(analyze)


@app.command()
def models(*, config: Config = None, as_json: Json = False) -> None:
    """List the aliases, and the models that callers may name besides."""
    from wirepost.toolsets.ai.opening import aliases_of

    settings = read_settings(config).settings
    aliases = [
        {
            "alias": name,
            "connection": each.connection,
            "model": each.model,
            "timeout_s": each.timeout_s,
            "max_cost_per_day": each.max_cost_per_day,
            "local_only": each.local_only,
        }
        for name, each in aliases_of(settings).by_name.items()
    ]
    allowed = {name: list(each.allow) for name, each in settings.ai.per_connection.items()}
    if as_json:
        print_json({"aliases": aliases, "allow": allowed})
        return
    columns = ("alias", "connection", "model", "timeout_s", "max_cost_per_day")
    print_table(columns, [[row[column] for column in columns] for row in aliases])
    for name, patterns in allowed.items():
        print_note(f"callers may name on {name}: {', '.join(patterns) or 'nothing'}")


@app.command()
def usage(*, config: Config = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show the tokens and the estimated cost of today (UTC) beside the budgets."""
    from wirepost.toolsets.ai.opening import aliases_of
    from wirepost.toolsets.ai.prices import dollars

    settings = read_settings(config, data_dir).settings
    used, aliases = asyncio.run(_of_today(settings)), aliases_of(settings)
    rows = [
        {
            **{name: value for name, value in asdict(each).items() if name != "cost_nano"},
            "cost": dollars(each.cost_nano),
            "budget": min(aliases.budgets_of(each.connection, each.model), key=float, default=None),
        }
        for each in used
    ]
    connections = [
        {
            "connection": name,
            "cost": dollars(sum(each.cost_nano for each in used if each.connection == name)),
            "budget": aliases.budget(name),
        }
        for name in dict.fromkeys(each.connection for each in used)
    ]
    if as_json:
        print_json({"models": rows, "connections": connections})
        return
    if not used:
        print_note("no model was asked today")
        return
    for shown in (rows, connections):
        columns = tuple(shown[0])
        print_table(columns, [[row[column] for column in columns] for row in shown])


async def _of_today(settings: Settings) -> list[Used]:
    from wirepost.core.clock import Clock
    from wirepost.store.database import Database
    from wirepost.store.owner import DataDirectory
    from wirepost.store.place import place_of
    from wirepost.toolsets.ai.usage import Usages

    place = place_of(settings.store, DataDirectory(settings.data_dir))
    database: Any = await Database.open_reader(place)
    try:
        usages = Usages(database, Clock())
        return await usages.of_day(usages.today)
    finally:
        await database.close()
