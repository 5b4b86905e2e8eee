"""The file: settings that keep data safe, and nobody else reads it."""

from __future__ import annotations

import pytest

from wirepost.core.errors import ConfigError
from wirepost.store.database import Database
from wirepost.store.sqlite.session import check_library


# https://sqlite.org/wal.html#walresetbug: versions 3.7.0 to 3.51.2 are affected.
@pytest.mark.parametrize("version", ["3.7.0", "3.45.1", "3.51.2"])
def test_a_library_that_can_damage_the_file_is_refused(version):
    with pytest.raises(ConfigError, match=rf"SQLite {version} is too old, 3\.51\.3 or later is needed"):
        check_library(version)


@pytest.mark.parametrize("version", ["3.51.3", "3.52.0", "3.54.1", "4.0.0"])
def test_a_library_that_is_repaired_is_accepted(version):
    check_library(version)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL, https://sqlite.org/pragma.html#pragma_synchronous
        ("busy_timeout", 5000),
        ("foreign_keys", 1),
        ("wal_autocheckpoint", 4000),
    ],
)
async def test_the_writing_connection_is_set_to_lose_nothing(database, setting, value):
    assert await database.write(lambda tx: tx.execute(f"PRAGMA {setting}")) == [(value,)]


async def test_directory_and_files_are_for_this_user_alone(path, database):
    await database.write(lambda tx: tx.execute("INSERT INTO keys VALUES ('a', x'')"))
    assert path.parent.stat().st_mode & 0o777 == 0o700
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == {"wirepost.db": 0o600, "wirepost.db-wal": 0o600, "wirepost.db-shm": 0o600}


async def test_a_file_that_others_could_read_is_closed_to_them(path, clock):
    path.parent.mkdir()
    path.touch(0o644)
    database = await Database.open(path, clock)
    assert path.stat().st_mode & 0o777 == 0o600
    await database.close()


async def test_a_path_that_is_no_directory_is_refused(tmp_path, clock):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file/wirepost\.db: the database cannot be opened: "):
        await Database.open(tmp_path / "file" / "wirepost.db", clock)
