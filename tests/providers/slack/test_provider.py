"""What holds for every Slack tool: its declaration, its requests, its example."""

from __future__ import annotations

import json
import re

import pytest

from wirepost.contracts.customer import CustomerCard
from wirepost.core.errors import NotConnected
from wirepost.providers.slack import PROVIDER, probe
from wirepost.providers.slack.limits import TIERS
from wirepost.tools import schema
from wirepost.tools.results import Page
from wirepost.tools.tool import Risk

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
