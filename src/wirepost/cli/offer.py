"""Which tools a configuration offers, and why the others are left out."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wirepost.app import listed_tools, selection
from wirepost.core.errors import ConfigError
from wirepost.tools.catalog import PRESETS, Selection, select
from wirepost.tools.index import all_tools

if TYPE_CHECKING:
    from wirepost.settings import Loaded, Settings
    from wirepost.tools.tool import AnyTool


@dataclass(frozen=True)
class Offer:
    """All tools, the listed ones, and for each of the others one reason."""

    everything: tuple[AnyTool, ...]
    listed: tuple[AnyTool, ...]
    left_out: dict[str, str]


def offer(loaded: Loaded) -> Offer:
    """What the configuration offers; raises `ConfigError` with file and line for names that do not exist."""
    settings = loaded.settings
    tools = select(all_tools(), Selection(preset=None, toolsets={tool.toolset for tool in all_tools()}))
    try:
        chosen = select(tools, selection(settings))
    except ConfigError as error:
        raise loaded.locate(error) from None
    listed = listed_tools(settings).tools
    left_out = {
        tool.name: _reason(tool, settings, is_chosen=tool in chosen) for tool in tools if tool not in listed
    }
    return Offer(tuple(tools), listed, left_out)


def find_tool(name: str) -> AnyTool:
    """One tool by name, offered or not."""
    tools = {tool.name: tool for tool in all_tools()}
    if name not in tools:
        close = difflib.get_close_matches(name, tools, n=1)
        hint = f"did you mean {close[0]}?" if close else "wirepost tools list --all names all"
        raise ConfigError(f"there is no tool {name[:60]!r}", hint=hint)
    return tools[name]


def _reason(tool: AnyTool, settings: Settings, *, is_chosen: bool) -> str:
    if is_chosen:
        return "no connection fits it"
    if settings.read_only and not tool.risk.is_read:
        return "read_only is on"
    if tool.name in settings.tools.exclude:
        return "tools.exclude names it"
    others = [name for name, belongs in PRESETS.items() if belongs(tool)]
    found_in = f"; it is in {', '.join(others)}" if others else ""
    return f"not in the preset {settings.tools.preset}{found_in}"
