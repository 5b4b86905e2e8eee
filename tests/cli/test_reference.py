"""The page of the command line."""

from __future__ import annotations

from wirepost.cli.main import COMMANDS
from wirepost.cli.reference import page


def test_every_command_has_a_heading_and_its_options(monkeypatch) -> None:
    text = page()
    for command in COMMANDS:
        assert f"## `wirepost {command}" in text
    assert "## `wirepost sandbox faults add`" in text
    assert "--trace" in text.partition("## `wirepost tools call`")[2].partition("## ")[0]
    monkeypatch.setenv("COLUMNS", "40")
    assert page() == text, "it does not depend on the terminal"
