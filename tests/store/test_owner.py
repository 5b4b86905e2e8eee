"""One process owns a data directory; the others are told which, and find it without keeping anybody out."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from wirepost.core.errors import ConfigError
from wirepost.store.owner import DataDirectory

OWN = """
import sys
from wirepost.core.clock import Clock
from wirepost.store.owner import DataDirectory

directory = DataDirectory(sys.argv[1])
directory.acquire(Clock())
print("owned", flush=True)
sys.stdin.read()
"""


def start_owner(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", OWN, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "owned\n"
    return process


def stop(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_second_process_is_told_who_the_owner_is(tmp_path, clock):
    process = start_owner(tmp_path)
    directory = DataDirectory(tmp_path)
    try:
        owner = directory.find_owner()
        assert owner.pid == process.pid
        assert owner.socket == directory.socket_path
        with pytest.raises(ConfigError) as refused:
            directory.acquire(clock)
        assert str(refused.value) == (
            f"{tmp_path}: process {process.pid} (since {owner.started_at}) runs in this data directory "
            "(Stop it, or choose another directory)"
        )
    finally:
        stop(process)


def test_a_killed_owner_leaves_the_directory_free_at_once(tmp_path, clock):
    stop(start_owner(tmp_path))
    directory = DataDirectory(tmp_path)
    assert directory.find_owner() is None
    directory.acquire(clock)
    owner = DataDirectory(tmp_path).find_owner()
    assert (owner.pid, owner.started_at) == (os.getpid(), "2026-11-25T10:00:00+00:00")
    directory.release()
    assert DataDirectory(tmp_path).find_owner() is None


def test_the_same_process_cannot_own_a_directory_twice(tmp_path, clock):
    directory = DataDirectory(tmp_path)
    directory.acquire(clock)
    with pytest.raises(ConfigError, match=f"process {os.getpid()} "):
        DataDirectory(tmp_path).acquire(clock)
    with pytest.raises(RuntimeError, match="owns the data directory already"):
        directory.acquire(clock)
    assert DataDirectory(tmp_path).find_owner().pid == os.getpid()
    directory.release()
    directory.release()
    DataDirectory(tmp_path).acquire(clock)


def test_who_only_looks_keeps_nobody_from_becoming_the_owner(tmp_path, clock):
    (tmp_path / "owner.json").touch()
    directory = DataDirectory(tmp_path)
    with (tmp_path / "owner.json").open() as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_SH)  # what `find_owner` holds for a moment, here for longer
        owning = threading.Thread(target=directory.acquire, args=(clock,))
        owning.start()
    owning.join(5)
    assert DataDirectory(tmp_path).find_owner().pid == os.getpid()
    directory.release()


def test_an_owner_that_has_not_said_who_it_is_yet_is_an_owner_all_the_same(tmp_path, clock):
    with (tmp_path / "owner.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="another process runs in this data directory"):
            DataDirectory(tmp_path).acquire(clock)


def test_an_empty_or_missing_directory_has_no_owner(tmp_path):
    assert DataDirectory(tmp_path).find_owner() is None
    assert DataDirectory(tmp_path / "missing").find_owner() is None
    assert not (tmp_path / "missing").exists()


def test_directory_and_files_are_for_this_user_alone(tmp_path, clock):
    directory = DataDirectory(tmp_path / "made" / "here")
    directory.acquire(clock)
    here = Path(directory.path)
    assert here.stat().st_mode & 0o777 == 0o700
    assert {file.name: file.stat().st_mode & 0o777 for file in here.iterdir()} == {
        "owner.lock": 0o600,
        "owner.json": 0o600,
    }
    directory.release()


def test_a_directory_that_cannot_be_made_is_refused(tmp_path, clock):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file/inside: the data directory cannot be used: "):
        DataDirectory(tmp_path / "file" / "inside").acquire(clock)


def test_a_lock_that_cannot_be_opened_is_refused(tmp_path, clock):
    (tmp_path / "owner.lock").mkdir()
    directory = DataDirectory(tmp_path)
    with pytest.raises(ConfigError, match="the data directory cannot be used: Is a directory"):
        directory.acquire(clock)
    (tmp_path / "owner.lock").rmdir()
    directory.acquire(clock)
    directory.release()


def test_the_files_of_a_directory_are_in_it(tmp_path):
    directory = DataDirectory(str(tmp_path / "below" / ".."))
    assert directory.database_path == tmp_path / "wirepost.db"
    assert directory.log_path == tmp_path / "wirepost.log"
    assert DataDirectory("~/x").path == os.path.realpath(Path("~/x").expanduser())


@pytest.mark.parametrize("length", [10, 80, 200])
def test_the_socket_can_be_bound_whatever_the_directory_is_called(tmp_path, length, clock):
    path = tmp_path / "ä" / ("d" * length)
    directory = DataDirectory(path)
    directory.create()
    assert directory.socket_path == DataDirectory(str(path)).socket_path
    bound = Path(directory.socket_path)
    assert bound.parent.stat().st_mode & 0o777 == 0o700
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(bound))
    bound.unlink()
    if bound.parent != path:
        bound.parent.rmdir()


def test_two_long_directories_have_two_sockets(tmp_path):
    one, two = (DataDirectory(tmp_path / ("d" * 120 + end)) for end in "12")
    assert one.socket_path != two.socket_path


def test_a_short_socket_directory_that_is_open_to_others_is_refused(tmp_path):
    directory = DataDirectory(tmp_path / ("e" * 120))
    beside = Path(directory.socket_path).parent
    beside.mkdir(mode=0o755)
    try:
        with pytest.raises(ConfigError, match=r"the data directory cannot be used: .* open to others"):
            directory.create()
    finally:
        beside.rmdir()


def test_only_the_standard_library_is_loaded_and_little_of_it():
    program = (
        "import sys; old = set(sys.modules); import wirepost.store.owner; print(*set(sys.modules) - old)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in result.stdout.split()}
    assert loaded - {"wirepost"} <= sys.stdlib_module_names
    assert not loaded & {"asyncio", "dataclasses", "hashlib", "json", "pathlib", "re", "subprocess", "typing"}
