"""A vendor whose answers hold what nobody should send: huge, countless, deep or hostile."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from typing import Any

import orjson

from support.running import Running
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.vendor import Request, Response

Json = Any
Change = Callable[[Request, int, Json], Json]
"""Request, status, answer → another answer."""
WRITTEN: dict[str, frozenset[str]] = {
    "hubspot": frozenset({"subject", "content", "firstname", "lastname", "dealname", "hs_note_body"}),
    "salesforce": frozenset({"Subject", "Description", "FirstName", "LastName", "Name"}),
    "slack": frozenset({"text", "value", "real_name", "display_name", "title"}),
    "stripe": frozenset({"description", "name"}),
}
"""Provider → properties of its records into which people write what they like."""


def spoil(wirepost: Running, provider: str, change: Change) -> None:
    """Let `change` have the last word in the sandbox of a provider."""
    connection = wirepost.app.connections.by_name[f"{provider}-sandbox"]
    honest: Any = connection.provider.sandbox

    class Spoiled(honest):  # type: ignore[misc]  # the base is chosen at run time
        async def respond(self, request: Request, fault: Fault | None) -> Response:
            response: Response = await super().respond(request, fault)
            if response.content_type.startswith("application/json") and response.body:
                body = change(request, response.status, orjson.loads(response.body))
                response.body = orjson.dumps(body)
            return response

    connection.provider = dataclasses.replace(connection.provider, load_sandbox=lambda: Spoiled)


def rewritten(body: Json, names: Collection[str], write: Callable[[str], Json]) -> Json:
    """The answer with another value for each text under one of these names."""
    if isinstance(body, list):
        return [rewritten(item, names, write) for item in body]
    if isinstance(body, dict):
        return {
            name: write(value)
            if name in names and isinstance(value, str) and value
            else rewritten(value, names, write)
            for name, value in body.items()
        }
    return body
