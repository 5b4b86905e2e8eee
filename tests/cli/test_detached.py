"""The server that a front started."""

from __future__ import annotations

import sys

import pytest

from wirepost.cli.detached import command, main
from wirepost.core.clock import Clock
from wirepost.store.owner import DataDirectory


def test_it_is_started_with_this_python_and_only_what_it_needs():
    assert command("/d", None) == [sys.executable, "-m", "wirepost", "serve", "--detached", "/d"]
    assert command("/d", "/c.yaml")[5:] == ["/d", "/c.yaml"]


def test_it_leaves_a_directory_to_the_server_that_was_faster(tmp_path):
    owner = DataDirectory(tmp_path)
    owner.acquire(Clock())
    try:
        main([str(tmp_path)])
    finally:
        owner.release()
    assert not (tmp_path / "wirepost.db").exists()


def test_a_wrong_configuration_ends_it_with_one_line(tmp_path, capsys):
    config = tmp_path / "wirepost.yaml"
    config.write_text("sorver: {}\n")
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "d"), str(config)])
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
