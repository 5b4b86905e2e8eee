"""One tool call from the command line: through the running server, or in this process when there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import typer

from wirepost.cli.output import FAILED, REFUSED, print_json, print_note
from wirepost.cli.remote import Remote
from wirepost.core.errors import ConfigError, InvalidCall
from wirepost.store.owner import DataDirectory

if TYPE_CHECKING:
    from wirepost.settings import Loaded

_REFUSALS = frozenset(
    {"forbidden_by_policy", "confirmation_required", "approval_required", "duplicate_suspected"}
)


@dataclass(frozen=True)
class Outcome:
    """How the call ended; a running server does not tell the trace."""

    envelope: Mapping[str, Any]
    is_error: bool
    trace: tuple[tuple[str, float], ...] = ()

    @property
    def plan(self) -> Mapping[str, Any] | None:
        """What a person has to accept before the call is carried out."""
        error = self.envelope.get("error", {})
        return error.get("plan") if error.get("code") == "confirmation_required" else None


def call_tool(
    loaded: Loaded, name: str, arguments: Mapping[str, Any], texts: Mapping[str, str], *, may_ask: bool
) -> Outcome:
    """Run one tool; where it needs a confirmation and a person is there, show the plan and ask.

    `texts` are arguments as they were typed; they become numbers and lists where the tool takes such.
    """
    twice = next((key for key in texts if key in arguments), None)
    if twice:
        raise ConfigError(f"the argument {twice} is given twice")
    owner = DataDirectory(loaded.settings.data_dir).find_owner()
    if owner is None:
        return asyncio.run(_call_here(loaded, name, arguments, texts, may_ask=may_ask))
    with Remote(owner.socket) as remote:
        listed = remote.request("tools/list", {})["tools"]
        schema = next((tool["inputSchema"] for tool in listed if tool["name"] == name), None)
        given = {**arguments, **typed(texts, schema)}
        if problem := _refusal(name, given):
            return Outcome({"error": problem.payload()}, is_error=True)
        outcome = Outcome(*remote.call_tool(name, given, print_progress))
        if may_ask and _is_accepted(outcome):
            outcome = Outcome(*remote.call_tool(name, _with_confirmation(given, outcome), print_progress))
        return outcome


def _refusal(name: str, given: Mapping[str, Any]) -> InvalidCall | None:
    """What a call says of arguments that no line to the server can carry: half characters, or too much."""
    import orjson

    from wirepost.calls.arguments import MAX_ARGUMENT_BYTES, read
    from wirepost.tools.index import all_tools

    with suppress(TypeError):
        if len(orjson.dumps(given)) <= MAX_ARGUMENT_BYTES:
            return None
    try:
        for tool in all_tools():
            if tool.name == name:
                read(tool, given)
    except InvalidCall as problem:
        return problem
    return None


async def _call_here(
    loaded: Loaded, name: str, arguments: Mapping[str, Any], texts: Mapping[str, str], *, may_ask: bool
) -> Outcome:
    from wirepost.app import build_app
    from wirepost.calls.caller import LOCAL
    from wirepost.core.log import configure

    configure("warning", loaded.settings.logging.format)
    app = await build_app(loaded.settings)
    caller = replace(LOCAL, client="wirepost-cli")

    async def report(done: float, total: float | None, message: str | None) -> None:
        print_progress({"progress": done, "total": total, "message": message})

    async def call(given: Mapping[str, Any]) -> Outcome:
        ended = await app.calls.call(caller, name, given, report=report)
        return Outcome(ended.envelope, ended.is_error, ended.trace)

    try:
        given = {**arguments, **typed(texts, app.calls.tools(caller).input_schema(name))}
        outcome = await call(given)
        if may_ask and _is_accepted(outcome):
            outcome = await call(_with_confirmation(given, outcome))
        return outcome
    finally:
        await app.close()


def typed(texts: Mapping[str, str], schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """Arguments in the types of the schema; what does not fit stays text, and the tool says what is wrong."""
    properties = (schema or {}).get("properties", {})
    return {name: _typed(text, properties.get(name, {}).get("type")) for name, text in texts.items()}


def _typed(text: str, kind: str | None) -> Any:
    import orjson

    if kind in (None, "string"):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text.split(",") if kind == "array" else text


def read_pairs(pairs: Iterable[str]) -> dict[str, str]:
    """Arguments written as key=value."""
    given: dict[str, str] = {}
    for pair in pairs:
        name, is_pair, value = pair.partition("=")
        if not is_pair or not name:
            hint = "write key=value, or one JSON object after --args"
            raise ConfigError(f"{pair[:60]!r} is not an argument", hint=hint)
        if name in given:
            raise ConfigError(f"the argument {name} is given twice")
        given[name] = value
    return given


def print_outcome(outcome: Outcome, *, as_json: bool) -> int:
    """Data to standard output, the rest to standard error; returns the exit code."""
    error = outcome.envelope.get("error")
    if as_json:
        print_json(outcome.envelope)
    elif error:
        _print_failure(error)
    else:
        shown = {key: outcome.envelope[key] for key in ("data", "page") if key in outcome.envelope}
        print_json(shown if "page" in shown else shown["data"])
    if not as_json:
        for warning in outcome.envelope.get("warnings", ()):
            print_note(f"warning: {warning}")
    if not error:
        return FAILED if outcome.is_error else 0
    return REFUSED if error.get("code") in _REFUSALS else FAILED


def _print_failure(error: Mapping[str, Any]) -> None:
    print_note(f"error: {error['code']}: {error['message']}")
    for problem in error.get("fields", ()):
        path, says, choices = problem["path"], problem["problem"], ", ".join(problem.get("allowed", ()))
        allowed = f" (allowed: {choices})" if choices and choices not in says else ""
        if allowed or f"{path} {says}" not in error["message"]:
            print_note(f"  {path}: {says}{allowed}")
    if error.get("outcome", "not_applied") != "not_applied":
        print_note(f"  outcome: {error['outcome']}")
    if error.get("hint"):
        print_note(f"  {error['hint']}")
    if error.get("connect_url"):
        print_note(f"  connect_url={error['connect_url']}")
    if error.get("plan"):
        _print_plan(error["plan"])
        if error["plan"].get("confirmation"):  # there is none where only a person may decide
            print_note(f"\nconfirmation={error['plan']['confirmation']}")


def _print_plan(plan: Mapping[str, Any]) -> None:
    print_note(f"\n{plan.get('plan', '')}")
    for effect in plan.get("effects", ()):
        change = " → ".join(str(effect[side]) for side in ("before", "after") if effect.get(side) is not None)
        print_note(f"  - {effect['what']}{': ' if change else ''}{change}")
    for note in plan.get("notes", ()):
        print_note(f"  - {note}")
    if plan.get("reversible") is False:
        print_note("  This cannot be undone.")


def _is_accepted(outcome: Outcome) -> bool:
    if outcome.plan is None:
        return False
    _print_plan(outcome.plan)
    return typer.confirm("\nDo it?", err=True)


def _with_confirmation(arguments: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
    return {**arguments, "confirmation": outcome.plan and outcome.plan["confirmation"]}


def print_progress(params: Mapping[str, Any]) -> None:
    """One line for a person who waits."""
    total = f"/{params['total']:g}" if params.get("total") else ""
    progress = round(params.get("progress", 0), 1)
    print_note(f"… {params.get('message') or 'working'} ({progress:g}{total})")
