"""Each module has its test file at the same path, so that a test is found without searching."""

from __future__ import annotations

from pathlib import PurePosixPath

from support.sources import SRC, TESTS, listed_exceptions, python_files, shown

EXCEPTIONS = TESTS / "structure" / "untested.txt"
ENTRY_POINTS = {"__init__", "__main__"}


def covers(entry: str, module: str) -> bool:
    """Whether an exception is about this module, or about the folder it is in."""
    return module == entry or (entry.endswith("/") and module.startswith(entry))


def test_every_module_has_a_test_file_at_its_own_path() -> None:
    modules = {PurePosixPath(path.relative_to(SRC).as_posix()) for path in python_files("src")}
    present = {path.relative_to(TESTS).as_posix() for path in python_files("tests")}
    untested = {
        str(module)
        for module in modules
        if module.stem not in ENTRY_POINTS and str(module.with_name(f"test_{module.name}")) not in present
    }
    allowed = listed_exceptions(EXCEPTIONS)
    unexplained = [name for name in untested if not any(covers(entry, name) for entry in allowed)]
    needless = [entry for entry in allowed if not any(covers(entry, name) for name in untested)]
    assert sorted(unexplained) == []
    assert needless == [], f"{shown(EXCEPTIONS)} lists what has a test now, or is gone"
    assert [module for module, reason in allowed.items() if not reason] == []
