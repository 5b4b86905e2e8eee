"""Options that many commands share."""

from __future__ import annotations

from pathlib import Path

from wirepost.cli.options import read_settings


def test_options_of_a_command_win_over_the_file(configure) -> None:
    path = configure("data_dir: a\nserver: {port: 1}\n")
    loaded = read_settings(path, Path("/b"), {"server.port": 2})
    assert (str(loaded.settings.data_dir), loaded.settings.server.port) == ("/b", 2)
    assert read_settings(path).settings.data_dir == path.parent / "a"
