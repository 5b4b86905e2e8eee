"""What the operator is told when the file cannot be used."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import apsw
import pytest

from wirepost.core.errors import ConfigError, Unavailable
from wirepost.store.sqlite.errors import find_lock_holder, refuse, translate


def test_a_locked_file_names_the_process_that_holds_it(tmp_path):
    """Lines as in proc_locks(5)."""
    path = tmp_path / "wirepost.db"
    path.touch()
    (tmp_path / "wirepost.db-shm").touch()
    shared = (tmp_path / "wirepost.db-shm").stat().st_ino
    table = tmp_path / "locks"
    other = shared + 1_000_000
    table.write_text(
        f"1: POSIX  ADVISORY  READ  11 fe:00:{shared} 128 128\n"
        f"2: POSIX  ADVISORY  WRITE 12 fe:00:{other} 120 120\n"
        f"2: -> POSIX  ADVISORY  WRITE 13 fe:00:{shared} 120 120\n"
        f"3: FLOCK  ADVISORY  WRITE 14 fe:00:{other} 0 EOF\n"
        f"4: OFDLCK ADVISORY  WRITE -1 fe:00:{shared} 0 EOF\n"
        f"5: POSIX  ADVISORY  WRITE {os.getpid()} fe:00:{shared} 120 120\n"
        f"6: POSIX  ADVISORY  WRITE 15 fe:00:{shared} 120 120\n"
        "\n"
    )
    assert find_lock_holder(path, table) == 15
    table.write_text("")
    assert find_lock_holder(path, table) is None
    assert find_lock_holder(path, tmp_path / "missing") is None


@pytest.mark.parametrize(
    ("error", "said", "hint"),
    [
        (apsw.BusyError(), "another process holds the database", "Stop another process, which has"),
        (apsw.LockedError(), "another process holds the database", "Stop another process, which has"),
        (apsw.FullError(), "the disk is full", "Free space on the file system of"),
        (apsw.IOError(), "the disk refuses (input or output error)", "Free space on the file system of"),
        (apsw.ReadOnlyError(), "no permission to write the database", "Let user"),
        (apsw.CantOpenError(), "no permission to write the database", "Let user"),
        (apsw.CorruptError(), "the database file is damaged", "put back the last backup"),
        (apsw.NotADBError(), "the database file is damaged", "put back the last backup"),
    ],
)
def test_each_problem_of_the_file_says_what_to_do(tmp_path, error, said, hint):
    path = tmp_path / "wirepost.db"
    shown = translate(error, path)
    assert isinstance(shown, Unavailable)
    assert shown.message == f"The server cannot use its own store: {said}. Nothing was sent."
    assert hint in shown.hint
    assert str(path) in shown.hint
    assert shown.retry_after_s > 0
    refused = refuse(error, path)
    assert isinstance(refused, ConfigError)
    assert refused.message == f"the database cannot be opened: {said}"
    assert refused.hint == shown.hint


def test_the_system_s_own_reason_is_passed_on(tmp_path):
    shown = translate(apsw.IOError(), tmp_path / "wirepost.db", errno.EFBIG)
    assert "the disk refuses (File too large)" in shown.message


def test_where_the_free_space_is_unknown_the_hint_does_without():
    shown = translate(apsw.FullError(), Path("/nowhere/at/all/wirepost.db"))
    assert shown.hint == "Check the file system of /nowhere/at/all/wirepost.db"


def test_a_mistake_of_ours_stays_what_it_is(tmp_path):
    error = apsw.SQLError("near SELEC: syntax error")
    assert translate(error, tmp_path) is error
    assert refuse(error, tmp_path) is error
