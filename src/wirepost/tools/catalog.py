"""Which tools a caller sees: presets, toolsets, single tools, exclusions, read-only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.core.errors import ConfigError
from wirepost.tools import schema
from wirepost.tools.scopes import caller_scope, implied

if TYPE_CHECKING:
    from wirepost.tools.tool import AnyTool

MAX_LISTED = 40
MAX_LIST_BYTES = 40_000
"""Of a list that describes arguments; a longer one is a burden to each model request, and is told briefly."""
CHARACTERS_PER_TOKEN = 4

_STRIPE_READS = """
    stripe_find_customers stripe_get_customer stripe_list_payments stripe_list_invoices
    stripe_list_subscriptions
"""
_MINIMAL = """
    connection_list connection_help crm_search_records crm_get_records crm_describe_object
    slack_search_messages slack_read_thread slack_send_message stripe_find_customers stripe_get_customer
    job_get job_get_result event_list
"""
_SUPPORT = """
    crm_create_records crm_update_records crm_log_activity crm_list_links crm_link_records
    customer_get_overview stripe_list_payments stripe_get_payment stripe_list_refunds stripe_create_refund
    shopify_search_orders shopify_get_order slack_ask ai_analyze_text github_create_issue event_get
    event_wait event_ack approval_get policy_explain
"""
_REVOPS = f"""
    crm_list_objects crm_describe_object crm_search_records crm_list_records crm_get_records
    crm_create_records crm_update_records crm_upsert_records crm_list_links crm_link_records
    crm_log_activity crm_list_owners crm_list_pipelines crm_summarize_records salesforce_query
    crm_start_export {_STRIPE_READS} slack_search_messages slack_read_channel slack_read_thread
    slack_find_users slack_send_message slack_ask ai_analyze_text ai_generate_text job_get job_list
    job_get_result job_cancel event_list event_get event_wait event_ack connection_list connection_help
"""
_FINANCE = """
    crm_search_records crm_get_records crm_describe_object slack_ask job_get job_list job_get_result
    event_list event_get event_wait event_ack approval_list approval_get connection_list
    connection_help policy_explain
"""
_NOT_IN_READONLY = frozenset({"crm_start_export", "stripe_start_report", "slack_list_scheduled"})
_READONLY_TOOLSETS = frozenset(
    {"crm", "salesforce", "hubspot", "stripe", "slack", "job", "connection", "policy"}
)
_READONLY_SINGLES = frozenset({"event_list", "event_get", "event_wait", "customer_get_overview"})


def _named(*texts: str) -> Callable[[AnyTool], bool]:
    names = frozenset(" ".join(texts).split())
    return lambda tool: tool.name in names


PRESETS: Mapping[str, Callable[[AnyTool], bool]] = {
    "minimal": _named(_MINIMAL),
    "support": _named(_MINIMAL, _SUPPORT),
    "revops": _named(_REVOPS),
    "finance": lambda tool: tool.toolset == "stripe" or _named(_FINANCE)(tool),
    "readonly": lambda tool: (
        tool.risk.is_read
        and tool.name not in _NOT_IN_READONLY
        and (tool.toolset in _READONLY_TOOLSETS or tool.name in _READONLY_SINGLES)
    ),
}
"""Preset → which tools belong to it. A tool that does not exist yet is simply not there."""


@dataclass(frozen=True)
class Selection:
    """What the configuration asks for; read-only beats everything, exclusions beat inclusions."""

    preset: str | None = "support"
    toolsets: Collection[str] = ()
    include: Collection[str] = ()
    exclude: Collection[str] = ()
    is_read_only: bool = False


def select(tools: Iterable[AnyTool], selection: Selection) -> list[AnyTool]:
    """The selected tools in their fixed order (prefix, then name).

    Raises `ConfigError` for a preset, toolset or tool that does not exist.
    """
    everything = sorted(tools, key=lambda tool: tool.name.partition("_"))
    _check_names(everything, selection)
    in_preset = PRESETS[selection.preset] if selection.preset else lambda _: False

    def is_wanted(tool: AnyTool) -> bool:
        if (selection.is_read_only and not tool.risk.is_read) or tool.name in selection.exclude:
            return False
        return in_preset(tool) or tool.toolset in selection.toolsets or tool.name in selection.include

    return [tool for tool in everything if is_wanted(tool)]


def _check_names(tools: list[AnyTool], selection: Selection) -> None:
    names, toolsets = {tool.name for tool in tools}, {tool.toolset for tool in tools}
    checks = (
        ("tools.preset", {selection.preset} - {None, ""}, set(PRESETS)),
        ("tools.toolsets", set(selection.toolsets), toolsets),
        ("tools.include", set(selection.include), names),
        ("tools.exclude", set(selection.exclude), names),
    )
    for key, wanted, known in checks:
        for unknown in sorted(str(name) for name in wanted - known):
            msg = f"there is no {unknown!r}"
            raise ConfigError(msg, key=key, hint=f"known: {', '.join(sorted(known))}")


def wire_entry(tool: AnyTool) -> dict[str, Any]:
    """The tool as `tools/list` shows it; a broken schema stops start-up, by name.

    Of the result it says only that it is an object: a list is read at every start of a client, and the fields
    of a result are in the manifest and in `connection_help`.
    """
    broken = schema.problems(tool.name, tool.input_schema)
    if broken:
        raise ConfigError("; ".join(broken), key=tool.name)
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": tool.input_schema,
        "outputSchema": {"type": "object"},
        "annotations": tool.hints,
    }


def token_cost(entry: dict[str, Any]) -> int:
    """What a definition costs in each model request: name, description, input schema; 4 characters each."""
    shown = {key: entry[key] for key in ("name", "description", "inputSchema")}
    return len(orjson.dumps(shown).decode()) // CHARACTERS_PER_TOKEN


@dataclass(frozen=True, eq=False)
class ToolList:
    """The list for callers with the same rights, built once and handed out as it is."""

    tools: tuple[AnyTool, ...]

    @cached_property
    def by_name(self) -> dict[str, AnyTool]:
        """Name → tool."""
        return {tool.name: tool for tool in self.tools}

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """What `tools/list` returns; of arguments a long list says what they are, and not what they mean."""
        whole = self._whole
        if not self.is_brief:
            return whole
        return [{**entry, "inputSchema": schema.brief(entry["inputSchema"])} for entry in whole]

    @cached_property
    def is_brief(self) -> bool:
        """Whether arguments are not described, because the list would be too long; `connection_help` does."""
        return len(orjson.dumps(self._whole)) > MAX_LIST_BYTES

    @cached_property
    def _whole(self) -> list[dict[str, Any]]:
        return [wire_entry(tool) for tool in self.tools]

    @cached_property
    def tokens(self) -> int:
        """Token cost of the whole list."""
        return sum(token_cost(entry) for entry in self.entries)

    def input_schema(self, name: str) -> dict[str, Any] | None:
        """The input schema of one listed tool."""
        tool = self.by_name.get(name)
        return tool.input_schema if tool else None


class Catalog:
    """The list as it is now, and the part of it that callers see."""

    def __init__(self, listed: ToolList, enabled: ToolList | None = None) -> None:
        self._listed = listed
        self._enabled = enabled or listed
        """What the configuration asks for, with what is not listed for want of a permission."""
        self._by_scopes = lru_cache(maxsize=64)(_allowed)
        self.on_change: list[Callable[[], Awaitable[None]]] = []
        """Who is told when the list has changed."""

    @property
    def listed(self) -> ToolList:
        """Every tool that is offered."""
        return self._listed

    def visible(self, scopes: frozenset[str] | None) -> ToolList:
        """The tools for a caller with these scopes; without any (`None`) a caller sees the whole list."""
        return self._listed if scopes is None else self._by_scopes(self._listed, scopes)

    def enabled(self, scopes: frozenset[str] | None) -> ToolList:
        """The tools such a caller may call: the visible ones, and those that only lack a permission."""
        return self._enabled if scopes is None else self._by_scopes(self._enabled, scopes)

    async def replace(self, listed: ToolList) -> None:
        """Offer other tools from now on."""
        if listed.tools == self._listed.tools:
            return
        self._listed = listed
        self._by_scopes.cache_clear()
        for tell in self.on_change:
            await tell()


def _allowed(tools: ToolList, scopes: frozenset[str]) -> ToolList:
    held = implied(scopes)
    return ToolList(tuple(tool for tool in tools.tools if caller_scope(tool) in held))
