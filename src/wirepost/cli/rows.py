"""Rows in files of people: CSV and JSON lines, read and written one after the other."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import orjson

from wirepost.core.errors import ConfigError

Form = Literal["csv", "jsonl"]
_BY_SUFFIX: Mapping[str, Form] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


def form_of(path: Path) -> Form:
    """What the name of a file says of it; raises `ConfigError`."""
    form = _BY_SUFFIX.get(path.suffix.lower())
    if form is None:
        raise ConfigError(
            f"{path.name[:80]} is neither CSV nor JSON lines by its name", hint="say which with --format"
        )
    return form


def read(path: Path, form: Form) -> Iterator[dict[str, Any]]:
    """The rows of a file in UTF-8; raises `ConfigError` naming the line that is wrong."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _read_csv(file, path) if form == "csv" else _read_lines(file, path)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", file=str(path)) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"is not UTF-8: {error.reason}", file=str(path)) from None


def _read_csv(file: IO[str], path: Path) -> Iterator[dict[str, Any]]:
    reader = csv.DictReader(file, strict=True)
    names = reader.fieldnames or []
    if not names or len(set(names)) < len(names) or not all(names):
        raise ConfigError("its first line must name each column, each once", file=str(path), line=1)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise ConfigError(f"has not {len(names)} fields", file=str(path), line=reader.line_num)
            yield row
    except csv.Error as error:
        line = reader.reader.line_num
        raise ConfigError(f"is no CSV: {error}", file=str(path), line=line) from None


def _read_lines(file: IO[str], path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise ConfigError(f"is no JSON: {error}", file=str(path), line=number) from None
        if not isinstance(row, dict):
            raise ConfigError("is no JSON object", file=str(path), line=number)
        yield row


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that was not there, and is not left behind unfinished; raises `ConfigError`."""
    try:
        with path.open("xb") as file:
            try:
                yield file
            except BaseException:
                path.unlink(missing_ok=True)
                raise
    except FileExistsError:
        raise ConfigError("exists already", file=str(path)) from None
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", file=str(path)) from None


def in_json(row: Mapping[str, Any]) -> bytes:
    """One row as a line of JSON."""
    return orjson.dumps(row) + b"\n"


async def in_csv(rows: AsyncIterator[Mapping[str, Any]], columns: list[str]) -> AsyncIterator[bytes]:
    """The rows as CSV, the names of the columns first; what is no text or number is written as JSON."""
    yield _csv_line(columns)
    async for row in rows:
        yield _csv_line([_cell(row.get(name)) for name in columns])


def _csv_line(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
