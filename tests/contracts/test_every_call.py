"""What holds for every call of every tool: a preview only reads, and each call is recorded once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.arrived import writes
from support.clock import ManualClock
from support.examples import (
    IMITATED,
    RECORD_KEEPERS,
    TOOLS,
    begun,
    example,
    home,
    running_widely,
    served_by,
)
from support.running import Running, running
from wirepost.calls.caller import LOCAL
from wirepost.sandbox.vendor import Fault, Sandbox
from wirepost.tools.tool import AnyTool


@pytest.fixture
async def wirepost(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Running]:
    async with running(tmp_path, clock) as app:
        yield app


def sandbox_of(wirepost: Running, provider: str) -> Sandbox:
    sandbox = wirepost.app.connections.sandbox(f"{provider}-sandbox")
    assert sandbox is not None
    return sandbox


PREVIEWS = [
    (provider, tool.name) for provider in IMITATED for tool in served_by(provider) if tool.risk.has_preview
]


@pytest.mark.parametrize(("provider", "name"), PREVIEWS)
async def test_a_preview_sends_no_write(wirepost: Running, provider: str, name: str) -> None:
    """12.3.1: only reads arrive and nothing changes; executing it shows that a write would be seen."""
    sandbox, asked = sandbox_of(wirepost, provider), example(name, provider)
    first = (await wirepost.ok(name, **asked, mode="preview"))["data"]
    before = sandbox.summary()  # by now it holds all that is read
    plan = (await wirepost.ok(name, **asked, mode="preview"))["data"]
    assert {**plan, "confirmation": ""} == {**first, "confirmation": ""}
    assert writes(sandbox) == []
    assert sandbox.summary() == before
    await wirepost.ok(name, **asked, confirmation=plan["confirmation"])
    assert writes(sandbox) != []


def test_every_provider_that_can_be_previewed_is() -> None:
    assert {name for name, _ in PREVIEWS} == set(RECORD_KEEPERS)


def calls_of(tool: AnyTool) -> list[tuple[str, dict[str, Any]]]:
    """Expected result → arguments: done or previewed, and refused."""
    asked = example(tool.name, home(tool))
    if tool.risk.has_preview:
        asked["mode"] = "preview"
    return [("ok", asked), ("invalid_arguments", {"no_such_argument": 1})]


async def recorded(wirepost: Running, made: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, str]]:
    """Make calls one after the other; tool and result of every record of them."""
    before = len(await wirepost.records())
    for name, arguments in made:
        await wirepost.outcome(name, **arguments)
    return [(record["tool"], record["result"]) for record in (await wirepost.records())[before:]]


async def test_every_call_leaves_one_record(tmp_path: Path, clock: ManualClock) -> None:
    """12.3.7a: what is done, previewed or refused for its arguments is recorded once each."""
    async with running_widely(tmp_path, clock) as wirepost:
        there = await begun(wirepost)
        made = [
            (name, result, {**asked, **there.get(name, {})} if result == "ok" else asked)
            for name, tool in TOOLS.items()
            for result, asked in calls_of(tool)
        ]
        records = await recorded(wirepost, [(name, asked) for name, _, asked in made])
    assert records == [(name, result) for name, result, _ in made]


async def test_every_denied_call_leaves_one_record(tmp_path: Path, clock: ManualClock) -> None:
    """12.3.7b: what policy denies, what does not exist, and what a person declines are recorded once each."""
    nothing = {"rules": [{"id": "no", "effect": "deny"}]}
    async with running_widely(tmp_path, clock, policy=nothing) as wirepost:
        asked = [(name, calls_of(tool)[0][1]) for name, tool in TOOLS.items()]
        records = await recorded(wirepost, [*asked, ("no_such_tool", {})])
        denied = [(name, "forbidden_by_policy") for name in TOOLS]
        assert records == [*denied, ("no_such_tool", "invalid_arguments")]
        await wirepost.app.calls.declined(LOCAL, "stripe_create_refund", {"payment": "pi_1"})
        assert len(await wirepost.records()) == len(records) + 1


@pytest.mark.parametrize("kind", ["refused", "cut", "html"])
async def test_every_failed_call_leaves_one_record(tmp_path: Path, clock: ManualClock, kind: Any) -> None:
    """12.3.7c: what fails at the vendor, or may have happened there, is recorded once."""
    named = [
        (name, calls_of(tool)[0][1])
        for name, tool in TOOLS.items()
        if tool.is_provider_tool and tool.toolset != "http"  # its vendor is no imitation
    ]
    async with running_widely(tmp_path, clock) as wirepost:
        for _name, asked in named:
            sandbox = wirepost.app.connections.sandbox(asked["connection"])
            assert sandbox is not None
            sandbox.faults = [Fault(kind=kind, times=None)]
        for index, (name, asked) in enumerate(named):
            outcome = await wirepost.outcome(name, **asked)
            assert outcome.is_error, name
            records = await wirepost.records()
            assert len(records) == index + 1
            assert (records[-1]["tool"], records[-1]["result"]) == (name, outcome.envelope["error"]["code"])
