"""Where each client keeps its servers, as their makers document it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wirepost.cli.clients.targets import TARGETS, Place, claude_command, launch_command, program

HOME = Path("/home/me")


def place(platform: str, **environ: str) -> Place:
    return Place(HOME, Path("/project"), platform, environ)


# Published at code.claude.com, modelcontextprotocol.io (Claude Desktop), cursor.com, code.visualstudio.com
# and developers.openai.com.
@pytest.mark.parametrize(
    ("client", "where", "file"),
    [
        (
            "claude-desktop",
            place("darwin"),
            "/home/me/Library/Application Support/Claude/claude_desktop_config.json",
        ),
        ("claude-desktop", place("linux"), "/home/me/.config/Claude/claude_desktop_config.json"),
        ("claude-desktop", place("win32", APPDATA="/r"), "/r/Claude/claude_desktop_config.json"),
        ("claude-desktop", place("win32"), "/home/me/AppData/Roaming/Claude/claude_desktop_config.json"),
        ("cursor", place("linux"), "/home/me/.cursor/mcp.json"),
        ("vscode", place("darwin"), "/home/me/Library/Application Support/Code/User/mcp.json"),
        ("vscode", place("linux", XDG_CONFIG_HOME="/c"), "/c/Code/User/mcp.json"),
        ("codex", place("linux"), "/home/me/.codex/config.toml"),
        ("codex", place("linux", CODEX_HOME="/c"), "/c/config.toml"),
        ("claude-code", place("linux"), None),
    ],
)
def test_the_file_of_a_person_is_where_the_client_looks(client: str, where: Place, file: str | None) -> None:
    found = TARGETS[client].file(where, in_project=False)
    assert (str(found) if found else None) == file


@pytest.mark.parametrize(
    ("client", "file"),
    [
        ("claude-code", "/project/.mcp.json"),
        ("cursor", "/project/.cursor/mcp.json"),
        ("vscode", "/project/.vscode/mcp.json"),
        ("claude-desktop", None),
        ("codex", None),
    ],
)
def test_the_file_of_a_project_is_where_the_client_looks(client: str, file: str | None) -> None:
    found = TARGETS[client].file(place("linux"), in_project=True)
    assert (str(found) if found else None) == file


def test_what_a_person_added_to_the_entry_stays() -> None:
    existing = {"url": "http://old", "command": "old", "env": {"A": "1"}, "disabled": False}
    assert TARGETS["vscode"].merged(existing, ["w", "mcp"]) == {
        "type": "stdio",
        "command": "w",
        "args": ["mcp"],
        "env": {"A": "1"},
        "disabled": False,
    }
    assert TARGETS["cursor"].merged(None, ["w", "mcp"]) == {"command": "w", "args": ["mcp"]}


def test_a_client_is_told_absolute_paths(home: Path) -> None:
    command = launch_command("wirepost.yaml", "~/store")
    assert command[-5:] == [
        "mcp",
        "--config",
        str(home / "project" / "wirepost.yaml"),
        "--data-dir",
        str(home / "store"),
    ]
    assert all(Path(part).is_absolute() for part in command[:1])


def test_the_program_can_be_started() -> None:
    assert os.access(program()[0], os.X_OK)


def test_a_command_with_spaces_is_quoted() -> None:
    assert claude_command(["/a b/w", "mcp"]) == "claude mcp add --scope user wirepost -- '/a b/w' mcp"
