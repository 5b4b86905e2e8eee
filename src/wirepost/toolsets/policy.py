"""Tools about policy: what a call would be answered, and why."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from wirepost.calls import arguments as reading
from wirepost.calls.policy import Subject
from wirepost.core.errors import InvalidCall
from wirepost.core.money import Money
from wirepost.tools.context import Call
from wirepost.tools.results import Result
from wirepost.tools.tool import Argument, Risk, tool
from wirepost.toolsets.desk import Desk


class NamedValue(Argument):
    """An argument of the call in question."""

    name: str
    value: str


class Explanation(Result):
    """The rule that would decide, without running anything."""

    tool: str
    effect: str
    rule: str
    reason: str
    risk: str
    connection: str | None = None


@tool(
    Risk.READ,
    title="Explain the policy",
    example={"tool": "stripe_create_refund", "arguments": [{"name": "payment", "value": "pi_1"}]},
    long_help="Nothing is read from the provider: rules on amounts use amount and currency as given; without "
    "them the answer says that it depends on the amount; so it does for rules on targets.",
)
async def policy_explain(
    call: Call[Desk],
    tool: str,
    arguments: Annotated[list[NamedValue] | None, Field(description="Arguments of that call")] = None,
) -> Explanation:
    """Say which rule would allow a call, ask for confirmation or approval, or deny it."""
    listed = call.api.tools.by_name.get(tool)
    if listed is None:
        raise InvalidCall(
            "invalid_arguments",
            f"There is no tool {tool[:60]!r}",
            fields=[{"path": "tool", "problem": "is unknown", "allowed": sorted(call.api.tools.by_name)}],
        )
    raw: dict[str, Any] = {item.name: item.value for item in arguments or ()}
    connection = (
        call.api.connections.choose(listed, raw.get("connection")) if listed.is_provider_tool else None
    )
    money = _money(raw)
    if raw.keys() - {"connection", "amount", "currency"}:
        reading.read(listed, raw)
    decision = call.api.judge.explain(
        Subject(
            listed,
            connection.name if connection else "",
            connection.environment if connection else "",
            call.caller,
            money,
            is_money_known=money is not None or not listed.risk.has_preview,
            targets=None if listed.risk.has_preview else (),
            taint=await call.api.judge.taint(call.caller),
        )
    )
    return Explanation(
        tool=tool,
        effect=decision.effect,
        rule=decision.rule,
        reason=decision.reason,
        risk=str(listed.risk),
        connection=connection.name if connection else None,
    )


def _money(raw: dict[str, Any]) -> Money | None:
    if "amount" in raw and "currency" in raw:
        return Money.parse(raw["amount"], raw["currency"])
    return None
