"""`wirepost jobs`: how jobs of all callers stand, what they have brought, ending and following them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args

import typer

from wirepost.cli import rows
from wirepost.cli.options import Config, DataDir, Json, command_group, moment, read_settings
from wirepost.cli.output import FAILED, plain, print_json, print_note, print_table
from wirepost.core.errors import ConfigError
from wirepost.core.times import from_epoch

if TYPE_CHECKING:
    from wirepost.cli.post import Post
    from wirepost.jobs.job import Job
    from wirepost.upstream.scope import Scope

T = TypeVar("T")
CANCEL_S = 30.0
"""So long a provider may take to answer a command."""

app = command_group("Work that outlives the call that started it.")

Id = Annotated[str, typer.Argument(metavar="JOB", help="Its id, job_…")]


@app.command("list")
def list_jobs(
    *,
    status: Annotated[str | None, typer.Option(help="Only these, such as running.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only these, such as openai.batch.")] = None,
    caller: Annotated[str | None, typer.Option(help="Only those of this caller.")] = None,
    since: Annotated[str | None, typer.Option(help="Started since: RFC 3339, or such as -7d.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List jobs, the newest first."""
    from wirepost.tools.jobs import JobStatus

    known = get_args(JobStatus)
    if status is not None and status not in known:
        raise ConfigError(f"--status: no job is {status[:60]!r}", hint=f"there are: {', '.join(known)}")
    started = moment(since, "--since") if since else None

    async def work(place: Post) -> list[Job]:
        jobs = place.long_work.jobs
        return await jobs.page(caller, status=status, kind=kind, since=started, limit=limit)

    found = _with_post(config, data_dir, work)
    if as_json:
        print_json([_facts(each) for each in found])
        return
    columns = ("job", "kind", "status", "progress", "connection", "started by", "at")
    print_table(columns, [_row(each) for each in found])


@app.command()
def show(job: Id, *, config: Config = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show how a job stands."""
    _print(_with_post(config, data_dir, lambda place: _find(place, job)), as_json=as_json)


@app.command()
def wait(
    job: Id,
    *,
    timeout_s: Annotated[
        float, typer.Option("--timeout", min=0, help="Seconds after which it gives up, with exit code 1.")
    ] = 3600,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Wait until a job has ended; the exit code is 0 where it has succeeded, also in part."""

    async def work(place: Post) -> Job:
        found, clock = await _find(place, job), place.clock
        if not found.is_over and place.url is None:
            print_note("no server with an address runs here; somebody has to follow the job")
        deadline = clock.monotonic() + timeout_s
        while not found.is_over and (left_s := deadline - clock.monotonic()) > 0:
            found = await place.long_work.jobs.wait(found, left_s)
        return found

    found = _with_post(config, data_dir, work)
    _print(found, as_json=as_json)
    if found.status not in {"succeeded", "partial"}:
        raise typer.Exit(FAILED)


@app.command()
def result(
    job: Id,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="New file; standard output if left out.")
    ] = None,
    *,
    form: Annotated[
        rows.Form | None, typer.Option("--format", show_default="by the file's name, else jsonl")
    ] = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Write what a job has brought, as JSON lines or CSV."""
    chosen = form or (rows.form_of(output) if output else "jsonl")
    if output is None:
        _with_post(
            config,
            data_dir,
            lambda place: _write(place, job, chosen, lambda line: typer.echo(line, nl=False)),
        )
        return
    with rows.new_file(output) as file:
        count = _with_post(config, data_dir, lambda place: _write(place, job, chosen, file.write))
    print_note(f"{output}: {count} rows")


@app.command()
def cancel(job: Id, *, config: Config = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Ask for the end of a job, whosever it is; goes on record."""

    async def work(place: Post) -> tuple[Job, bool]:
        found = await _find(place, job)
        if found.is_over:
            return found, True
        if not found.is_local:
            _check_here(place, found.connection, f"job_cancel job={found.id}")
        await place.note("job.cancelled", job=found.id, kind=found.kind, owner=found.owner)
        return await place.steering.cancel(found, _scope(place))

    found, is_supported = _with_post(config, data_dir, work)
    _print(found, as_json=as_json)
    if not is_supported:
        print_note("it cannot be cancelled; leave its result alone instead")
        raise typer.Exit(FAILED)


@app.command()
def track(
    connection: Annotated[str, typer.Argument(help="Where it runs.")],
    kind: Annotated[str, typer.Argument(help="Such as openai.batch.")],
    provider_id: Annotated[str, typer.Argument(metavar="ID", help="Its id at the provider.")],
    *,
    caller: Annotated[str, typer.Option(help="Id of the caller whose job it becomes.")] = "local",
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Follow a job that was started elsewhere."""

    async def work(place: Post) -> Job:
        given = f"connection={connection} kind={kind} provider_job_id={provider_id}"
        _check_here(place, connection, f"job_track {given}")
        return await place.steering.track(connection, kind, provider_id, caller, _scope(place))

    _print(_with_post(config, data_dir, work), as_json=as_json)


def _check_here(place: Post, connection: str, call: str) -> None:
    """Jobs of a sandbox are in the memory of the running server."""
    found = place.settings.connections.get(connection)
    if found is not None and found.environment == "sandbox" and place.url is not None:
        raise ConfigError(
            f"{connection} is a sandbox in the running server", hint=f"wirepost tools call {call}"
        )


async def _find(place: Post, job_id: str) -> Job:
    job = await place.long_work.jobs.get(job_id)
    if job is None:
        raise ConfigError(f"there is no job {job_id[:60]!r}", hint="wirepost jobs list names them")
    return job


async def _write(place: Post, job_id: str, form: rows.Form, write: Callable[[bytes], Any]) -> int:
    """How many rows were written."""
    job, files = await _find(place, job_id), place.long_work.files
    if job.file is None:
        raise ConfigError(f"the job is {job.status} and has no result", hint=f"wirepost jobs show {job.id}")
    file = await files.get(job.file, job.owner)
    for told in (*job.warnings, *([job.error["message"]] if job.error else [])):
        print_note(f"warning: {plain(told)}")
    if form == "jsonl":
        async for chunk in files.chunks(file):
            write(chunk)
        return file.rows
    columns = dict.fromkeys([name async for row in files.rows(file) for name in row])
    async for line in rows.in_csv(files.rows(file), list(columns)):
        write(line)
    return file.rows


def _scope(place: Post) -> Scope:
    """For requests of a person's command: it may write, and what it does is on record."""
    from wirepost.upstream.scope import Scope

    async def known() -> None:
        """The audit knows of it already."""

    return Scope(place.clock.monotonic() + CANCEL_S, before_write=known)


def _facts(job: Job) -> dict[str, Any]:
    from wirepost.jobs.job import view

    return {**view(job).model_dump(exclude_none=True), "caller": job.owner, "tool": job.tool or None}


def _row(job: Job) -> list[object]:
    total = "" if job.total is None else f"/{job.total}"
    progress = "" if job.done is None else f"{job.done}{total}"
    return [job.id, job.kind, job.status, progress, job.connection, job.owner, from_epoch(job.created_at)]


def _print(job: Job, *, as_json: bool) -> None:
    facts = _facts(job)
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        if value is not None:
            typer.echo(f"{name}: {plain(value)}")


def _with_post(config: Path | None, data_dir: Path | None, work: Callable[[Post], Awaitable[T]]) -> T:
    from wirepost.cli.post import post

    async def opened() -> T:
        async with post(read_settings(config, data_dir).settings) as place:
            return await work(place)

    return asyncio.run(opened())
