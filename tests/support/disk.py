"""A disk that is full exactly where a test wants it: rows of one table need room that is not there.

SQLite really has no room; PostgreSQL, whose disk is not ours, raises the error that it raises then.
"""

from __future__ import annotations

from wirepost.store.database import Database, Tx

EVENTS = ("INSERT", "UPDATE")
FULL = 100
"""Pages the database may have: more than it needs, and less than one row with ballast takes."""


async def fill_disk(database: Database, table: str, when: str = "1 = 1") -> None:
    """Until `free_disk`, writing a row of `table` fails as on a full disk, where `when` holds."""

    async def raising(tx: Tx) -> None:
        await tx.execute(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$"
        )
        await tx.execute(
            f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW WHEN ({when}) "
            "EXECUTE FUNCTION no_room()"
        )

    async def work(tx: Tx) -> None:
        await tx.execute("CREATE TABLE ballast (content BLOB)")
        for event in EVENTS:
            await tx.execute(
                f"CREATE TRIGGER full_{event} BEFORE {event} ON {table} WHEN {when} "  # noqa: S608 - a test's own words
                "BEGIN INSERT INTO ballast VALUES (zeroblob(1000000)); END"
            )
        await tx.execute(f"PRAGMA max_page_count = {FULL}")

    await database.write(raising if database.is_shared else work)


async def free_disk(database: Database) -> None:
    """There is room again."""

    async def work(tx: Tx) -> None:
        if database.is_shared:
            await tx.execute("DROP FUNCTION no_room CASCADE")
            return
        await tx.execute("PRAGMA max_page_count = 1000000")
        for event in EVENTS:
            await tx.execute(f"DROP TRIGGER full_{event}")
        await tx.execute("DROP TABLE ballast")

    await database.write(work)
