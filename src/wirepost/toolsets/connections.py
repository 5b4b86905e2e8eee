"""Tools about connections: what is there, and how a tool is used."""

from __future__ import annotations

import difflib
from typing import Annotated, Any

from pydantic import Field

from wirepost.connections.connections import Connection
from wirepost.contracts.provider import Provider
from wirepost.core.errors import InvalidCall
from wirepost.tools import marks
from wirepost.tools.context import Call
from wirepost.tools.results import Page, Result
from wirepost.tools.tool import AnyTool, Risk, tool
from wirepost.toolsets.desk import Desk


class ConnectionCard(Result):
    """One connection, without its secrets."""

    id: str
    provider: str
    environment: str
    status: str
    problem: str | None = None
    accounts: list[str] | None = None
    tools: int


class ToolHelp(Result):
    """Everything worth knowing about one tool, or about a topic."""

    id: str
    title: str
    help: str
    risk: str | None = None
    example: dict[str, Any] | None = None
    arguments: list[dict[str, Any]] | None = None
    fields: list[str] | None = None
    permissions: list[str] | None = None
    connections: list[str] | None = None


@tool(Risk.READ, title="List connections", example={})
async def connection_list(
    call: Call[Desk], provider: Annotated[str | None, Field(description="Only this provider")] = None
) -> Page[ConnectionCard]:
    """List the configured accounts with provider, environment and status."""
    cards = [
        ConnectionCard(
            id=each.name,
            provider=each.provider.name,
            environment=each.environment,
            status=each.credential.status,
            problem=each.credential.problem,
            accounts=each.settings.accounts or None,
            tools=sum(1 for listed in call.api.tools.tools if _fits(each.provider, listed)),
        )
        for each in call.api.connections.by_name.values()
        if provider in (None, each.provider.name)
    ]
    start = int(call.position or 0)
    shown = cards[start : start + call.limit]
    after = [str(start + index + 1) for index in range(len(shown))]
    return Page(
        shown, has_more=start + len(shown) < len(cards), after=after, total=len(cards), total_is="exact"
    )


@tool(
    Risk.READ,
    title="Explain a tool",
    example={"tool": "stripe_create_refund"},
    long_help="Without a tool, name a topic: confirmation, intent, paging, fields, money, errors.",
)
async def connection_help(
    call: Call[Desk],
    tool: str | None = None,
    topic: Annotated[
        str | None, Field(description="confirmation, intent, paging, fields, money or errors")
    ] = None,
) -> ToolHelp:
    """Explain one tool: arguments, an example, result fields, permissions."""
    if tool is not None:
        return _describe(call.api, tool)
    wanted = topic or "tools"
    if wanted == "tools":
        names = ", ".join(listed.name for listed in call.api.tools.tools)
        return ToolHelp(id="tools", title="Tools", help=f"Name one of: {names}. Topics: {', '.join(TOPICS)}")
    if wanted not in TOPICS:
        raise InvalidCall(
            "invalid_arguments",
            f"There is no topic {wanted[:40]!r}",
            fields=[{"path": "topic", "problem": "is unknown", "allowed": list(TOPICS)}],
        )
    return ToolHelp(id=wanted, title=wanted.capitalize(), help=TOPICS[wanted])


TOPICS = {
    "confirmation": "Tools of risk W2 to W4 are planned first. Call with mode=preview to see the plan and "
    "get a confirmation, show the plan to the person, then repeat the same call with that "
    "confirmation. It is valid once, for 10 minutes, for the same arguments, and only "
    "while the state shown in the plan has not changed.",
    "intent": "intent names a business action, not a call. Repeat a call with the same intent after "
    "a lost answer: you get the first result and nothing happens twice. Use a new intent "
    "only for a new action.",
    "paging": "Lists return page.next_cursor while there is more. Pass it as cursor with otherwise "
    "the same arguments. A cursor is valid for 24 hours. limit is 1 to 100, 20 by "
    "default.",
    "fields": "fields names what to return of each record; without it the compact set is returned. "
    "max_tokens (500 to 20000) bounds the result: whole records are returned until it is "
    "reached, the rest follows behind the cursor.",
    "money": 'Amounts are decimal strings in major units, such as "12.50", with a currency. '
    "Results also carry amount_minor. An operator can limit amounts per action and per "
    "day.",
    "errors": "error.code says what happened, error.hint what to do, error.outcome whether anything "
    "was applied: not_applied, applied or unknown. With retryable true, wait "
    "error.retry_after_s and repeat.",
}


def _fits(provider: Provider, listed: AnyTool) -> bool:
    return listed.is_provider_tool and provider.can_serve(listed.needs)


def _describe(desk: Desk, name: str) -> ToolHelp:
    listed = desk.tools.by_name.get(name)
    if listed is None:
        close = difflib.get_close_matches(name, desk.tools.by_name, n=3)
        raise InvalidCall(
            "invalid_arguments",
            f"There is no tool {name[:60]!r}",
            fields=[
                {"path": "tool", "problem": "is unknown", "allowed": close or sorted(desk.tools.by_name)}
            ],
        )
    required = listed.input_schema.get("required", [])
    arguments = [
        {"name": key, "required": key in required, **schema}
        for key, schema in listed.input_schema["properties"].items()
    ]
    fitting = [each for each in desk.connections.by_name.values() if _fits(each.provider, listed)]
    return ToolHelp(
        id=listed.name,
        title=listed.title,
        help=f"{listed.description} {listed.long_help}".strip(),
        risk=str(listed.risk),
        example=listed.example,
        arguments=arguments,
        fields=list(marks.field_names(listed.returns)),
        permissions=_permissions(listed, fitting) or None,
        connections=[each.name for each in fitting] or None,
    )


def _permissions(listed: AnyTool, fitting: list[Connection]) -> list[str]:
    """What a credential needs; a tool that several vendors can run needs something else at each."""
    if listed.scopes:
        return list(listed.scopes)
    by_provider = {each.provider.name: each.provider.scopes_of(listed) for each in fitting}
    return [f"{name}: {scope}" for name, scopes in by_provider.items() for scope in scopes]
