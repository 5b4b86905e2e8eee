"""Who a request comes from."""

from __future__ import annotations

import pytest
from mcp_types import Implementation

from support.stand_in import ERAS, StandInCalls, client, serve


async def caller_named(name, version, era):
    calls = StandInCalls()
    info = Implementation(name=name, version=version)
    async with client(serve(calls), era, client_info=info) as c:
        await c.call_tool("echo", {})
    return calls.made[0][0]


@pytest.mark.parametrize("era", ERAS)
async def test_everybody_here_is_the_owner_of_this_account_and_their_program_is_noted(era):
    caller = await caller_named("editor", "4.2", era)
    assert (caller.id, caller.scopes, caller.client) == ("local", None, "editor 4.2")


async def test_what_a_program_says_of_itself_is_made_harmless():
    caller = await caller_named("evil\n\x1b[31m" + "x" * 500, "1", "legacy")
    assert caller.client == "evil[31m" + "x" * 72
