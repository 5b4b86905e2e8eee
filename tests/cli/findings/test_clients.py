"""Findings about clients: what they start must be there."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from wirepost.cli.clients.targets import Place
from wirepost.cli.findings.clients import clients
from wirepost.cli.findings.finding import Finding


def look(home: Path) -> dict[str, Finding]:
    place = Place(home, home / "project", "linux", {})
    return {finding.what.partition(" ")[0].strip("'"): finding for finding in clients(place)}


def cursor(home: Path, entry: Any) -> Finding:
    file = home / ".cursor" / "mcp.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"mcpServers": {"wirepost": entry}}))
    return next(each for each in clients(Place(home, home / "project", "linux", {})) if "Cursor" in each.what)


def test_clients_without_wirepost_are_named_with_the_command(home: Path) -> None:
    found = list(clients(Place(home, home / "project", "linux", {})))
    assert {each.status for each in found} == {"skipped"}
    assert "wirepost install vscode" in [each.fix for each in found]


def test_an_entry_that_works_is_fine(home: Path, configure) -> None:
    path = configure("")
    assert cursor(home, {"command": sys.executable, "args": ["mcp", "--config", str(path)]}).status == "ok"
    assert cursor(home, {"url": "http://127.0.0.1:8484/mcp"}).status == "ok"
    assert cursor(home, {"command": "wirepost"}).status == "ok"


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"command": "/gone/wirepost", "args": []}, "/gone/wirepost is not there"),
        (
            {"command": sys.executable, "args": ["--config", "/gone.yaml"]},
            "the configuration /gone.yaml is not there",
        ),
        ({"args": []}, "its entry has no command"),
        ("x", "its entry is not a group of options"),
    ],
)
def test_an_entry_that_cannot_start_is_an_error_with_the_command(home: Path, entry: Any, says: str) -> None:
    finding = cursor(home, entry)
    assert finding.status == "error"
    assert says in finding.what
    assert finding.fix == "wirepost install cursor"


def test_a_stale_entry_of_a_project_is_mended_there(home: Path) -> None:
    file = home / "project" / ".vscode" / "mcp.json"
    file.parent.mkdir()
    file.write_text('{"servers": {"wirepost": {"command": "/gone"}}}')
    found = next(
        each for each in clients(Place(home, home / "project", "linux", {})) if "VS Code" in each.what
    )
    assert found.fix == "wirepost install vscode --project"


def test_a_broken_file_is_a_warning(home: Path) -> None:
    (home / "project" / ".mcp.json").write_text("{")
    finding = next(
        each for each in clients(Place(home, home / "project", "linux", {})) if ".mcp.json" in each.what
    )
    assert finding.status == "warning"
