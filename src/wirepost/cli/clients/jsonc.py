"""JSON with comments, edited in place: everything that is not the entry stays as it was, to the byte."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_SPACE = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_SCALAR = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null")
_MAX_DEPTH = 100


class CannotEdit(ValueError):
    """The file is not what this editor understands, so it stays untouched."""


@dataclass
class Member:
    """One key of an object and where it and its value stand."""

    start: int
    value: Node


@dataclass
class Node:
    """One value and where it stands."""

    start: int
    end: int
    value: Any
    members: dict[str, Member] = field(default_factory=dict)


@dataclass(frozen=True)
class JsonFile:
    """How one client keeps its servers: an object under one key."""

    key: str

    def parse(self, text: str) -> Any:
        """The content; an empty file is an empty object."""
        return _root(text).value if text.strip("\ufeff \t\r\n") else {}

    def find(self, text: str, name: str) -> Any:
        """The entry of a server, or `None`."""
        servers = self.parse(text).get(self.key)
        return servers.get(name) if isinstance(servers, dict) else None

    def put(self, text: str, name: str, entry: Mapping[str, Any]) -> str:
        """The text with the entry in it; raises `CannotEdit`."""
        if not text.strip("\ufeff \t\r\n"):
            return self.snippet(name, entry) + "\n"
        wanted = self.parse(text)
        if self.find(text, name) == entry:
            return text
        servers = wanted.setdefault(self.key, {})
        if not isinstance(servers, dict):
            raise CannotEdit(f"{self.key} is not an object")
        servers[name] = dict(entry)
        root = _root(text)
        group = root.members.get(self.key)
        if group is None:
            edited = _insert(text, root, self.key, {name: entry})
        elif name in group.value.members:
            old = group.value.members[name]
            block = _block(text, entry, _column(text, old.start))
            edited = text[: old.value.start] + block + text[old.value.end :]
        else:
            edited = _insert(text, group.value, name, entry)
        return self._checked(edited, wanted)

    def remove(self, text: str, name: str) -> str:
        """The text without the entry; raises `CannotEdit`."""
        wanted = self.parse(text)
        if self.find(text, name) is None:
            return text
        del wanted[self.key][name]
        group = _root(text).members[self.key].value
        return self._checked(_cut(text, group, name), wanted)

    def snippet(self, name: str, entry: Mapping[str, Any]) -> str:
        """What a person pastes."""
        return _rendered({self.key: {name: entry}}, "", "  ")

    def _checked(self, edited: str, wanted: Any) -> str:
        if self.parse(edited) != wanted:
            raise CannotEdit("the result would not be what was meant")
        return edited


def _root(text: str) -> Node:
    start = 1 if text.startswith("\ufeff") else 0
    node = _read(text, _skip(text, start), 0)
    if _skip(text, node.end) != len(text):
        raise CannotEdit(f"there is something behind the end, on line {_line(text, node.end)}")
    if not isinstance(node.value, dict):
        raise CannotEdit("it does not hold an object")
    return node


def _read(text: str, at: int, depth: int) -> Node:
    if depth > _MAX_DEPTH:
        raise CannotEdit("it is nested too deeply")
    if text.startswith("{", at):
        return _object(text, at, depth)
    if text.startswith("[", at):
        return _array(text, at, depth)
    found = _STRING.match(text, at) or _SCALAR.match(text, at)
    if found is None:
        raise CannotEdit(f"line {_line(text, at)} is not JSON")
    try:
        return Node(at, found.end(), json.loads(found.group()))
    except ValueError:
        raise CannotEdit(f"line {_line(text, at)} is not JSON") from None


def _object(text: str, at: int, depth: int) -> Node:
    node = Node(at, at, {})
    at = _skip(text, at + 1)
    while not text.startswith("}", at):
        key = _STRING.match(text, at)
        if key is None:
            raise CannotEdit(f"line {_line(text, at)} is not JSON")
        name = json.loads(key.group())
        if name in node.members:
            raise CannotEdit(f"line {_line(text, at)} has the key {name[:40]!r} a second time")
        colon = _skip(text, key.end())
        if not text.startswith(":", colon):
            raise CannotEdit(f"line {_line(text, colon)} is not JSON")
        value = _read(text, _skip(text, colon + 1), depth + 1)
        node.members[name] = Member(at, value)
        node.value[name] = value.value
        at = _after_element(text, value.end, "}")
    node.end = at + 1
    return node


def _array(text: str, at: int, depth: int) -> Node:
    node = Node(at, at, [])
    at = _skip(text, at + 1)
    while not text.startswith("]", at):
        element = _read(text, at, depth + 1)
        node.value.append(element.value)
        at = _after_element(text, element.end, "]")
    node.end = at + 1
    return node


def _after_element(text: str, at: int, closing: str) -> int:
    at = _skip(text, at)
    if text.startswith(",", at):
        return _skip(text, at + 1)
    if not text.startswith(closing, at):
        raise CannotEdit(f"line {_line(text, at)} is not JSON")
    return at


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _insert(text: str, group: Node, name: str, value: Any) -> str:
    """Put a member behind the last one, in the manner of the file."""
    if ("\n" not in text.strip() and text.strip() != "{}") or (
        group.members and "\n" not in text[group.start : group.end]
    ):
        return _insert_inline(text, group, name, value)
    outer = _column(text, group.start)
    line_end = _line_end(text)
    members = list(group.members.values())
    indent = _column(text, members[-1].start) if members else outer + _step(text)
    member = f"{indent}{_quoted(name)}: {_block(text, value, indent)}"
    if not members:
        inside = text[group.start + 1 : group.end - 1].rstrip()
        return f"{text[: group.start + 1]}{inside}{line_end}{member}{line_end}{outer}{text[group.end - 1 :]}"
    end = members[-1].value.end
    behind = _skip(text, end)
    has_comma = text.startswith(",", behind)
    at = behind + 1 if has_comma else end
    at = _end_of_line_comment(text, at)
    # The comma belongs behind the value, not behind a comment that follows it.
    head = text[:at] if has_comma else text[:end] + "," + text[end:at]
    rest = text[at:]
    tail = rest if rest.startswith(("\n", "\r")) else f"{line_end}{outer}{rest.lstrip(' ')}"
    return f"{head}{line_end}{member}{',' if has_comma else ''}{tail}"


def _insert_inline(text: str, group: Node, name: str, value: Any) -> str:
    member = f"{_quoted(name)}: {json.dumps(value, ensure_ascii=False)}"
    if not group.members:
        return f"{text[: group.start + 1]}{member}{text[group.start + 1 :]}"
    end = list(group.members.values())[-1].value.end
    return f"{text[:end]}, {member}{text[end:]}"


def _end_of_line_comment(text: str, at: int) -> int:
    found = re.compile(r"[ \t]*(?://[^\n]*?|/\*[^\n]*?\*/[ \t]*)(?=\r?\n)").match(text, at)
    return found.end() if found else at


def _cut(text: str, group: Node, name: str) -> str:
    names = list(group.members)
    member = group.members[name]
    index = names.index(name)
    start, end = member.start, member.value.end
    behind = _skip(text, end)
    if text.startswith(",", behind):
        end = behind + 1
    elif index > 0:
        before = group.members[names[index - 1]].value.end
        comma = text.index(",", _skip(text, before))
        text = text[:comma] + text[comma + 1 :]
        start, end = start - 1, end - 1
    line_start = text.rfind("\n", 0, start) + 1
    if not text[line_start:start].strip() and re.match(r"[ \t]*\r?\n", text[end:]):
        return text[:line_start] + text[end:].partition("\n")[2]
    return text[:start] + text[end:].lstrip(" ")


def _column(text: str, at: int) -> str:
    """The white space that begins the line of a position."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _step(text: str) -> str:
    found = re.search(r"\n([ \t]+)\S", text)
    return found[1] if found else "  "


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _block(text: str, value: Any, indent: str) -> str:
    return _rendered(value, indent, _step(text)).replace("\n", _line_end(text))


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _rendered(value: Any, indent: str, step: str) -> str:
    """Objects over several lines, everything else on one."""
    if not isinstance(value, Mapping) or not value:
        return _quoted(value)
    inner = indent + step
    members = (f"{inner}{_quoted(name)}: {_rendered(below, inner, step)}" for name, below in value.items())
    return "{\n" + ",\n".join(members) + f"\n{indent}}}"
