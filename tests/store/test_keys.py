"""The server's secret is made once."""

from __future__ import annotations

import asyncio

from wirepost.store.database import Database
from wirepost.store.keys import server_secret


async def test_the_secret_is_made_once_and_kept(place, clock):
    database = await Database.open(place, clock)
    secrets = set(await asyncio.gather(*(server_secret(database) for _ in range(20))))
    await database.close()
    again = await Database.open(place, clock)
    secrets.add(await server_secret(again))
    await again.close()
    assert len(secrets) == 1
    assert len(secrets.pop()) == 32


async def test_two_servers_have_different_secrets(tmp_path, clock, database):
    other = await Database.open(tmp_path / "other.db", clock)
    assert await server_secret(other) != await server_secret(database)
    await other.close()
