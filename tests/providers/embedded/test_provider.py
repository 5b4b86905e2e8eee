"""The connection that needs nothing."""

from __future__ import annotations

from wirepost.upstream.scope import Scope


async def test_it_needs_no_key(connection):
    assert connection.shared.credential.problem is None
    assert await connection.shared.credential.header() == ""


async def test_the_check_of_a_connection_loads_the_model(connection, clock):
    client = connection.shared.client(Scope(deadline=clock.monotonic() + 30))
    assert (await connection.provider.probe(client)).account == "this machine"
