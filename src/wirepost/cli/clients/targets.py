"""The clients that `wirepost install` knows, and where each keeps its servers on this system."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wirepost.cli.clients.jsonc import JsonFile
from wirepost.cli.clients.toml import TomlFile

ENTRY_NAME = "wirepost"
_LAUNCH_KEYS = frozenset({"command", "args", "type", "url", "headers"})


@dataclass(frozen=True)
class Place:
    """The machine as it matters here; given, so that tests have one of their own."""

    home: Path
    folder: Path
    platform: str
    environ: Mapping[str, str]

    @classmethod
    def here(cls) -> Place:
        """This machine."""
        return cls(Path.home(), Path.cwd(), sys.platform, os.environ)

    def application(self, *parts: str) -> Path:
        """A desktop program's folder of settings."""
        if self.platform == "darwin":
            return self.home.joinpath("Library", "Application Support", *parts)
        if self.platform == "win32":
            roaming = self.environ.get("APPDATA")
            return (Path(roaming) if roaming else self.home / "AppData" / "Roaming").joinpath(*parts)
        settings = self.environ.get("XDG_CONFIG_HOME")
        return (Path(settings) if settings else self.home / ".config").joinpath(*parts)


@dataclass(frozen=True)
class Target:
    """One client."""

    name: str
    title: str
    form: JsonFile | TomlFile
    user_file: Callable[[Place], Path] | None
    """The file for everything this person does, if the client wants it edited."""
    project_file: str | None = None
    """The file for one project, relative to its folder."""
    is_typed: bool = False
    """An entry states `type: stdio`."""
    after: str = ""
    """What a person does next."""

    def file(self, place: Place, *, in_project: bool) -> Path | None:
        """The file to edit, or `None` when this client has none of that kind."""
        if in_project:
            return place.folder / self.project_file if self.project_file else None
        return self.user_file(place) if self.user_file else None

    def entry(self, command: list[str]) -> dict[str, Any]:
        """How this client starts a command."""
        launch = {"command": command[0], "args": command[1:]}
        return {"type": "stdio", **launch} if self.is_typed else launch

    def merged(self, existing: Any, command: list[str]) -> dict[str, Any]:
        """The entry with what else a person wrote into the one that is there."""
        kept = existing if isinstance(existing, dict) else {}
        return {**self.entry(command), **{k: v for k, v in kept.items() if k not in _LAUNCH_KEYS}}


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        # code.claude.com/docs/en/mcp: .mcp.json of a project; the user's own list is edited by `claude mcp`.
        Target(
            "claude-code",
            "Claude Code",
            JsonFile("mcpServers"),
            user_file=None,
            project_file=".mcp.json",
            is_typed=True,
            after="start claude in this folder and allow the server; /mcp shows it",
        ),
        Target(
            "claude-desktop",
            "Claude Desktop",
            JsonFile("mcpServers"),
            user_file=lambda place: place.application("Claude", "claude_desktop_config.json"),
            after="restart Claude Desktop",
        ),
        Target(
            "cursor",
            "Cursor",
            JsonFile("mcpServers"),
            user_file=lambda place: place.home / ".cursor" / "mcp.json",
            project_file=".cursor/mcp.json",
            after="Cursor asks to enable the server; its settings list it under MCP",
        ),
        Target(
            "vscode",
            "VS Code",
            JsonFile("servers"),
            user_file=lambda place: place.application("Code", "User", "mcp.json"),
            project_file=".vscode/mcp.json",
            is_typed=True,
            after="run the command MCP: List Servers in VS Code and start it",
        ),
        Target(
            "codex",
            "Codex",
            TomlFile("mcp_servers"),
            user_file=lambda place: _codex_home(place) / "config.toml",
            after="start codex; /mcp shows the server",
        ),
    )
}


def _codex_home(place: Place) -> Path:
    home = place.environ.get("CODEX_HOME")
    return Path(home) if home else place.home / ".codex"


def launch_command(config: str | None, data_dir: str | None) -> list[str]:
    """How a client starts the stdio front; absolute, because clients have another PATH and folder."""
    command = [*program(), "mcp"]
    if config:
        command += ["--config", str(Path(config).absolute())]
    if data_dir:
        command += ["--data-dir", str(Path(data_dir).expanduser().absolute())]
    return command


def program() -> list[str]:
    """This program as somebody else would start it."""
    beside = Path(sys.executable).with_name("wirepost")
    for found in (str(beside), shutil.which("wirepost")):
        if found and os.access(found, os.X_OK):
            return [str(Path(found).absolute())]
    return [sys.executable, "-m", "wirepost"]


def claude_command(command: list[str]) -> str:
    """The command that adds the server to Claude Code for all projects."""
    return shlex.join(["claude", "mcp", "add", "--scope", "user", ENTRY_NAME, "--", *command])
