"""Which PostgreSQL database, and how connections to it are opened."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg
from psycopg.conninfo import conninfo_to_dict

from wirepost.core.errors import ConfigError
from wirepost.core.redact import SECRETS
from wirepost.store.postgres.errors import READ_ONLY, Unusable
from wirepost.store.problems import Problem

OLDEST = 14
"""The oldest major version that its makers still repaired in 2026 (https://www.postgresql.org/support/versioning)."""
CONNECT_S = 5
STATEMENT_S = 30
STALLED_S = 10
"""A process that stops inside a transaction keeps all others from writing for at most so long."""

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class Server:
    """The address of a database; `label` names it for people and holds no password."""

    label: str
    address: str = field(repr=False)

    @classmethod
    def at(cls, url: str) -> Server:
        """Read an address such as `postgresql://user:password@host/database`; raises `ConfigError`."""
        try:
            parts = conninfo_to_dict(url)
        except psycopg.Error:
            raise ConfigError(
                "is not an address of PostgreSQL",
                key="store.url",
                hint="such as postgresql://user@host:5432/database",
            ) from None
        if parts.get("password"):
            SECRETS.add(str(parts["password"]))
            SECRETS.add(url)
        host, port = parts.get("host") or "the local socket", parts.get("port") or "5432"
        name = parts.get("dbname") or parts.get("user") or "its default database"
        return cls(f"PostgreSQL, {name} at {host}:{port}", url)

    def connect(self, wait_s: float, *, may_write: bool) -> Connection:
        """A connection that commits each statement; raises what the driver raises, or `Unusable`.

        `wait_s` bounds how long it waits for another process that writes.
        """
        connection = psycopg.connect(
            self.address,
            autocommit=True,
            connect_timeout=CONNECT_S,
            application_name="wirepost",
            tcp_user_timeout=CONNECT_S * 1000,
            keepalives_idle=CONNECT_S,
            keepalives_interval=CONNECT_S,
            keepalives_count=3,
        )
        try:
            self._check(connection, may_write=may_write)
            connection.execute(
                f"SET lock_timeout = {int(wait_s * 1000)}; SET statement_timeout = {STATEMENT_S * 1000}; "
                f"SET idle_in_transaction_session_timeout = {STALLED_S * 1000}"
                f"{'' if may_write else '; SET default_transaction_read_only = on'}",
                prepare=False,
            )
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: Connection, *, may_write: bool) -> None:
        found = connection.info.server_version // 10_000
        if found < OLDEST:
            raise Unusable(
                Problem(f"PostgreSQL {found} is too old, {OLDEST} or later is needed", "Upgrade PostgreSQL")
            )
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise Unusable(
                Problem(
                    f"the database keeps texts in {encoding}",
                    "Create one with ENCODING 'UTF8' and name it in store.url",
                )
            )
        (asked,) = connection.execute(
            "SELECT current_setting('transaction_read_only'), current_schema()"
        ).fetchall()
        is_read_only, schema = asked
        if may_write and is_read_only == "on":  # a standby, or a user who may only read
            raise Unusable(READ_ONLY)
        if schema is None:
            raise Unusable(
                Problem(
                    "no schema of the search_path exists",
                    "Create the schema that store.url or the role names in search_path",
                )
            )
