"""`tools.json`: every tool with its schemas, hints, risk, scopes and token cost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.tools.catalog import PRESETS, Selection, select, token_cost, wire_entry

if TYPE_CHECKING:
    from wirepost.tools.tool import AnyTool


def entries(tools: Iterable[AnyTool]) -> list[dict[str, Any]]:
    """One manifest entry per tool, in list order."""
    everything = list(tools)
    selection = Selection(preset=None, include=[tool.name for tool in everything])
    return [_entry(tool) for tool in select(everything, selection)]


def _entry(tool: AnyTool) -> dict[str, Any]:
    wire = wire_entry(tool)
    return {
        **wire,
        "risk": str(tool.risk),
        "scopes": list(tool.scopes),
        "tokens": token_cost(wire),
        "example": tool.example,
    }


def presets(tools: Iterable[AnyTool]) -> dict[str, dict[str, int]]:
    """Size and token cost of each preset."""
    everything = list(tools)
    chosen = {name: select(everything, Selection(preset=name)) for name in PRESETS}
    return {
        name: {"tools": len(listed), "tokens": sum(token_cost(wire_entry(tool)) for tool in listed)}
        for name, listed in chosen.items()
    }


def render(tools: Iterable[AnyTool]) -> str:
    """The text of `tools.json`."""
    everything = list(tools)
    content = {"presets": presets(everything), "tools": entries(everything)}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode() + "\n"
