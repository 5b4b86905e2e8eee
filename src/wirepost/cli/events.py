"""`wirepost events`: sent for a rehearsal, listed, looked at, offered again, exported, erased."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from wirepost.cli import dead, send, watch
from wirepost.cli.event_view import looked_at, print_event, print_request, print_trace, row_of
from wirepost.cli.options import Config, DataDir, Json, Yes, command_group, confirm, moment, read_settings
from wirepost.cli.output import print_json, print_note, print_table
from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wirepost.events.erase import Erased
    from wirepost.events.event import Event
    from wirepost.events.search import Query
    from wirepost.settings import Settings

app = command_group("Send, watch, search and replay events.")
app.command()(send.send)
app.command()(watch.tail)
app.command()(watch.watch)
app.add_typer(dead.app, name="dead")

_TOLD_EVERY = 10_000

Types = Annotated[
    list[str] | None,
    typer.Option("--type", help="Only this type, such as payment.*; may be repeated."),
]
Sources = Annotated[list[str] | None, typer.Option("--source", help="Only this connection; may be repeated.")]
Since = Annotated[str | None, typer.Option(help="Received since: RFC 3339, or such as -7d.")]
Until = Annotated[str | None, typer.Option(help="Received before.", show_default="now")]


@app.command("list")
def list_events(
    *,
    types: Types = None,
    sources: Sources = None,
    environment: Annotated[str | None, typer.Option(help="production, test or sandbox.")] = None,
    object_id: Annotated[str | None, typer.Option("--object", help="Id of what it is about.")] = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List events, the newest first."""
    from wirepost.events.search import Query

    query = Query(
        types=types or [],
        sources=sources or [],
        environments=[environment] if environment else [],
        object_id=object_id,
        since=moment(since, "--since") if since else None,
        limit=limit,
    )
    found = asyncio.run(_search(read_settings(config, data_dir).settings, query))
    if as_json:
        print_json([each.shown() for each in found])
        return
    print_table(("received", "type", "source", "subject", "summary", "id"), map(row_of, found))


@app.command()
def show(
    event: Annotated[str, typer.Argument(help="Its id, evt_…")],
    *,
    raw: Annotated[bool, typer.Option("--raw", help="Also the request as it came; goes on record.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show an event, how it came, and what was delivered where."""
    found = asyncio.run(_show(read_settings(config, data_dir).settings, event, with_raw=raw))
    if as_json:
        print_json(found)
    else:
        print_event(found["event"])
        print_trace(found["event"], found["received"], found["deliveries"])
        if raw:
            print_request(found["request"])


@app.command()
def replay(
    events: Annotated[list[str] | None, typer.Argument(help="Their ids, evt_…", show_default=False)] = None,
    *,
    subscription: Annotated[str, typer.Option(help="To which, by its name or id.")],
    since: Since = None,
    until: Until = None,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Offer stored events once more to one subscription, marked as a replay."""
    if bool(events) == (since is not None):
        raise ConfigError("name either events or --since")
    settings = read_settings(config, data_dir).settings
    span = (moment(since, "--since"), moment(until or "now", "--until")) if since else None
    name, count = asyncio.run(_replay(settings, subscription, events or [], span))
    if as_json:
        print_json({"subscription": name, "events": count})
    else:
        print_note(f"offered to {name} once more: {count} events")


@app.command()
def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File; standard output if left out.")
    ] = None,
    *,
    since: Since = None,
    types: Types = None,
    sources: Sources = None,
    form: Annotated[
        Literal["jsonl", "cloudevents"], typer.Option("--format", help="Our fields, or CloudEvents 1.0.")
    ] = "jsonl",
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Write events as JSON lines, the oldest first."""
    settings = read_settings(config, data_dir).settings
    wanted = (tuple(types or ()), tuple(sources or ()), moment(since, "--since") if since else None)
    if output is None:
        asyncio.run(_export(settings, form, wanted, lambda line: typer.echo(line, nl=False)))
        return
    try:
        with output.open("xb") as file:
            count = asyncio.run(_export(settings, form, wanted, file.write))
    except FileExistsError:
        raise ConfigError("is there already", file=str(output), hint="choose another name") from None
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", file=str(output)) from None
    print_note(f"wrote {count} events to {output}")


@app.command()
def erase(
    *,
    person: Annotated[str, typer.Option(help="An e-mail address, a telephone number or an id.")],
    yes: Yes = False,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Forget every event and request that mentions a person; what is gone cannot be had again."""
    settings = read_settings(config, data_dir).settings
    if not yes:
        confirm(f"Forget everything that mentions {person}?", as_json=as_json)
    gone = asyncio.run(_erase(settings, person))
    if as_json:
        print_json({"events": gone.events, "requests": gone.raw})
    else:
        print_note(f"forgotten: {gone.events} events, {gone.raw} requests")


async def _search(settings: Settings, query: Query) -> list[Event]:
    from dataclasses import replace

    from wirepost.cli.post import post
    from wirepost.events.search import search

    found: list[Event] = []
    before: int | None = None
    async with post(settings) as opened:
        while len(found) < query.limit:
            page = await search(
                opened.database, replace(query, before=before, limit=query.limit - len(found))
            )
            found += page.events
            before = page.next
            if before is None:
                break
    return found


async def _show(settings: Settings, event_id: str, *, with_raw: bool) -> dict[str, Any]:
    from wirepost.cli.post import post

    async with post(settings) as opened:
        return await looked_at(opened, event_id, with_raw=with_raw)


async def _replay(
    settings: Settings, name: str, ids: list[str], span: tuple[float, float] | None
) -> tuple[str, int]:
    from wirepost.cli.post import post
    from wirepost.events.again import MOST, Again

    async with post(settings) as opened:
        to = await opened.subscription(name)
        again = Again(opened.database, opened.hub.deliveries, opened.clock)
        count, report = 0, _progress("events")
        for start in range(0, len(ids), MOST):
            count += await again.replay(to, ids[start : start + MOST])
        if span is not None:
            async for some in again.received(*span):
                count += await again.replay(to, some)
                report(count)
        if count < len(ids):
            print_note(f"{len(ids) - count} of them are not there (any more)")
        await opened.note("event.replayed", subscription=to.id, name=to.name, events=count)
        return to.name, count


async def _export(
    settings: Settings,
    form: Literal["jsonl", "cloudevents"],
    wanted: tuple[tuple[str, ...], tuple[str, ...], float | None],
    write: Callable[[bytes], object],
) -> int:
    from wirepost.cli.post import post
    from wirepost.events.export import exported
    from wirepost.events.filters import Filter
    from wirepost.events.search import first_since

    types, sources, since = wanted
    fits = Filter(types, sources, exclude_self=False)
    count, report = 0, _progress("events")
    async with post(settings) as opened:
        first = 1 if since is None else await first_since(opened.database, since)
        if first is None:
            return 0
        lines = exported(
            opened.hub.events,
            form="cloudevents" if form == "cloudevents" else "json",
            after=first - 1,
            fits=lambda each: (since is None or each.received_at >= since) and fits.matches(each),
        )
        async for line in lines:
            write(line)
            count += 1
            report(count)
        await opened.note("event.exported", events=count, types=list(types), sources=list(sources))
    return count


def _progress(what: str) -> Callable[[int], None]:
    """Tells each time when so many more are done that somebody may have begun to wonder."""
    told = 0

    def report(count: int) -> None:
        nonlocal told
        if count >= told + _TOLD_EVERY:
            told = count
            print_note(f"… {count} {what}")

    return report


async def _erase(settings: Settings, person: str) -> Erased:
    """The record says that somebody was forgotten, and not who."""
    from wirepost.cli.post import post
    from wirepost.events.erase import erase as forget

    async with post(settings) as opened:
        gone = await forget(opened.database, opened.hub.raw, person, _progress("events and requests"))
        await opened.note("event.erased", events=gone.events, requests=gone.raw)
        return gone
