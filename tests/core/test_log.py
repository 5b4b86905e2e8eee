"""Logs go to standard error as JSON lines or text, without secrets."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest

from wirepost.core.log import configure
from wirepost.core.redact import SECRETS

KEY = "sk_live_" + "51Abcdefghijklmnop"


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def other_loggers() -> Iterator[None]:
    """Put back what `configure` changes for the whole process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hook = sys.excepthook
    yield
    sys.excepthook = hook
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    for name in ("httpx2", "httpcore2", "authlib", "mcp", "uvicorn.access", "sse_starlette", "asyncio"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def lines(out: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_record_is_one_json_object_on_a_line() -> None:
    out = StringIO()
    configure("info", "json", stream=out)
    logging.getLogger("wirepost.calls").info("called %s", "x", extra={"connection": "stripe-sandbox"})
    line = lines(out)[0]
    assert line["event"] == "called x"
    assert line["connection"] == "stripe-sandbox"
    assert (line["level"], line["logger"]) == ("info", "wirepost.calls")
    assert line["timestamp"].endswith("Z")


def test_levels_below_the_configured_one_are_dropped() -> None:
    out = StringIO()
    configure("warning", "json", stream=out)
    logging.getLogger("a").info("no")
    logging.getLogger("a").warning("yes")
    assert [line["event"] for line in lines(out)] == ["yes"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_are_redacted_wherever_they_stand(form: str) -> None:
    out = StringIO()
    configure("info", form, stream=out)
    SECRETS.add("correct-horse-battery")
    try:
        {}[KEY]
    except KeyError:
        logging.getLogger("a").exception("key %s", KEY, extra={"password": "p4ssw0rd", "deep": {"k": [KEY]}})
    logging.getLogger("a").warning("said correct-horse-battery")
    assert KEY not in out.getvalue()
    assert "p4ssw0rd" not in out.getvalue()
    assert "correct-horse-battery" not in out.getvalue()
    assert "KeyError" in out.getvalue(), "the traceback itself stays"


def test_a_value_that_is_not_json_is_written_as_text() -> None:
    out = StringIO()
    configure("info", "json", stream=out)
    logging.getLogger("a").info("x", extra={"numbers": {1: object}})
    assert "object" in out.getvalue()


def test_loggers_of_libraries_come_the_same_way_and_say_less() -> None:
    out = StringIO()
    own = logging.StreamHandler(StringIO())
    logging.getLogger("uvicorn").addHandler(own)
    configure("info", "json", stream=out)
    logging.getLogger("uvicorn").info("started")
    logging.getLogger("httpx2").info("GET /")
    logging.getLogger("mcp.server").warning("odd")
    assert [line["event"] for line in lines(out)] == ["started", "odd"]


def test_warnings_are_logged() -> None:
    out = StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure("info", "json", stream=out)
        warnings.warn("old", stacklevel=1)
    assert "old" in lines(out)[0]["event"]


def test_a_terminal_gets_text_and_a_pipe_gets_json() -> None:
    terminal, pipe = Terminal(), StringIO()
    for out in (terminal, pipe):
        configure("info", "auto", stream=out)
        logging.getLogger("a").info("hello")
    assert "hello" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")
    assert lines(pipe)[0]["event"] == "hello"


def test_it_can_be_configured_again() -> None:
    first, second = StringIO(), StringIO()
    configure("info", "json", stream=first)
    configure("debug", "json", stream=second)
    logging.getLogger("mcp").debug("now")
    assert first.getvalue() == ""
    assert [line["event"] for line in lines(second)] == ["now"]


@pytest.mark.parametrize("level", ["debug", "info", "error"])
def test_libraries_that_write_addresses_and_headers_say_nothing_of_them_at_any_level(level: str) -> None:
    out = StringIO()
    configure(level, "json", stream=out)
    for name in ("httpx2", "httpcore2.http11", "authlib.oauth2"):
        logging.getLogger(name).info("GET https://x.test/?code=abc123")
        logging.getLogger(name).debug("headers %s", {"x": "y"})
    assert out.getvalue() == ""


def test_a_logger_with_a_way_out_of_its_own_loses_it() -> None:
    past, out = StringIO(), StringIO()
    logger = logging.getLogger("a.library.of.others")
    logger.addHandler(logging.StreamHandler(past))
    logger.propagate = False
    configure("info", "json", stream=out)
    logger.warning("key %s", KEY)
    assert past.getvalue() == ""
    assert KEY not in out.getvalue()
    assert "[redacted]" in out.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_objects_are_written_without_the_secrets_they_show(form: str) -> None:
    @dataclass
    class Grant:
        access_token: str

    out = StringIO()
    configure("info", form, stream=out)
    grant = Grant("no-known-form")
    logging.getLogger("a").warning("got %r", grant, extra={"grant": grant, "error": ValueError(KEY)})
    assert "no-known-form" not in out.getvalue()
    assert KEY not in out.getvalue()
    assert "Grant(access_token=" in out.getvalue()


def test_an_error_that_nobody_catches_is_printed_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json", stream=StringIO())
    error = RuntimeError("failed")
    error.__cause__ = ValueError(f"client_secret=no-known-form and {KEY}")
    sys.excepthook(type(error), error, None)
    shown = capsys.readouterr().err
    assert "RuntimeError: failed" in shown
    assert "client_secret=[redacted] and [redacted]" in shown
