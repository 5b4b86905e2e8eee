"""`wirepost install`: shown, asked, written, undone, for every client."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

FILES = {
    "claude-code": "project/.mcp.json",
    "claude-desktop": ".config/Claude/claude_desktop_config.json",
    "cursor": ".cursor/mcp.json",
    "vscode": ".config/Code/User/mcp.json",
    "codex": ".codex/config.toml",
}
EXISTING = {
    "claude-code": '{"mcpServers": {"other": {"command": "x"}}}',
    "claude-desktop": '{\n  "globalShortcut": "Ctrl+Space",\n  "mcpServers": {}\n}\n',
    "cursor": '{\n  // mine\n  "mcpServers": {\n    "other": {"url": "http://x"}, // theirs\n  }\n}\n',
    "vscode": '{\n\t"inputs": [],\n\t// servers\n\t"servers": {\n\t\t"other": {"type": "http", "url": "http://x"}\n\t}\n}\n',
    "codex": '# mine\nmodel = "o"\n\n[mcp_servers.other]\ncommand = "x" # theirs\n',
}


def command_in(client: str, text: str) -> list[str]:
    """What the client would start, read by somebody else's parser."""
    if client == "codex":
        entry = tomllib.loads(text)["mcp_servers"]["wirepost"]
    else:
        bare = "\n".join(line.split(" //")[0].split("\t//")[0] for line in text.splitlines())
        servers = json.loads(bare.replace(",\n  }", "\n  }"))
        entry = servers["servers" if client == "vscode" else "mcpServers"]["wirepost"]
    return [entry["command"], *entry["args"]]


@pytest.mark.parametrize("client", FILES)
def test_a_new_file_starts_wirepost_and_is_gone_after_undo(cli, home: Path, client: str) -> None:
    file = home / FILES[client]
    result = cli("install", client, "--yes")
    assert result.code == 0
    assert "--- /dev/null" in result.out
    command = command_in(client, file.read_text())
    listed = subprocess.run([*command, "--help"], check=True, capture_output=True, text=True).stdout
    assert listed.startswith("usage: wirepost mcp")
    assert cli("install", client, "--undo", "--yes").code == 0
    assert not file.exists()


@pytest.mark.parametrize("client", FILES)
def test_an_existing_file_keeps_everything_else_and_comes_back(cli, home: Path, client: str) -> None:
    file = home / FILES[client]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(EXISTING[client])
    result = cli("install", client, "--yes")
    assert result.code == 0
    assert "wirepost-backup-" in result.err
    text = file.read_text()
    assert command_in(client, text)[-1] == "mcp"
    for word in ("other", "mine", "theirs", "// servers", "globalShortcut"):
        assert (word in text) == (word in EXISTING[client])
    again = cli("install", client, "--yes")
    assert "nothing to do" in again.err
    assert file.read_text() == text
    assert cli("install", client, "--undo", "--yes").code == 0
    assert file.read_text() == EXISTING[client]
    assert list(file.parent.glob("*backup*")) == []
    assert "nothing to do" in cli("install", client, "--undo", "--yes").err


def test_nothing_is_written_unasked(cli, home: Path) -> None:
    result = cli("install", "cursor")
    assert result.code == 2
    assert "+++" in result.out
    assert "--yes makes the change" in result.err
    assert not (home / ".cursor").exists()


def test_nothing_is_written_or_printed_beside_a_broken_configuration(cli, configure, home: Path) -> None:
    configure("server: {prot: 1}\n")
    for arguments in (("cursor", "--yes"), ("print",)):
        result = cli("install", *arguments)
        assert (result.code, result.out) == (2, "")
        assert "server.prot: is not a known option" in result.err
    assert not (home / ".cursor").exists()


@pytest.mark.parametrize(("answer", "is_written"), [(b"y\n", True), (b"n\n", False)])
def test_a_person_is_asked_after_the_diff(home: Path, answer: bytes, is_written: bool) -> None:  # noqa: FBT001
    controller, terminal = pty.openpty()
    os.write(controller, answer)
    command = [sys.executable, "-m", "wirepost", "install", "cursor"]
    result = subprocess.run(command, check=False, stdin=terminal, capture_output=True, text=True)
    os.close(terminal)
    os.close(controller)
    assert "Make this change?" in result.stderr
    assert (home / ".cursor" / "mcp.json").exists() == is_written
    assert result.returncode == (0 if is_written else 1)


def test_a_file_that_cannot_be_edited_is_left_alone_with_something_to_paste(cli, home: Path) -> None:
    file = home / FILES["cursor"]
    file.parent.mkdir()
    file.write_text("{'mcpServers': {}}")
    result = cli("install", "cursor", "--yes")
    assert result.code == 1
    assert "is left alone: line 1 is not JSON" in result.err
    assert json.loads(result.out)["mcpServers"]["wirepost"]["args"] == ["mcp"]
    assert file.read_text() == "{'mcpServers': {}}"
    undone = cli("install", "cursor", "--undo", "--yes")
    assert undone.code == 1
    assert "by hand" in undone.err


def test_projects_have_their_own_files(cli, home: Path) -> None:
    cli("install", "cursor", "--project", "--yes")
    cli("install", "vscode", "--project", "--yes")
    assert (home / "project" / ".cursor" / "mcp.json").exists()
    assert (home / "project" / ".vscode" / "mcp.json").exists()
    assert cli("install", "codex", "--project", "--yes").code == 2


def test_claude_code_for_all_projects_is_a_command_to_run(cli) -> None:
    result = cli("install", "claude-code", "--user")
    assert result.out.startswith("claude mcp add --scope user wirepost -- ")
    assert (
        cli("install", "claude-code", "--user", "--undo").out == "claude mcp remove --scope user wirepost\n"
    )


def test_configuration_and_data_directory_are_passed_on(cli, configure, home: Path, monkeypatch) -> None:
    path = configure("connections:\n  a: {provider: stripe, environment: test, key: env:MY_KEY}\n")
    monkeypatch.setenv("WIREPOST__DATA_DIR", str(home / "elsewhere"))
    result = cli("install", "cursor", "--yes")
    command = command_in("cursor", (home / FILES["cursor"]).read_text())
    assert command[-5:] == ["mcp", "--config", str(path), "--data-dir", str(home / "elsewhere")]
    assert "does not pass on MY_KEY" in result.err


def test_everything_to_paste_is_printed(cli, configure) -> None:
    configure("server: {port: 9999}")
    out = cli("install", "print").out
    for text in (
        '"mcpServers"',
        '"servers"',
        "[mcp_servers.wirepost]",
        "claude mcp add",
        "http://127.0.0.1:9999/mcp",
    ):
        assert text in out


def test_what_a_person_added_to_the_entry_stays(cli, home: Path) -> None:
    file = home / FILES["codex"]
    file.parent.mkdir()
    file.write_text(
        '[mcp_servers.wirepost]\ncommand = "old"\nstartup_timeout_sec = 5\n'
        '\n[mcp_servers.wirepost.env]\nA = "1"\n'
    )
    assert cli("install", "codex", "--yes").code == 0
    entry = tomllib.loads(file.read_text())["mcp_servers"]["wirepost"]
    assert entry["env"] == {"A": "1"}
    assert entry["startup_timeout_sec"] == 5
    assert entry["command"] != "old"


def test_an_unknown_client_is_misuse(cli) -> None:
    assert cli("install", "emacs").code == 2
