"""What holds for every Slack tool: its declaration, its requests, its example."""

from __future__ import annotations

import pytest

from wirepost.providers.slack import PROVIDER
from wirepost.tools.results import Page

TOOLS = {tool.name: tool for tool in PROVIDER.tools}


@pytest.mark.parametrize("name", TOOLS)
async def test_every_example_works_in_the_sandbox(shop, name):
    tool = TOOLS[name]
    if tool.planner:
        await shop.plan(tool, **tool.example)
        assert {line.method for line in shop.sandbox.requests} == {"GET"}
    result = await shop.run(tool, **tool.example)
    if isinstance(result, Page):
        assert result.records
