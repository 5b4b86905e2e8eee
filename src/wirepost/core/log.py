"""Structured logging to standard error; standard output belongs to the protocol."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson
import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter

from wirepost.core.redact import Redactor

# Each writes a line for every request, which our own audit and results already tell.
_TALKATIVE = ("httpx2", "httpcore2", "mcp", "uvicorn.access", "sse_starlette", "asyncio")
_OWN_HANDLERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "mcp")

Event = MutableMapping[str, Any]


def configure(
    level: str = "info", form: str = "auto", *, redactor: Redactor | None = None, stream: TextIO | None = None
) -> None:
    """Route every logger of the process here; may be called again once the settings are known."""
    out = stream or sys.stderr
    is_console = form == "console" or (form == "auto" and out.isatty())
    handler = logging.StreamHandler(out)
    handler.setFormatter(_formatter(redactor or Redactor(), is_console=is_console, is_colored=out.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _OWN_HANDLERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.NOTSET if level == "debug" else logging.WARNING)
    logging.captureWarnings(capture=True)


def _formatter(redactor: Redactor, *, is_console: bool, is_colored: bool) -> ProcessorFormatter:
    def redact_event(_: Any, __: str, event: Event) -> Event:
        kept = {name: event.pop(name) for name in ("_record", "_from_structlog") if name in event}
        return {**redactor.value(event), **kept}

    renderer: Any = _to_json
    if is_console:
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(colors=is_colored, exception_formatter=plain, pad_event_to=0)
    return ProcessorFormatter(
        foreign_pre_chain=[_place, ExtraAdder(), structlog.processors.format_exc_info],
        processors=[redact_event, ProcessorFormatter.remove_processors_meta, renderer],
    )


def _place(_: Any, __: str, event: Event) -> Event:
    """When, how severe, and who says it."""
    record: logging.LogRecord = event["_record"]
    moment = datetime.fromtimestamp(record.created, UTC)
    event["timestamp"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event["level"] = record.levelname.lower()
    event["logger"] = record.name
    return event


def _to_json(_: Any, __: str, event: Event) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
