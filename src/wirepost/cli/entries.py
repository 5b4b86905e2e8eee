"""Entries of one section of wirepost.yaml: put in and taken out, while every other line stays as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wirepost.core.errors import ConfigError
from wirepost.core.yaml import Document, read

_INDENT = 2
_PLAIN = re.compile(r"[A-Za-z_][\w./@-]*(:[\w./@-]+)*", re.ASCII)


def put_entry(text: str, section: str, name: str, entry: Mapping[str, Any]) -> str:
    """The text with one more entry; raises `ConfigError` where it must be written by hand."""
    document = read(text, _FILE)
    held = _section(document, section)
    if name in held:
        raise ConfigError(f"{name} is there already", key=f"{section}.{name}", hint="choose another name")
    lines = text.splitlines()
    if held:
        indent = _column(lines[document.lines[section, next(iter(held))] - 1])
        at = _last_line_of(lines, document, section)
    else:
        indent = _INDENT
        at = document.lines.get((section,), 0)
        if not at:
            lines += [*([""] if lines and lines[-1].strip() else []), f"{section}:"]
            at = len(lines)
    lines[at:at] = [" " * indent + line for line in snippet(name, entry)]
    return _checked(lines, document, section, {**held, name: dict(entry)})


def remove_entry(text: str, section: str, name: str) -> str:
    """The text without an entry; comments above it stay. Raises `ConfigError` as `put_entry` does."""
    document = read(text, _FILE)
    held = _section(document, section)
    if name not in held:
        return text
    lines = text.splitlines()
    first = document.lines[section, name]
    indent = _column(lines[first - 1])
    last = first
    for number in range(first + 1, len(lines) + 1):
        line = lines[number - 1]
        if line.strip() and _column(line) <= indent:
            break
        if line.strip():
            last = number
    rest = {key: value for key, value in held.items() if key != name}
    if not rest:
        first = document.lines[section,]
    del lines[first - 1 : last]
    return _checked(lines, document, section, rest)


def snippet(name: str, entry: Mapping[str, Any]) -> list[str]:
    """An entry as lines."""
    lines = [f"{name}:"]
    for key, value in entry.items():
        if isinstance(value, Mapping):
            lines += [" " * _INDENT + line for line in snippet(key, value)]
        else:
            lines.append(f"{' ' * _INDENT}{key}: {_written(value)}")
    return lines


_FILE = "wirepost.yaml"


def _section(document: Document, section: str) -> dict[str, Any]:
    whole = document.value
    held = (whole or {}).get(section) if isinstance(whole, dict | None) else whole
    if held is not None and not isinstance(held, dict):
        raise ConfigError("is not a mapping", key=section, hint="mend it first: wirepost config check")
    for key in held or {}:
        if document.lines[section, key] == document.lines[section,]:
            raise _by_hand(section)
    return dict(held or {})


def _last_line_of(lines: list[str], document: Document, section: str) -> int:
    """The last line (from 1) that belongs to a section; comments at the margin belong to what follows."""
    first = document.lines[section,]
    following = [line for path, line in document.lines.items() if len(path) == 1 and line > first]
    end = min(following, default=len(lines) + 1) - 1
    while end > first and (not lines[end - 1].strip() or not _column(lines[end - 1])):
        end -= 1
    return end


def _column(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_written(each) for each in value)}]"
    text = str(value)
    if isinstance(value, int) or (_PLAIN.fullmatch(text) and text.lower() not in {"true", "false", "null"}):
        return text
    import orjson

    return orjson.dumps(text).decode()


def _checked(lines: list[str], document: Document, section: str, wanted: Mapping[str, Any]) -> str:
    """The new text, if it means exactly what it should."""
    text = "\n".join(lines) + "\n" if lines else ""
    expected = {**(document.value or {}), section: dict(wanted)}
    if not wanted:
        del expected[section]
    try:
        found = read(text, _FILE).value
    except ConfigError:
        found = None
    if (found or {}) != expected:
        raise _by_hand(section)
    return text


def _by_hand(section: str) -> ConfigError:
    return ConfigError(
        f"{section} is written in a form that cannot be edited safely", key=section, hint="edit it by hand"
    )
