"""A client's file is changed in one step, with a copy, and gone back to without losing later edits."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wirepost.cli.clients.change import plan_install, plan_undo
from wirepost.cli.clients.jsonc import CannotEdit, JsonFile
from wirepost.core.errors import ConfigError

FILE = JsonFile("mcpServers")
ENTRY = {"command": "w", "args": ["mcp"]}
NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
ORIGINAL = '{\n  // mine\n  "mcpServers": {\n    "other": {}\n  }\n}\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "client" / "mcp.json"
    path.parent.mkdir()
    path.write_text(ORIGINAL)
    return path


def install(path: Path, now: datetime = NOW, entry: dict[str, object] | None = None) -> Path | None:
    return plan_install(path, FILE, "wirepost", entry or ENTRY).carry_out(now)


def undo(path: Path) -> None:
    plan_undo(path, FILE, "wirepost").carry_out(NOW)


def test_the_diff_shows_only_what_is_added(file: Path) -> None:
    diff = plan_install(file, FILE, "wirepost", ENTRY).diff().splitlines()
    assert diff[:2] == [f"--- {file}", f"+++ {file}"]
    assert [line for line in diff[2:] if line.startswith("-")] == ['-    "other": {}']
    assert file.read_text() == ORIGINAL, "a plan changes nothing"


def test_a_copy_is_kept_and_gone_back_to(file: Path) -> None:
    copy = install(file)
    assert copy is not None
    assert copy.read_text() == ORIGINAL
    assert FILE.find(file.read_text(), "wirepost") == ENTRY
    undo(file)
    assert file.read_text() == ORIGINAL
    assert sorted(file.parent.iterdir()) == [file], "the copy is used up"


def test_a_file_that_was_not_there_is_gone_again(tmp_path: Path) -> None:
    file = tmp_path / "new" / "mcp.json"
    assert plan_install(file, FILE, "wirepost", ENTRY).diff().startswith("--- /dev/null")
    install(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    undo(file)
    assert list(file.parent.iterdir()) == []


@pytest.mark.parametrize("before", ["", "\n", "{}", '{\n  "theme": "dark"\n}\n'])
def test_a_file_without_servers_is_put_back_as_it_was(file: Path, before: str) -> None:
    file.write_text(before)
    install(file)
    undo(file)
    assert file.read_text() == before


def test_what_was_changed_since_stays(file: Path) -> None:
    install(file)
    file.write_text(file.read_text().replace('"other": {}', '"other": {"command": "new"}'))
    undo(file)
    assert FILE.parse(file.read_text()) == {"mcpServers": {"other": {"command": "new"}}}
    assert "// mine" in file.read_text()


def test_a_new_file_that_grew_since_keeps_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    install(file)
    file.write_text(FILE.put(file.read_text(), "later", {"command": "x"}))
    undo(file)
    assert FILE.parse(file.read_text()) == {"mcpServers": {"later": {"command": "x"}}}


def test_an_earlier_entry_comes_back(file: Path) -> None:
    install(file, entry={"command": "first"})
    install(file, NOW + timedelta(seconds=1))
    undo(file)
    assert FILE.find(file.read_text(), "wirepost") == {"command": "first"}
    undo(file)
    assert file.read_text() == ORIGINAL


def test_without_a_copy_the_entry_is_taken_out(file: Path) -> None:
    file.write_text(FILE.put(ORIGINAL, "wirepost", ENTRY))
    undo(file)
    assert file.read_text() == ORIGINAL
    assert not plan_undo(file, FILE, "wirepost").is_needed


def test_a_file_that_was_deleted_since_comes_back(file: Path) -> None:
    install(file)
    file.unlink()
    undo(file)
    assert file.read_text() == ORIGINAL


def test_mode_and_link_stay(file: Path, tmp_path: Path) -> None:
    file.chmod(0o640)
    link = tmp_path / "link.json"
    link.symlink_to(file)
    copy = install(link)
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert copy is not None
    assert stat.S_IMODE(copy.stat().st_mode) == 0o640
    assert FILE.find(file.read_text(), "wirepost") == ENTRY


def test_line_ends_stay(file: Path) -> None:
    file.write_bytes(ORIGINAL.replace("\n", "\r\n").encode())
    install(file)
    assert b"\n" not in file.read_bytes().replace(b"\r\n", b"")


def test_what_is_no_text_or_too_large_is_left_alone(file: Path) -> None:
    file.write_bytes(b"\xff\xfe{}")
    with pytest.raises(CannotEdit, match="UTF-8"):
        plan_install(file, FILE, "wirepost", ENTRY)
    file.write_bytes(b" " * (4 * 2**20 + 1))
    with pytest.raises(CannotEdit, match="4 MiB"):
        plan_install(file, FILE, "wirepost", ENTRY)


def test_what_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        plan_install(tmp_path, FILE, "wirepost", ENTRY)
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError):
        install(tmp_path / "file" / "mcp.json")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(ConfigError):
        plan_install(loop, FILE, "wirepost", ENTRY)


def test_an_interrupted_attempt_is_no_obstacle(file: Path) -> None:
    (file.parent / ".mcp.json.wirepost-new").write_text("left over")
    install(file)
    assert FILE.find(file.read_text(), "wirepost") == ENTRY
