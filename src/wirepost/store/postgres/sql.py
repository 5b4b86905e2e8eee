"""Where PostgreSQL's SQL differs from SQLite's: everything is written for SQLite and rewritten here."""

from __future__ import annotations

import re
from functools import lru_cache

from wirepost.store.tx import NOW

_TOKEN = re.compile(rf"{re.escape(NOW)}|'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|\?|%")
"""What is rewritten, and what must not be looked into: texts, quoted names, comments."""
_REWRITTEN = {NOW: "extract(epoch FROM clock_timestamp())::float8", "?": "%s"}

HAS_SCHEMA = "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_version'"
"""Reads the rows: `to_regclass` may still say no after another process has made the table."""

_COMMENT = re.compile(r"--[^\n]*")
_WORDS = re.compile(r"\b(INTEGER|REAL|BLOB|STRICT)\b")
_TYPES = {"INTEGER": "BIGINT", "REAL": "DOUBLE PRECISION", "BLOB": "BYTEA", "STRICT": ""}


@lru_cache(maxsize=1024)
def statement(sql: str) -> bytes:
    """A statement with `?` parameters as the driver takes it, which marks them `%s` and doubles other `%`."""
    return _TOKEN.sub(lambda token: _rewritten(token.group()), sql).encode()


def script(sql: str) -> bytes:
    """A migration, which has no parameters, with PostgreSQL's types (see the head of `schema.sql`)."""
    return _WORDS.sub(lambda word: _TYPES[word.group()], _COMMENT.sub("", sql)).encode()


def _rewritten(token: str) -> str:
    return _REWRITTEN.get(token) or token.replace("%", "%%")
