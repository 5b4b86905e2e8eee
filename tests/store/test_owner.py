"""One process owns a data directory; the others are told which, and find it without keeping anybody out."""

from __future__ import annotations

import fcntl
import json
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


def test_an_owner_says_where_it_is_reached_and_how_long_it_takes_to_end(tmp_path, clock):
    directory = DataDirectory(tmp_path)
    directory.acquire(clock)
    owner = DataDirectory(tmp_path).find_owner()
    assert (owner.url, owner.ends_within_s) == (None, 0)
    for url in ("http://127.0.0.1:12345", "http://[::1]:1"):
        directory.announce(url, 12.5)
        owner = DataDirectory(tmp_path).find_owner()
        assert (owner.pid, owner.url, owner.ends_within_s) == (os.getpid(), url, 12.5)
    directory.release()
    directory.acquire(clock)
    assert DataDirectory(tmp_path).find_owner().url is None, "the next owner starts anew"
    directory.release()


def test_a_note_of_a_later_version_can_be_read(tmp_path):
    note = {"pid": 1, "started_at": "now", "socket": "/s", "url": None, "colour": "red"}
    with (tmp_path / "owner.json").open("w") as about:
        about.write(json.dumps(note))
        about.flush()
        fcntl.flock(about, fcntl.LOCK_EX)
        assert DataDirectory(tmp_path).find_owner().pid == 1


def test_a_note_that_cannot_be_read_names_nobody(tmp_path):
    with (tmp_path / "owner.json").open("w") as about:
        about.write('{"pid": 1, "sta')
        about.flush()
        fcntl.flock(about, fcntl.LOCK_EX)
        assert DataDirectory(tmp_path).find_owner() is None


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path, clock):
    (tmp_path / "file").touch()
    for act in (
        DataDirectory(tmp_path / "file").find_owner,
        lambda: DataDirectory(tmp_path / "file").acquire(clock),
    ):
        with pytest.raises(ConfigError, match=r"file: the data directory cannot be used: .*\(Let this user"):
            act()


def test_a_directory_that_cannot_be_looked_into_is_refused(tmp_path):
    (tmp_path / "owner.json").symlink_to("owner.json")
    with pytest.raises(ConfigError, match="the data directory cannot be used: Too many levels of symbolic"):
        DataDirectory(tmp_path).find_owner()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_directory_of_somebody_else_is_refused(tmp_path):
    tmp_path.chmod(0)
    with pytest.raises(ConfigError, match="the data directory cannot be used: Permission denied"):
        DataDirectory(tmp_path).find_owner()
    tmp_path.chmod(0o700)


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
    assert directory.log_path == str(tmp_path / "wirepost.log")
    assert DataDirectory("~/x").path == os.path.realpath(Path("~/x").expanduser())


@pytest.mark.parametrize("length", [10, 80, 200])
def test_the_socket_can_be_bound_whatever_the_directory_is_called(tmp_path, length, clock):
    path = tmp_path / "ä" / ("d" * length)
    directory = DataDirectory(path)
    directory.acquire(clock)
    assert directory.socket_path == DataDirectory(str(path)).socket_path
    bound = Path(directory.socket_path)
    assert bound.parent.stat().st_mode & 0o777 == 0o700
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(bound))
    bound.unlink()
    directory.release()
    assert bound.parent.exists() is (bound.parent == path), "nothing is left outside the directory"


def test_who_is_refused_leaves_the_socket_of_the_owner_where_it_is(tmp_path, clock):
    owner, other = (DataDirectory(tmp_path / ("f" * 120)) for _ in range(2))
    owner.acquire(clock)
    with pytest.raises(ConfigError, match="runs in this data directory"):
        other.acquire(clock)
    other.release()
    assert Path(owner.socket_path).parent.is_dir()
    owner.release()


def test_what_others_put_beside_the_socket_stays(tmp_path, clock):
    directory = DataDirectory(tmp_path / ("g" * 120))
    directory.acquire(clock)
    left = Path(directory.socket_path).with_name("left")
    left.touch()
    directory.release()
    assert left.exists()
    left.unlink()
    left.parent.rmdir()


def test_two_long_directories_have_two_sockets(tmp_path):
    one, two = (DataDirectory(tmp_path / ("d" * 120 + end)) for end in "12")
    assert one.socket_path != two.socket_path


def test_a_short_socket_directory_that_is_open_to_others_is_refused(tmp_path, clock):
    directory = DataDirectory(tmp_path / ("e" * 120))
    beside = Path(directory.socket_path).parent
    beside.mkdir(mode=0o755)
    try:
        with pytest.raises(ConfigError, match=r"the data directory cannot be used: .* open to others"):
            directory.acquire(clock)
    finally:
        beside.rmdir()
    directory.acquire(clock)
    directory.release()


def test_only_the_standard_library_is_loaded_and_little_of_it():
    program = (
        "import sys; old = set(sys.modules); import wirepost.store.owner; print(*set(sys.modules) - old)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in result.stdout.split()}
    assert loaded - {"wirepost"} <= sys.stdlib_module_names
    assert not loaded & {"asyncio", "dataclasses", "hashlib", "json", "pathlib", "re", "subprocess", "typing"}
