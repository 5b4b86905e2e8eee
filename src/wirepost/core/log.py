"""Structured logging to standard error; standard output belongs to the protocol."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from traceback import format_exception
from types import TracebackType
from typing import Any, TextIO

import orjson

from wirepost.core.redact import SECRETS

# Each writes a line for every request, which our own audit and results already tell.
_TALKATIVE = ("mcp", "uvicorn.access", "sse_starlette", "asyncio")
# These write addresses with their queries, headers and tokens; nothing of it is worth the risk at any level.
_INDISCREET = ("httpx2", "httpcore2", "authlib")

_USUAL = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"})

Event = MutableMapping[str, Any]


def configure(level: str = "info", form: str = "auto", *, stream: TextIO | None = None) -> None:
    """Route every logger of the process here; may be called again once the settings are known."""
    out = stream or sys.stderr
    is_console = form == "console" or (form == "auto" and out.isatty())
    handler = logging.StreamHandler(out)
    handler.setFormatter(_console(is_colored=out.isatty()) if is_console else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "mcp", *list(root.manager.loggerDict)):
        # A way out of its own would lead past the redaction.
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.NOTSET if level == "debug" else logging.WARNING)
    for name in _INDISCREET:
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _last_words
    logging.captureWarnings(capture=True)


def _last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What Python prints of an error that nobody caught, without the secrets that its text may quote."""
    sys.stderr.write(SECRETS.text("".join(format_exception(kind, error, trace))))


class JsonLines(logging.Formatter):
    """One JSON object a line; made here, as loading a package for it would delay each start."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without secrets."""
        extras = {name: value for name, value in vars(record).items() if name not in _USUAL}
        event: dict[str, Any] = {"event": record.getMessage(), **_place(record), **extras}
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(SECRETS.value(event)).decode()


def _console(*, is_colored: bool) -> logging.Formatter:
    """For people; the package it comes from takes a while to load."""
    import structlog
    from structlog.stdlib import ExtraAdder, ProcessorFormatter

    def redact_event(_: Any, __: str, event: Event) -> Event:
        kept = {name: event.pop(name) for name in ("_record", "_from_structlog") if name in event}
        return {**SECRETS.value(event), **kept}

    def place_event(_: Any, __: str, event: Event) -> Event:
        return {**event, **_place(event["_record"])}

    plain = structlog.dev.plain_traceback
    renderer = structlog.dev.ConsoleRenderer(colors=is_colored, exception_formatter=plain, pad_event_to=0)
    return ProcessorFormatter(
        foreign_pre_chain=[place_event, ExtraAdder(), structlog.processors.format_exc_info],
        processors=[redact_event, ProcessorFormatter.remove_processors_meta, renderer],
    )


def _place(record: logging.LogRecord) -> dict[str, str]:
    """When, how severe, and who says it."""
    moment = datetime.fromtimestamp(record.created, UTC)
    return {
        "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
    }
