"""`wirepost doctor`: everything a working set-up needs; each finding says what, why, and the command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from wirepost.cli.options import Config, DataDir, Json, single_command
from wirepost.cli.output import FAILED, print_json, print_note

if TYPE_CHECKING:
    from pathlib import Path

    from wirepost.cli.findings.finding import Finding
    from wirepost.core.clock import Clock
    from wirepost.settings import Loaded

app = single_command()

_MARKS = {"ok": "ok", "warning": "WARN", "error": "FAIL", "skipped": "-"}


@app.command()
def doctor(
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask providers.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Find out what is missing, and say which command mends it."""
    report = _progress(as_json=as_json)
    findings = asyncio.run(_examine(config, data_dir, report, is_offline=offline))
    has_failed = any(finding.status == "error" for finding in findings)
    if as_json:
        print_json({"ok": not has_failed, "findings": [finding.shown() for finding in findings]})
    else:
        _print(findings)
    if has_failed:
        raise typer.Exit(FAILED)


async def _examine(
    config: Path | None, data_dir: Path | None, report: Callable[[str], None], *, is_offline: bool
) -> list[Finding]:
    from wirepost.cli.checks import configuration_problems
    from wirepost.cli.clients.targets import Place
    from wirepost.cli.findings import clients, machine, setup
    from wirepost.core.clock import Clock

    clock = Clock()
    overrides = {"data_dir": str(data_dir)} if data_dir else None
    loaded, problems, _ = configuration_problems(config, overrides)
    if loaded is not None:  # keys are looked at with their connections
        problems = [each for each in problems if not (each.key or "").endswith(".key")]
    findings = [*machine.programs(), *setup.configuration(loaded, problems)]
    if loaded is not None:
        findings += machine.data_directory(loaded.settings.data_dir, clock, report)
        findings += await machine.shared_database(loaded.settings)
        findings += await _running(loaded, clock, report, is_offline=is_offline, is_usable=not problems)
    return [*findings, *clients.clients(Place.here())]


async def _running(
    loaded: Loaded, clock: Clock, report: Callable[[str], None], *, is_offline: bool, is_usable: bool
) -> list[Finding]:
    """What needs a configuration that can be used at least in part."""
    from wirepost.cli.findings import callers, connections, secrets, server, setup
    from wirepost.core.log import configure

    configure("error", loaded.settings.logging.format)
    findings = list(server.server(loaded.settings))
    shown = callers.callers(loaded.settings, clock, report, is_offline=is_offline)
    findings += [finding async for finding in shown]
    found = secrets.secrets(loaded.settings, clock, is_offline=is_offline)
    findings += [finding async for finding in found]
    if is_usable:
        asked = connections.connections(loaded.settings, clock, report, is_offline=is_offline)
        findings += [finding async for finding in asked]
        findings += setup.tools(loaded)
    return findings


def _progress(*, as_json: bool) -> Callable[[str], None]:
    return (lambda _: None) if as_json else (lambda text: print_note(f"… {text}"))


def _print(findings: list[Finding]) -> None:
    section = None
    for finding in findings:
        if finding.section != section:
            section = finding.section
            typer.echo(f"\n{section}")
        typer.echo(f"  {_MARKS[finding.status]:<5}{finding.what}")
        if finding.why:
            typer.echo(f"       {finding.why}")
        if finding.fix and finding.status != "ok":
            typer.echo(f"       → {finding.fix}")
    counts = {status: sum(each.status == status for each in findings) for status in ("error", "warning")}
    typer.echo(f"\n{counts['error']} to mend, {counts['warning']} to look at")
