"""`wirepost policy`: which rule would decide a call, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from wirepost.cli.options import Config, Json, command_group, read_settings
from wirepost.cli.output import print_json
from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.calls.policy import Decision, Subject
    from wirepost.settings import Settings
    from wirepost.tools.tool import AnyTool

app = command_group("Ask the policy.")

_MEANINGS = {
    "allow": "it would run",
    "confirm": "it would run after a preview, with the confirmation of that preview",
    "approve": "a person would have to approve it outside the call",
    "deny": "it would be refused",
}


@app.callback()
def noun() -> None:
    """Ask the policy."""


@app.command()
def explain(
    tool: Annotated[str, typer.Argument(help="Name of the tool.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(help="connection=…, amount=… and currency=… of that call.")
    ] = None,
    *,
    caller: Annotated[str, typer.Option(help="Who would call.")] = "local",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Say which rule would allow a call, ask for confirmation or approval, or deny it; nothing is run."""
    from wirepost.calls.policy import Policy
    from wirepost.cli.calling import read_pairs
    from wirepost.cli.offer import find_tool

    loaded = read_settings(config)
    settings = loaded.settings
    policy = Policy(settings.policy.rules, is_read_only=settings.read_only)
    subject = _subject(settings, find_tool(tool), read_pairs(arguments or []), caller)
    decision = policy.decide(subject)
    shown = {"tool": tool, "risk": str(subject.tool.risk), "connection": subject.connection or None}
    if as_json:
        print_json({**shown, **_decision(decision)})
        return
    if decision is None:
        typer.echo("it depends on amount (give amount=… and currency=…) or target (a preview tells)")
        return
    typer.echo(f"{decision.effect}: {_MEANINGS[decision.effect]}")
    origin = loaded.origin_of(f"policy.rules[{decision.rule}]")
    place = f" ({origin.place}:{origin.line})" if origin.line else ""
    typer.echo(f"by rule {decision.rule}{place}: {decision.reason}")


def _decision(decision: Decision | None) -> dict[str, str]:
    if decision is None:
        return {"effect": "depends on amount or target"}
    return {"effect": decision.effect, "rule": decision.rule, "reason": decision.reason}


def _subject(settings: Settings, tool: AnyTool, given: dict[str, str], caller: str) -> Subject:
    from wirepost.calls.policy import Subject
    from wirepost.core.money import Money

    connection = _connection(settings, tool, given.get("connection")) if tool.is_provider_tool else ""
    environment = settings.connections[connection].environment if connection else ""
    has_money = "amount" in given and "currency" in given
    money = Money.parse(given["amount"], given["currency"]) if has_money else None
    return Subject(
        tool,
        connection,
        environment,
        caller,
        money,
        is_money_known=has_money or not tool.risk.has_preview,
        targets=None if tool.risk.has_preview else (),
    )


def _connection(settings: Settings, tool: AnyTool, name: str | None) -> str:
    from wirepost.providers import load_provider

    fitting = [
        each for each, about in settings.connections.items() if tool.runs_on(load_provider(about.provider))
    ]
    if name is None and len(fitting) == 1:
        return fitting[0]
    if name not in fitting:
        problem = f"there is no connection {name!r} for it" if name else "several connections fit"
        if not fitting:
            problem = "no connection fits it"
        raise ConfigError(problem, hint=f"connection= one of {', '.join(fitting)}" if fitting else None)
    return str(name)
