"""The command line as a whole: help, version, exit codes, errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wirepost import __version__
from wirepost.cli.main import COMMANDS


def test_help_lists_every_command_in_a_newcomers_order(cli) -> None:
    result = cli("--help")
    assert result.code == 0
    listed = [line.split()[0] for line in result.out.partition("Commands:")[2].splitlines() if line.strip()]
    assert listed == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(cli, command: str) -> None:
    result = cli(command, "--help")
    assert result.code == 0
    assert f"wirepost {command}" in result.out or command == "mcp"


def test_the_version_is_printed(cli) -> None:
    assert cli("--version").out == f"wirepost {__version__}\n"


def test_an_unknown_command_is_misuse(cli) -> None:
    result = cli("tolls", "list")
    assert result.code == 2
    assert "No such command 'tolls'. Did you mean 'tools'?" in result.err
    far = cli("xyz")
    assert (far.code, "Did you mean" in far.err) == (2, False)
    assert "No such command 'xyz'" in far.err


def test_a_broken_configuration_is_one_line_and_exit_code_two(cli, configure) -> None:
    configure("server:\n  prot: 1\n")
    result = cli("config", "show")
    assert result.code == 2
    assert result.err == "error: wirepost.yaml:2: server.prot: is not a known option (did you mean port?)\n"


def test_errors_are_json_where_json_was_asked_for(cli, configure) -> None:
    configure("server:\n  prot: 1\n")
    result = cli("config", "show", "--json")
    assert result.code == 2
    assert result.json == {
        "error": {
            "message": "is not a known option",
            "file": "wirepost.yaml",
            "line": 2,
            "key": "server.prot",
            "hint": "did you mean port?",
        }
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("events", "replay", "--json"), "Missing option '--subscription'"),
        (("events", "list", "--limit", "0", "--json"), "Invalid value for '--limit'"),
        (("events", "list", "--json", "--nonsense"), "No such option: --nonsense"),
        (("events", "nonsense", "--json"), "No such command 'nonsense'"),
        (("eventts", "list", "--json"), "Did you mean 'events'?"),
    ],
)
def test_wrong_usage_is_json_too_where_json_was_asked_for(cli, arguments: tuple[str, ...], message) -> None:
    result = cli(*arguments)
    assert (result.code, result.err) == (2, "")
    assert message in result.json["error"]["message"]


def test_what_is_no_option_does_not_ask_for_json(cli) -> None:
    result = cli("events", "show", "--nonsense", "--", "--json")
    assert (result.code, result.out) == (2, "")
    assert "No such option: --nonsense" in result.err


def test_the_program_runs_as_a_module(home: Path) -> None:
    command = [sys.executable, "-m", "wirepost", "config", "show", "--config", "none.yaml"]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "there is no such file" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_front_gets_its_own_arguments(cli) -> None:
    result = cli("mcp", "--nonsense")
    assert result.code == 2
    assert "unknown argument --nonsense" in result.err


def test_the_front_is_reached_through_the_command_as_well(home: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "wirepost", "mcp", "--help"], check=False, capture_output=True, text=True
    )
    assert result.returncode == 0
    assert result.stdout.startswith("usage: wirepost mcp")


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["tools", "list"], ["tools", "list", "--json"], ["config", "nonsense", "--json"]],
)
@pytest.mark.parametrize(("redirection", "reason"), [(">/dev/full", "No space left"), (">&-", "Bad file")])
def test_output_that_cannot_be_written_is_one_line_and_a_failure(
    home: Path, arguments: list[str], redirection: str, reason: str
) -> None:
    command = ["sh", "-c", f'"$@" {redirection}', "sh", sys.executable, "-m", "wirepost", *arguments]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: standard output cannot be written: {reason}")
    assert result.stderr.count("\n") == 1
