"""The index: what lists and policy need of every tool, so that its code is loaded when it is called."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, cached_property
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.tools.tool import Risk, Tool

if TYPE_CHECKING:
    from wirepost.contracts.provider import Provider
    from wirepost.tools.tool import AnyTool

NAME = "index.json"
"""Stands beside this module and is generated from the declarations (`declarations.py`)."""
_FACTS = (
    "name",
    "title",
    "summary",
    "details",
    "is_idempotent",
    "is_provider_tool",
    "starts_job",
    "input_schema",
)
"""Attributes of a tool that are JSON as they are."""


class IndexedTool(Tool[Any, ..., Any]):
    """A tool with the facts of the index; for everything else its module is loaded."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self._module: str
        self._providers: list[str]
        vars(self).update(
            {name: entry[name] for name in _FACTS},
            risk=Risk(entry["risk"]),
            scopes=tuple(entry["scopes"]),
            _module=entry["module"],
            _providers=entry["providers"],
        )

    def runs_on(self, provider: Provider) -> bool:
        """Whether a provider's connections are what this tool needs."""
        return provider.name in self._providers

    @cached_property
    def declared(self) -> AnyTool:
        """The tool as its module declares it."""
        found: AnyTool = getattr(import_module(self._module), self.name)
        return found

    def __getattr__(self, name: str) -> Any:
        """What is not in the index."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.declared, name)


@cache
def all_tools() -> tuple[AnyTool, ...]:
    """Every tool that exists, in order of declaration."""
    entries = orjson.loads(files(__package__).joinpath(NAME).read_bytes())
    return tuple(map(IndexedTool, entries))


def render(tools: Iterable[AnyTool], providers: Iterable[Provider]) -> str:
    """The text of the index, a line for each tool."""
    known = list(providers)
    lines = [orjson.dumps(_entry(tool, known)).decode() for tool in tools]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _entry(tool: AnyTool, providers: list[Provider]) -> dict[str, Any]:
    return {
        **{name: getattr(tool, name) for name in _FACTS},
        "risk": str(tool.risk),
        "scopes": tool.scopes,
        "module": tool.operation.__module__,
        "providers": [each.name for each in providers if tool.runs_on(each)],
    }
