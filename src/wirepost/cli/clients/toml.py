"""TOML with an entry as a table of its own; all other lines stay as they were."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wirepost.cli.clients.jsonc import CannotEdit

_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)


@dataclass(frozen=True)
class TomlFile:
    """How one client keeps its servers: a table each, below one name."""

    key: str

    def parse(self, text: str) -> Any:
        """The content."""
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise CannotEdit(f"it is not TOML: {error}") from None

    def find(self, text: str, name: str) -> Any:
        """The entry of a server, or `None`."""
        servers = self.parse(text).get(self.key)
        return servers.get(name) if isinstance(servers, dict) else None

    def put(self, text: str, name: str, entry: Mapping[str, Any]) -> str:
        """The text with the entry in it; raises `CannotEdit`."""
        wanted = self.parse(text)
        if self.find(text, name) == entry:
            return text
        servers = wanted.setdefault(self.key, {})
        if not isinstance(servers, dict):
            raise CannotEdit(f"{self.key} is not a table")
        servers[name] = dict(entry)
        span = self._span(text, name)
        table = self.snippet(name, entry) + "\n"
        if span:
            rest = text[span[1] :]
            edited = text[: span[0]] + table + ("\n" if rest else "") + rest
        else:
            edited = text.rstrip("\n") + ("\n\n" if text.strip() else "") + table
        return self._checked(edited, wanted)

    def remove(self, text: str, name: str) -> str:
        """The text without the entry; raises `CannotEdit`."""
        wanted = self.parse(text)
        if self.find(text, name) is None:
            return text
        del wanted[self.key][name]
        if not wanted[self.key]:
            del wanted[self.key]
        while span := self._span(text, name, with_nested=True):
            before, rest = text[: span[0]].rstrip("\r\n"), text[span[1] :]
            gap = "\n\n" if before and rest else "\n" if before else ""
            text = before + gap + rest
        return self._checked(text, wanted)

    def snippet(self, name: str, entry: Mapping[str, Any]) -> str:
        """What a person pastes."""
        # JSON strings and arrays of strings are TOML as well.
        flat = {key: value for key, value in entry.items() if not isinstance(value, dict)}
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in flat.items()]
        return "\n".join([f"[{self.key}.{name}]", *lines])

    def _span(self, text: str, name: str, *, with_nested: bool = False) -> tuple[int, int] | None:
        nested = r"(?:[ \t]*\.[^\]\n]+)?" if with_nested else ""
        header = rf"^[ \t]*\[[ \t]*{self.key}[ \t]*\.[ \t]*\"?{name}\"?{nested}[ \t]*\][^\n]*\n?"
        found = re.compile(header, re.MULTILINE).search(text)
        if found is None:
            return None
        following = _TABLE.search(text, found.end())
        return found.start(), following.start() if following else len(text)

    def _checked(self, edited: str, wanted: Any) -> str:
        if self.parse(edited) != wanted:
            raise CannotEdit("the result would not be what was meant")
        return edited
