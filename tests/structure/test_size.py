"""Files stay small enough to be read in one go."""

from __future__ import annotations

from support.sources import python_files, shown

LONGEST = 500


def test_no_file_is_longer_than_the_limit() -> None:
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(".")}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}
