"""What is about PostgreSQL is tested on PostgreSQL alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from support.postgres import Gate, address_in
from wirepost.store.postgres.server import Server


@pytest.fixture
def place(shared_place: Server) -> Server:
    """An empty schema."""
    return shared_place


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    """A way to the server that the test can close."""
    async with Gate().opened() as gate:
        yield gate


@pytest.fixture
def through_gate(gate: Gate, schema: str) -> Server:
    """The same schema, reached through the gate."""
    return Server.at(address_in(schema, at=gate.address))
