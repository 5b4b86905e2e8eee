"""`tools.json`: every tool with its schemas, hints, risk, scopes and token cost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.core.errors import FAMILIES
from wirepost.tools import marks
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
        "outputSchema": tool.output_schema,
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


def table(tools: Iterable[AnyTool]) -> str:
    """Toolsets and presets with their sizes, as Markdown."""
    everything = list(tools)
    by_toolset: dict[str, list[AnyTool]] = {}
    for tool in select(everything, Selection(preset=None, include=[tool.name for tool in everything])):
        by_toolset.setdefault(tool.toolset, []).append(tool)
    rows = [
        f"| `{name}` | {len(members)} | {sum(tool.risk.is_read for tool in members)} "
        f"| {sum(token_cost(wire_entry(tool)) for tool in members)} |"
        for name, members in by_toolset.items()
    ]
    sizes = [
        f"| `{name}` | {size['tools']} | {size['tokens']} |" for name, size in presets(everything).items()
    ]
    return "\n".join(
        [
            "| Toolset | Tools | of them read | Tokens |\n| --- | ---: | ---: | ---: |",
            *rows,
            "\n| Preset | Tools | Tokens |\n| --- | ---: | ---: |",
            *sizes,
            "",
        ]
    )


def reference(tools: Iterable[AnyTool]) -> str:
    """The reference page of all tools, as Markdown."""
    everything = list(tools)
    ordered = select(everything, Selection(preset=None, include=[tool.name for tool in everything]))
    return "\n".join(["# Tools\n\nGenerated from the tools themselves.\n", *map(_section, ordered)])


def _section(tool: AnyTool) -> str:
    required = tool.input_schema.get("required", [])
    arguments = [
        f"| `{name}` | {_type(node)} | {'yes' if name in required else ''} | {node.get('description', '')} |"
        for name, node in tool.input_schema["properties"].items()
    ]
    facts = [f"Risk {tool.risk}"]
    if tool.scopes:
        facts.append(f"permissions: {', '.join(f'`{scope}`' for scope in tool.scopes)}")
    example = orjson.dumps(tool.example).decode()
    return "\n".join(
        [
            f"## {tool.name}\n\n{tool.description}\n\n{'; '.join(facts)}.\n",
            *([f"{tool.long_help}\n"] if tool.long_help else []),
            "| Argument | Type | Required | |\n| --- | --- | --- | --- |",
            *arguments,
            f"\nReturns: {', '.join(f'`{name}`' for name in marks.field_names(tool.returns))}.\n",
            f"Example: `{example}`\n",
        ]
    )


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    if schema["type"] == "array":
        return f"list of {_type(schema['items'])}"
    return str(schema["type"])


def errors() -> str:
    """The reference page of error codes, as Markdown."""
    parts = ["# Errors\n\nGenerated from the error families. Every error says what to do in `hint`.\n"]
    for family in FAMILIES:
        purpose = (family.__doc__ or "").partition("\n")[0]
        retry = "may be repeated later" if family.retryable else "is not to be repeated unchanged"
        rows = [f"| `{code}` | {meaning} |" for code, meaning in family.codes.items()]
        parts.append(f"## {family.__name__}\n\n{purpose} The call {retry}.\n")
        parts.append("\n".join(["| Code | Means |\n| --- | --- |", *rows, ""]))
    return "\n".join(parts)
