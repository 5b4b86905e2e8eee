"""What a server must offer, checked before anything is stored there."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager

import psycopg
import pytest

from support.postgres import ADDRESS, address_in, ask
from wirepost.core.errors import ConfigError
from wirepost.store.database import Database
from wirepost.store.postgres.server import Server

pytestmark = pytest.mark.services("postgres")


def to_database(name: str) -> str:
    return f"{ADDRESS.rpartition('/')[0]}/{name}"


def message(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack(">I", len(content) + 4) + content


@asynccontextmanager
async def server_of_version(version: str):
    """The beginning of a connection, https://www.postgresql.org/docs/current/protocol-message-formats.html."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            (size,) = struct.unpack(">I", await reader.readexactly(4))
            (code,) = struct.unpack(">I", (await reader.readexactly(size - 4))[:4])
            if code == 3 << 16:
                break
            writer.write(b"N")  # neither TLS nor GSS
        writer.write(message(b"R", struct.pack(">I", 0)))
        for name, value in (
            ("server_version", version),
            ("server_encoding", "UTF8"),
            ("client_encoding", "UTF8"),
        ):
            writer.write(message(b"S", f"{name}\0{value}\0".encode()))
        writer.write(message(b"K", struct.pack(">II", 1, 1)) + message(b"Z", b"I"))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    try:
        yield Server.at(f"postgresql://a@127.0.0.1:{server.sockets[0].getsockname()[1]}/b")
    finally:
        server.close()
        await server.wait_closed()


async def test_a_server_that_its_makers_no_longer_repair_is_refused(clock):
    async with server_of_version("13.23") as place:
        with pytest.raises(ConfigError, match="PostgreSQL 13 is too old, 14 or later is needed"):
            await Database.open(place, clock)


async def test_a_database_that_cannot_hold_every_text_is_refused(schema, clock):
    ask(f"CREATE DATABASE {schema} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    try:
        with pytest.raises(ConfigError, match="the database keeps texts in SQL_ASCII"):
            await Database.open(Server.at(to_database(schema)), clock)
    finally:
        ask(f"DROP DATABASE {schema}")


async def test_a_search_path_that_leads_nowhere_is_refused(clock):
    with pytest.raises(ConfigError, match=r"no schema of the search_path exists \(Create the schema"):
        await Database.open(Server.at(address_in("no_such_schema")), clock)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("postgres@", "no_such_role@"), "the login is refused"),
        (("5432/postgres", "5432/no_such_database"), "there is no such database"),
        ((":5432", ":1"), "it cannot be reached"),
    ],
)
async def test_an_address_that_leads_elsewhere_says_what_to_correct(clock, change, says):
    with pytest.raises(
        ConfigError, match=rf"store\.url: the database cannot be opened: PostgreSQL, .*: {says}"
    ):
        await Database.open(Server.at(ADDRESS.replace(*change)), clock)


async def test_a_reader_may_read_where_nobody_may_write(schema, place, clock):
    await (await Database.open(place, clock)).close()
    there = Server.at(address_in(schema, options="-cdefault_transaction_read_only=on"))
    reader = await Database.open_reader(there)
    assert await reader.read("SELECT count(*) FROM audit") == [(0,)]
    await reader.close()
    with pytest.raises(ConfigError, match="it takes no writes"):
        await Database.open(there, clock)


def test_no_password_is_shown():
    server = Server.at("postgresql://a:canary-91b2@db/b")
    assert "canary-91b2" not in repr(server)
    with pytest.raises(psycopg.OperationalError) as refused:
        Server.at("postgresql://a:canary-91b2@127.0.0.1:1/b").connect(1, may_write=True)
    assert "canary-91b2" not in str(refused.value)
