"""`wirepost approvals`: what waits for a person, and the person's word."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from wirepost.cli.options import Config, DataDir, Json, Yes, command_group, read_settings
from wirepost.cli.output import plain, print_json, print_note, print_table
from wirepost.core.errors import ConfigError
from wirepost.core.redact import SECRETS
from wirepost.core.text import clean_line
from wirepost.core.times import from_epoch

if TYPE_CHECKING:
    from wirepost.calls.approvals import Approvals
    from wirepost.jobs.job import Job
    from wirepost.settings import Settings

T = TypeVar("T")

app = command_group("Calls that wait for a person's approval.")

Id = Annotated[str, typer.Argument(metavar="APPROVAL", help="As listed, or the beginning of it.")]
Note = Annotated[str | None, typer.Option("--note", help="Goes on record, and is told to the caller.")]


@app.command("list")
def list_approvals(*, config: Config = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List what waits, the oldest first, and what was decided lately."""
    waiting, decided = _with_approvals(
        read_settings(config, data_dir).settings, lambda approvals: approvals.listed()
    )
    if as_json:
        print_json({"waiting": list(map(_facts, waiting)), "decided": list(map(_facts, decided))})
        return
    if not waiting:
        print_note("nothing waits for a person")
    for title, jobs in (("waiting", waiting), ("decided", decided)):
        if jobs:
            rows = [
                [each.id, each.status, each.tool, _plan(each), each.owner, from_epoch(each.created_at)]
                for each in jobs
            ]
            print_table([title, "status", "tool", "what", "asked by", "asked"], rows)


@app.command()
def show(id_: Id, *, config: Config = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show one: what would be done, with which arguments, and why it waits."""
    job = _with_approvals(read_settings(config, data_dir).settings, lambda approvals: _find(approvals, id_))
    if as_json:
        print_json(_facts(job))
        return
    _print(job)


@app.command()
def approve(
    id_: Id, *, note: Note = None, yes: Yes = False, config: Config = None, data_dir: DataDir = None
) -> None:
    """Approve one; it is carried out by the server if things still stand as they are shown."""
    _decide(read_settings(config, data_dir).settings, id_, "approve", note, yes=yes)


@app.command()
def deny(
    id_: Id, *, note: Note = None, yes: Yes = False, config: Config = None, data_dir: DataDir = None
) -> None:
    """Deny one; nothing is done, and the caller is told."""
    _decide(read_settings(config, data_dir).settings, id_, "deny", note, yes=yes)


def _decide(
    settings: Settings, id_: str, verdict: Literal["approve", "deny"], note: str | None, *, yes: bool
) -> None:
    from wirepost.calls.approvals import Decided

    job = _with_approvals(settings, lambda approvals: _find(approvals, id_))
    if not yes:
        _print(job)
        typer.confirm(f"{verdict.capitalize()} it?", abort=True)
    said = Decided(getpass.getuser(), verdict, "command", note)
    ended = _with_approvals(settings, lambda approvals: approvals.decide(job.id, said))
    print_note(
        "denied; the caller is told"
        if verdict == "deny"
        else f"approved; a running server carries it out now: wirepost jobs show {ended.id}"
    )


async def _find(approvals: Approvals, beginning: str) -> Job:
    waiting, decided = await approvals.listed()
    found = [each for each in (*waiting, *decided) if each.id.startswith(beginning)]
    if len(found) != 1:
        word = "several approvals begin" if found else "no approval begins"
        raise ConfigError(f"{word} with {beginning[:60]!r}", hint="wirepost approvals list")
    return found[0]


def _facts(job: Job) -> dict[str, Any]:
    names = ("plan", "arguments", "rule", "reason", "decided", "client")
    return {
        "approval": job.id,
        "status": job.status,
        "tool": job.tool,
        "connection": job.connection or None,
        "environment": job.environment or None,
        "caller": job.owner,
        "asked_at": from_epoch(job.created_at),
        "expires_at": from_epoch(job.expires_at),
        **{name: SECRETS.value(job.details.get(name)) for name in names},
        "error": job.error,
    }


def _plan(job: Job) -> str:
    return clean_line((job.details.get("plan") or {}).get("plan") or "", 80)


def _print(job: Job) -> None:
    for name, value in _facts(job).items():
        if value is not None:
            typer.echo(f"{name}: {clean_line(plain(value), 2000)}")


def _with_approvals(settings: Settings, work: Callable[[Approvals], Awaitable[T]]) -> T:
    from wirepost.cli.post import post

    async def opened() -> T:
        async with post(settings) as place:
            return await work(place.long_work.approvals)

    return asyncio.run(opened())
