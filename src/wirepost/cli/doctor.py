"""`wirepost doctor`: everything a working set-up needs; each finding says what, why, and the command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from wirepost.cli.findings.report import has_failed, print_findings
from wirepost.cli.options import Config, DataDir, Json, single_command
from wirepost.cli.output import FAILED, print_json, print_note
from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from wirepost.cli.findings.finding import Finding
    from wirepost.core.clock import Clock
    from wirepost.settings import Loaded

app = single_command()


@app.command()
def doctor(
    sections: Annotated[
        list[str] | None, typer.Argument(help="Only these parts, such as webhooks.", show_default="all")
    ] = None,
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask providers.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Find out what is missing, and say which command mends it."""
    _check_known(sections or [])
    report = _progress(as_json=as_json)
    findings = asyncio.run(_examine(config, data_dir, report, is_offline=offline))
    if sections:
        silent = sorted({*sections} - {finding.section for finding in findings})
        if silent:
            known = ", ".join(dict.fromkeys(finding.section for finding in findings))
            print_note(f"nothing was found out about {', '.join(silent)}; there are {known}")
        findings = [finding for finding in findings if finding.section in sections]
    failed = has_failed(findings)
    if as_json:
        print_json({"ok": not failed, "findings": [finding.shown() for finding in findings]})
    else:
        print_findings(findings)
    if failed:
        raise typer.Exit(FAILED)


def _check_known(sections: list[str]) -> None:
    """Refuse a part that no report has; a report may still have nothing to say about one of these."""
    from wirepost.cli.findings import accounts, callers, clients, machine, secrets, server, setup, sinks
    from wirepost.cli.findings import webhooks as hooks

    parts = (
        *(machine.PROGRAMS, setup.CONFIGURATION, machine.DATA, machine.POSTGRES, server.SERVER),
        *(callers.CALLERS, secrets.SECRETS, accounts.CONNECTIONS, setup.TOOLS, hooks.WEBHOOKS),
        *(sinks.SINKS, clients.CLIENTS, clients.REACH),
    )
    known = [part.name for part in parts]
    for section in sections:
        if section not in known:
            raise ConfigError(f"there is no part {section[:60]!r}", hint=f"there are: {', '.join(known)}")


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
    return [*findings, *clients.clients(Place.here()), *clients.reaches()]


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
        findings += await _events(loaded, report, is_offline=is_offline)
    return findings


async def _events(loaded: Loaded, report: Callable[[str], None], *, is_offline: bool) -> list[Finding]:
    """How events come and leave; only where a server has run, as looking makes no store."""
    from wirepost.cli.findings.sinks import sinks
    from wirepost.cli.findings.webhooks import WEBHOOKS, webhooks
    from wirepost.cli.post import post
    from wirepost.store.owner import DataDirectory

    settings = loaded.settings
    if settings.store.url is None and not DataDirectory(settings.data_dir).database_path.exists():
        return [WEBHOOKS.skipped("no server has run yet", "nothing can have come", "wirepost serve")]
    report("webhooks")
    try:
        async with post(settings) as opened:
            came = webhooks(opened, opened.hub.endpoints.all(), is_offline=is_offline)
            return [*[finding async for finding in came], *[finding async for finding in sinks(opened)]]
    except ConfigError as error:
        return [WEBHOOKS.error(error.message, "webhooks cannot be looked at", error.hint)]


def _progress(*, as_json: bool) -> Callable[[str], None]:
    return (lambda _: None) if as_json else (lambda text: print_note(f"… {text}"))
