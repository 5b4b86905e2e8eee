"""What a check of a connection finds out."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from email.utils import format_datetime

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from support.sample_vendor import SAMPLE, connection_settings
from support.samples import SAMPLES
from support.serving import served
from support.worlds import world_at
from wirepost.connections.check import check, missing_scopes
from wirepost.connections.connections import Connection
from wirepost.contracts.provider import Probe
from wirepost.core.errors import NotConnected
from wirepost.core.secret_refs import SecretRef


def notes(date: str | None) -> Starlette:
    headers = {"Date": date} if date else {}
    return Starlette(routes=[Route("/notes", lambda _: JSONResponse([], headers=headers))])


async def checked(tmp_path, clock, date=None, probe=SAMPLE.probe):
    (tmp_path / "key").write_text("test_12345678")
    (tmp_path / "key").chmod(0o600)
    async with served(notes(date), date_header=False) as address:
        settings = connection_settings("test", base_url=address, key=SecretRef(f"file:{tmp_path}/key"))
        provider = dataclasses.replace(SAMPLE, probe=probe)
        connection = Connection("sample", provider, settings, clock, world=lambda: None)
        try:
            return await check(connection)
        finally:
            await connection.close()


@pytest.mark.parametrize("ahead_s", [0, 90, -90])
async def test_identity_and_clock_are_told(tmp_path, clock, ahead_s) -> None:
    theirs = clock.now() - timedelta(seconds=ahead_s)
    found = await checked(tmp_path, clock, format_datetime(theirs, usegmt=True))
    assert found.probe.identity == "somebody"
    assert found.skew_s == pytest.approx(ahead_s, abs=1)


@pytest.mark.parametrize("date", [None, "yesterday"])
async def test_without_a_usable_date_nothing_is_said_about_clocks(tmp_path, clock, date) -> None:
    assert (await checked(tmp_path, clock, date)).skew_s is None


async def test_an_account_of_another_environment_is_refused(tmp_path, clock) -> None:
    async def probe(client) -> Probe:
        return Probe(identity="somebody", environment="production")

    with pytest.raises(NotConnected, match="declared as test"):
        await checked(tmp_path, clock, probe=probe)


async def test_what_was_said_a_moment_ago_is_asked_again(tmp_path, clock) -> None:
    asked = []

    async def probe(client) -> Probe:
        async def ask() -> Probe:
            asked.append(client)
            return Probe(identity="somebody")

        return await client.upstream.cache.get("who", ask)

    settings = connection_settings()
    provider = dataclasses.replace(SAMPLE, probe=probe)
    connection = Connection("sample", provider, settings, clock, world=lambda: world_at(clock.now()))
    await check(connection)
    await check(connection)
    await connection.close()
    assert len(asked) == 2


def test_a_tool_lacks_each_permission_of_which_no_alternative_is_granted() -> None:
    tool = dataclasses.replace(SAMPLES[0], scopes=("a", "b|c", "d|e"))
    assert missing_scopes(SAMPLE, [tool], ["a", "c"]) == {tool.name: ["d|e"]}
    assert missing_scopes(SAMPLE, [tool], ["a", "b", "e"]) == {}
    assert missing_scopes(SAMPLE, [tool], None) == {}
    assert missing_scopes(SAMPLE, [tool], []) == {tool.name: ["a", "b|c", "d|e"]}
