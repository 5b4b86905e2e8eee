"""`connection_help`: how a tool is used, and what there is to know besides."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from wirepost.core.errors import InvalidCall
from wirepost.tools import marks
from wirepost.tools.context import Call
from wirepost.tools.results import Result
from wirepost.tools.tool import AnyTool, Risk, tool
from wirepost.toolsets.desk import Desk

if TYPE_CHECKING:
    from wirepost.connections.connections import Connection


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


@tool(
    Risk.READ,
    title="Explain a tool",
    example={"tool": "stripe_create_refund"},
    long_help="Without a tool, name a topic: confirmation, intent, paging, fields, money, errors, accounts.",
)
async def connection_help(
    call: Call[Desk],
    tool: str | None = None,
    topic: Annotated[
        str | None, Field(description="confirmation, intent, paging, fields, money, errors or accounts")
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
    "accounts": "People connect accounts in a browser; agents never see a token. not_connected, auth_expired "
    "and missing_scope carry error.connect_url where a person can mend it: show it to them (it is "
    "good for one use within 10 minutes) and repeat the same call with the same intent once they have "
    "connected the account. connection_list shows what is connected, connection_check asks the "
    "provider now, connection_authorize leads to the page ahead of a call, also for further scopes. "
    "When a person declines, do not ask again.",
}


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
    fitting = desk.connections.fitting(listed)
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
