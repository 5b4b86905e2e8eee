"""From a call that lacks an account to its answer, and on to the end of the consent: in real processes."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitResult

from support.gate import Office, Person, calling, office, portal_of
from support.postgres import address_in, ask
from support.stand_in import ERAS

pytestmark = [pytest.mark.services("node"), pytest.mark.slow, pytest.mark.timeout(600)]

MODERN, HANDSHAKE = ERAS
SEARCH = {"object": "contact", "text": "an"}


@pytest.fixture
async def at_work(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as there:
        yield there


def opens(person: Person) -> Callable[[Any, Any], Any]:
    """How a client asks a person who opens what they are shown and agrees."""

    async def ask(context: Any, params: Any) -> ElicitResult:
        assert params.mode == "url"
        assert "is connected to" in await person.connect(params.url)
        return ElicitResult(action="accept")

    return ask


async def test_a_client_of_the_current_protocol_shows_the_link_and_gets_the_answer(at_work) -> None:
    alice = at_work.person("alice")
    async with (
        at_work.serving() as served,
        calling(served.url, MODERN, elicitation_callback=opens(alice)) as client,
    ):
        result = await client.call_tool("crm_search_records", SEARCH)
    assert result.is_error is False, result.structured_content
    assert result.structured_content["data"]["records"]
    assert at_work.gate.answered["alice"] > 0
    assert await at_work.authority.events("grant.success authorization_code") == 1


async def test_a_client_of_the_protocol_before_gets_an_error_that_names_the_link_and_calls_again(
    at_work,
) -> None:
    alice = at_work.person("alice")
    async with (
        at_work.serving() as served,
        calling(served.url, HANDSHAKE, elicitation_callback=opens(alice)) as client,
    ):
        with pytest.raises(MCPError) as refused:
            await client.call_tool("crm_search_records", SEARCH)
        (named,) = refused.value.error.data["elicitations"]
        assert "is connected to" in await alice.connect(named["url"])
        result = await client.call_tool("crm_search_records", SEARCH)
    assert refused.value.error.code == -32042
    assert result.is_error is False, result.structured_content


@pytest.mark.parametrize("era", ERAS)
async def test_any_other_client_reads_the_link_in_the_error(at_work, era) -> None:
    alice = at_work.person("alice")
    async with at_work.serving() as served, calling(served.url, era) as client:
        error = (await client.call_tool("crm_search_records", SEARCH)).structured_content["error"]
        assert (error["code"], error["provider"], error["connection"]) == ("not_connected", "hubspot", "crm")
        page = await alice.connect(error["connect_url"])
        assert f"crm is connected to {portal_of('alice')}" in page
        result = await client.call_tool("crm_search_records", SEARCH)
        again = await alice.http.get(error["connect_url"])
    assert result.is_error is False, result.structured_content
    assert again.status_code == 410


async def many(url: str, count: int = 25) -> None:
    """So many calls at once, all of which are answered."""
    async with calling(url, MODERN) as client:
        asked = (
            client.call_tool("crm_list_records", {"object": "contact", "limit": 2}) for _ in range(count)
        )
        results = await asyncio.gather(*asked)
    assert [result.structured_content for result in results if result.is_error] == []


async def story(there: Office, rows: Callable[[str], list[Any]]) -> None:
    """One account from its first consent to its last; `rows` reads the database."""
    alice, mallory = there.person("alice"), there.person("mallory")
    async with there.serving() as served:
        await _first_consent(there, alice, served.url)
        await _ends_under_load(there, served.url)
        await served.end()
    for number in (signal.SIGKILL, signal.SIGTERM):
        async with there.serving() as served:
            await many(served.url, 1)
            await served.end(number)
    assert await there.authority.events("grant.success authorization_code") == 1
    async with there.serving() as served:
        before = rows("SELECT id, account_key FROM accounts")
        await _taken_back(there, alice, served.url)
        await _someone_else(there, mallory, served.url)
        await _again(there, alice, served.url)
        assert rows("SELECT id, account_key FROM accounts") == before
        assert len(before) == 1


async def _first_consent(there: Office, alice: Person, url: str) -> None:
    async with calling(url, MODERN, elicitation_callback=opens(alice)) as client:
        result = await client.call_tool("crm_search_records", SEARCH)
        assert result.is_error is False, result.structured_content
        listed = await client.call_tool("connection_list", {})
    (card,) = listed.structured_content["data"]["records"]
    assert (card["status"], card["account"]) == ("ready", portal_of("alice"))


async def _ends_under_load(there: Office, url: str) -> None:
    """First by its time, then because the issuer takes it back early: one refresh each."""
    await there.authority.change(lifetimes={"AccessToken": 3600})
    before, refused = await there.refreshes(), there.gate.refused
    await there.wait_until_ended(there.gate.tokens[-1])
    await many(url)
    assert await there.refreshes() == before + 1
    assert there.gate.refused == refused
    await there.authority.end_access_tokens("alice")
    await many(url)
    assert await there.refreshes() == before + 2
    assert there.gate.refused > refused
    assert await there.authority.events("grant.error refresh_token") == 0


async def _taken_back(there: Office, alice: Person, url: str) -> None:
    """The person ends the consent at the provider, and everybody who asks is told what is missing."""
    await there.authority.end_grants("alice")
    async with calling(url, MODERN) as client:
        results = await asyncio.gather(*(client.call_tool("crm_search_records", SEARCH) for _ in range(5)))
    errors = [result.structured_content["error"] for result in results]
    for error in errors:
        assert (error["code"], error["provider_code"]) == ("auth_expired", "invalid_grant")
        assert (error["provider"], error["connection"]) == ("hubspot", "crm")
        assert error["account"] == portal_of("alice")
        assert error["connect_url"].startswith(f"{url}/connect/crm?c=")
    assert await there.authority.events("grant.error refresh_token") == 1
    audit = await there.wirepost("audit", "list", "--json", "--limit", "200")
    records = [each["record"] for each in audit.json]
    ended = [record for record in records if record.get("event") == "connection.needs_reauth"]
    assert [(each["connection"], each["reason"]) for each in ended] == [("crm", "invalid_grant")]

    (row,) = (await there.wirepost("connections", "list", "--json")).json
    assert (row["status"], row["account"]) == ("needs_reauth", portal_of("alice"))
    check = await there.wirepost("connections", "check", "crm")
    assert check.code == 1
    assert "consent" in check.out
    doctor = await there.wirepost("doctor", "--json")
    found = [each for each in doctor.json["findings"] if each["status"] == "error" and "crm" in each["what"]]
    assert found
    assert "consent" in found[0]["what"]
    assert "connections authorize crm" in found[0]["fix"]
    assert "Must be connected again" in await alice.look(f"{url}/connections")


async def _someone_else(there: Office, mallory: Person, url: str) -> None:
    """Another account does not take the place of the one that was there."""
    page = await mallory.connect(await _link(url))
    assert f"belongs to {portal_of('alice')}" in page
    assert f"this is {portal_of('mallory')}" in page
    assert "mallory" not in await _statuses(there)


async def _again(there: Office, alice: Person, url: str) -> None:
    """The same person comes back."""
    assert f"crm is connected to {portal_of('alice')}" in await alice.connect(await _link(url))
    await many(url, 1)
    (row,) = (await there.wirepost("connections", "list", "--json")).json
    assert (row["status"], row["account"]) == ("ready", portal_of("alice"))


async def _link(url: str) -> str:
    async with calling(url, MODERN) as client:
        result = await client.call_tool("crm_search_records", SEARCH)
    return str(result.structured_content["error"]["connect_url"])


async def _statuses(there: Office) -> str:
    return (await there.wirepost("connections", "list")).out


async def test_an_account_from_its_first_consent_to_its_last(tmp_path) -> None:
    async with office(tmp_path, lifetimes={"AccessToken": 3}) as there:

        def rows(sql: str) -> list[Any]:
            with closing(sqlite3.connect(there.data / "wirepost.db")) as database:
                return database.execute(sql).fetchall()

        await story(there, rows)


@pytest.mark.services("postgres")
async def test_the_same_where_the_store_is_postgresql(tmp_path, schema) -> None:
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text(base64.b64encode(os.urandom(32)).decode())
    kept = {"store": {"url": address_in(schema)}, "secrets": {"keys": [f"file:{key}"]}}
    async with office(tmp_path, lifetimes={"AccessToken": 3}, **kept) as there:
        await story(there, lambda sql: ask(sql, schema))
