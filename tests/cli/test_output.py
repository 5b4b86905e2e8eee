"""Tables, JSON and errors."""

from __future__ import annotations

import io
import json
import sys

import pytest

from wirepost.cli.output import FAILED, MISUSED, REFUSED, plain, print_error, print_json, print_table
from wirepost.core.errors import ConfigError, NotAllowed, Unavailable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_table_in_a_pipe_is_plain_columns(capsys) -> None:
    print_table(("tool", "risk"), [("stripe_create_refund", "W3"), ("x", None)])
    assert capsys.readouterr().out == "TOOL                  RISK\nstripe_create_refund  W3\nx\n"


def test_a_table_on_a_terminal_is_drawn(monkeypatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    print_table(("tool",), [("[bold]x[/bold]",)])
    assert "[bold]x[/bold]" in terminal.getvalue(), "cells are text, not markup"


def test_a_cell_cannot_rewrite_the_terminal(capsys) -> None:
    print_table(("name",), [("a\x1b[2Jb\nc\u202ed",)])
    assert capsys.readouterr().out == "NAME\na [2Jb c d\n"


def test_json_is_compact_in_a_pipe_and_indented_on_a_terminal(capsys, monkeypatch) -> None:
    print_json({"a": [1]})
    assert capsys.readouterr().out == '{"a":[1]}\n'
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    print_json({"a": [1]})
    assert terminal.getvalue().count("\n") > 3


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (
            ConfigError("is wrong", file="f", line=2, key="k", hint="try"),
            MISUSED,
            "error: f:2: k: is wrong (try)\n",
        ),
        (
            NotAllowed("forbidden_by_policy", "No", hint="ask"),
            REFUSED,
            "error: forbidden_by_policy: No (ask)\n",
        ),
        (Unavailable("timeout", "Too slow"), FAILED, "error: timeout: Too slow\n"),
    ],
)
def test_an_error_is_one_line_with_a_code(capsys, error, code: int, text: str) -> None:
    assert print_error(error, is_json=False) == code
    assert capsys.readouterr().err == text


def test_an_error_is_json_where_that_was_asked_for(capsys) -> None:
    print_error(ConfigError("is wrong", key="k"), is_json=True)
    print_error(Unavailable("timeout", "Too slow", retry_after_s=3), is_json=True)
    config, call = (json.loads(line)["error"] for line in capsys.readouterr().out.splitlines())
    assert config == {"message": "is wrong", "key": "k"}
    assert call["code"] == "timeout"
    assert call["retry_after_s"] == 3


def test_what_has_parts_is_shown_as_json_on_one_line() -> None:
    assert plain({"done": 2, "note": "a\nb", "cost": None}) == '{"done":2,"note":"a\\nb","cost":null}'
    assert plain(["über", 1]) == '["über",1]'
