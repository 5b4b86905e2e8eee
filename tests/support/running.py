"""A whole Wirepost over the sandbox world, in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from support.calling import Calling
from support.worlds import world_at
from wirepost.app import App, build_app
from wirepost.calls.call_tool import Calls
from wirepost.calls.caller import LOCAL, Caller
from wirepost.core.clock import Clock
from wirepost.sandbox.vendor import Logged
from wirepost.settings import Settings, load_settings
from wirepost.tools.index import all_tools

ALL_TOOLS = {"preset": None, "toolsets": sorted({tool.toolset for tool in all_tools()})}


def settings_for(directory: Path, **options: Any) -> Settings:
    """Settings as a file with these options gives; every tool is listed unless `tools` says otherwise."""
    overrides: dict[str, Any] = {"data_dir": str(directory / "data"), "tools": ALL_TOOLS, **options}
    return Settings.model_validate({**load_settings(None, {}, {}).model_dump(), **overrides})


class Running(Calling):
    """The app, and short ways to call it."""

    def __init__(self, app: App) -> None:
        self.app = app

    @property
    def calls(self) -> Calls:
        """The call path."""
        return self.app.calls

    async def confirmed(self, name: str, /, caller: Caller = LOCAL, **arguments: Any) -> dict[str, Any]:
        """Preview, then execute with the confirmation."""
        preview = await self.ok(name, caller, **{**arguments, "mode": "preview"})
        return await self.ok(name, caller, **arguments, confirmation=preview["data"]["confirmation"])

    def sent(
        self, connection: str = "stripe-sandbox", *, method: str = "POST", path: str = ""
    ) -> list[Logged]:
        """Requests that reached the sandbox."""
        sandbox = self.app.connections.sandbox(connection)
        assert sandbox is not None
        return [r for r in sandbox.requests if r.method == method and r.path.startswith(path)]

    async def records(self) -> list[dict[str, Any]]:
        """All audit records."""
        rows = await self.app.database.read("SELECT record FROM audit ORDER BY seq LIMIT 1000")
        return [orjson.loads(str(row[0])) for row in rows]


@asynccontextmanager
async def running(directory: Path, clock: Clock | None = None, **options: Any) -> AsyncIterator[Running]:
    """Start and stop an app on `directory`; its sandboxes stand in a world that tests share."""
    app = await build_app(settings_for(directory, **options), clock)
    world = world_at(app.clock.now())
    for connection in app.connections.by_name.values():
        connection.world = lambda: world
    try:
        yield Running(app)
    finally:
        await app.close()
