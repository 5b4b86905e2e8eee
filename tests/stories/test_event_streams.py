"""A write in a sandbox becomes a webhook, that an event, and the event a notification on an open stream.

Real processes and the official client, in both generations of the protocol, over stdio and over HTTP.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.extension import ClientExtension, NotificationBinding
from mcp_types import NotificationParams, Request, RequestParams, Result
from pydantic import ConfigDict

from support.programs import COMMAND, environment, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
WANTED = {"name": "contact.created", "arguments": {"include_self": True}}


class AnyParams(RequestParams):
    """Parameters as they are."""

    model_config = ConfigDict(extra="allow")


class AnyRequest(Request[AnyParams, str]):
    """Any method."""

    method: str
    params: AnyParams


class AnyResult(Result):
    """Whatever is answered."""

    model_config = ConfigDict(extra="allow")


class Told(NotificationParams):
    """Whatever is told."""

    model_config = ConfigDict(extra="allow")


class Events(ClientExtension):
    """Keeps what arrives on streams."""

    identifier = "io.modelcontextprotocol/events"

    def __init__(self) -> None:
        self.told: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()

    def notifications(self) -> list[NotificationBinding[Told]]:
        return [self._binding(kind) for kind in ("active", "event", "heartbeat", "error", "terminated")]

    def _binding(self, kind: str) -> NotificationBinding[Told]:
        async def keep(said: Told) -> None:
            await self.told.put((kind, said.model_dump(by_alias=True)))

        method = f"notifications/events/{kind}"
        return NotificationBinding(method=method, params_type=Told, handler=keep)

    async def hear(self) -> tuple[str, dict[str, Any]]:
        async with asyncio.timeout(30):
            return await self.told.get()


async def ask(client: Client, method: str, **params: Any) -> dict[str, Any]:
    request = AnyRequest(method=method, params=AnyParams.model_validate(params))
    answered = await client.session.send_request(request, AnyResult)
    return answered.model_dump(by_alias=True)


async def make_contact(client: Client, email: str) -> str:
    made = await client.call_tool(
        "crm_create_records",
        {"object": "contact", "connection": "hubspot-sandbox", "records": [{"fields": {"email": email}}]},
    )
    assert not made.is_error, made.structured_content
    return str(made.structured_content["data"]["results"][0]["id"])


def target(way: str, url: str, directory: Path) -> Any:
    if way == "http":
        return f"{url}/mcp"
    arguments = [*COMMAND[1:], "mcp", "--data-dir", str(directory)]
    return StdioServerParameters(command=COMMAND[0], args=arguments, env=environment())


@pytest.mark.parametrize("way", ["stdio", "http"])
async def test_what_was_missed_comes_from_the_cursor_and_what_is_new_by_itself(tmp_path, way):
    """12.4.09b: with the official client."""
    async with serving(tmp_path) as server:
        for era in ("auto", "legacy"):
            events = Events()
            async with Client(
                target(way, server.url, tmp_path), mode=era, extensions=[events], read_timeout_seconds=60
            ) as client:
                listed = await ask(client, "events/list")
                assert "contact.created" in [each["name"] for each in listed["events"]]
                began = await ask(client, "events/poll", **WANTED)
                missed = await make_contact(client, f"missed-{era}@example.com")
                stream = asyncio.ensure_future(ask(client, "events/stream", **WANTED, cursor=began["cursor"]))
                assert (await events.hear())[0] == "active"
                kind, first = await events.hear()
                new = await make_contact(client, f"new-{era}@example.com")
                _, second = await events.hear()
                stream.cancel()
            assert kind == "event"
            assert [each["data"]["subject"] for each in (first, second)] == [
                f"contact/{missed}",
                f"contact/{new}",
            ]
            assert {each["data"]["source"] for each in (first, second)} == {"hubspot-sandbox"}
            assert {each["data"]["actor"]["kind"] for each in (first, second)} == {"self"}
