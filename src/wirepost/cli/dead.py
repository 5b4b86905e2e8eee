"""`wirepost events dead`: requests that could not be read, and deliveries that were given up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from wirepost.cli.event_view import looked_at, print_event, print_request, print_trace, shown_request, time_of
from wirepost.cli.options import Config, DataDir, Json, Yes, command_group, confirm, read_settings
from wirepost.cli.output import FAILED, print_json, print_note, print_table
from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.cli.post import Post
    from wirepost.events.again import Dead, DeadFilter
    from wirepost.events.letters import DeadLetters, Letter, LetterFilter, Redriven
    from wirepost.settings import Settings

T = TypeVar("T")

app = command_group("What could not be read, and what could not be delivered.")

LETTER = "dead_"
"""How ids of requests begin; those of events begin otherwise."""

Ids = Annotated[
    list[str] | None,
    typer.Argument(
        help="Of requests (dead_…), or of events whose delivery was given up.", show_default=False
    ),
]
All = Annotated[bool, typer.Option("--all", help="All that is there.")]
Source = Annotated[str | None, typer.Option("--source", help="Only of this connection.")]
Subscription = Annotated[
    str | None, typer.Option("--subscription", help="Only deliveries to this one, by its name or id.")
]
Sink = Annotated[str | None, typer.Option("--sink", help="Only deliveries by this way.")]


@dataclass(frozen=True)
class Which:
    """What was asked for, of both kinds."""

    letters: LetterFilter | None
    """`None`: no requests."""
    deliveries: DeadFilter | None
    """`None`: no deliveries."""


@app.command("list")
def list_dead(
    *,
    source: Source = None,
    subscription: Subscription = None,
    sink: Sink = None,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List both, the oldest first."""

    async def work(opened: Post) -> tuple[list[Letter], list[Dead], dict[str, str]]:
        found = await _found(opened, await _which(opened, [], source, subscription, sink))
        return *found, {each.id: each.name for each in await opened.hub.subscriptions.all()}

    letters, deliveries, names = _with_post(read_settings(config, data_dir).settings, work)
    if as_json:
        shown = {"requests": [_letter(each) for each in letters], "deliveries": list(map(_dead, deliveries))}
        print_json(shown)
        return
    _print_letters(letters)
    _print_deliveries(deliveries, names)
    if not letters and not deliveries:
        print_note("nothing is dead")


@app.command()
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Of a request (dead_…) or an event.")],
    *,
    raw: Annotated[bool, typer.Option("--raw", help="Also the request as it came; goes on record.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show one of them: why it is dead, and what was tried."""

    async def work(opened: Post) -> dict[str, Any]:
        if not id_.startswith(LETTER):
            return await looked_at(opened, id_, with_raw=raw)
        letter = await _letters(opened).get(id_)
        if letter is None:
            raise ConfigError(f"there is no {id_[:60]!r}", hint="wirepost events dead list")
        told: dict[str, Any] = {"letter": _letter(letter)}
        if raw:
            await opened.note("event.raw", id=id_)
            request = await opened.hub.raw.of_letter(id_)
            told["request"] = shown_request(request) if request else None
        return told

    found = _with_post(read_settings(config, data_dir).settings, work)
    if as_json:
        print_json(found)
        return
    if "letter" in found:
        for name, value in found["letter"].items():
            typer.echo(f"{name}: {'-' if value is None else value}")
    else:
        print_event(found["event"])
        print_trace(found["event"], found["received"], found["deliveries"])
    if raw:
        print_request(found["request"])


@app.command()
def redrive(
    ids: Ids = None,
    *,
    everything: All = False,
    source: Source = None,
    subscription: Subscription = None,
    sink: Sink = None,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Read requests again with today's code, and try deliveries anew."""
    _check_named(ids, source, subscription, sink, everything=everything)

    async def work(opened: Post) -> tuple[list[Redriven], list[Dead]]:
        return await _redrive(opened, await _chosen(opened, ids or [], source, subscription, sink))

    read, tried = _with_post(read_settings(config, data_dir).settings, work)
    failed = [each for each in read if each.problem is not None]
    if as_json:
        requests = [
            {"id": each.letter.id, "events": list(each.events), "problem": each.problem} for each in read
        ]
        print_json({"requests": requests, "deliveries": list(map(_dead, tried))})
    else:
        for each in failed:
            print_note(f"{each.letter.id} still cannot be read: {each.problem}")
        events = sum(len(each.events) for each in read)
        print_note(f"read: {len(read) - len(failed)} requests with {events} new events")
        print_note(f"tried anew: {len(tried)} deliveries")
    if failed:
        raise typer.Exit(FAILED)


@app.command()
def drop(
    ids: Ids = None,
    *,
    everything: All = False,
    source: Source = None,
    subscription: Subscription = None,
    sink: Sink = None,
    yes: Yes = False,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Be done with them for good; events stay in the store."""
    _check_named(ids, source, subscription, sink, everything=everything)
    settings = read_settings(config, data_dir).settings

    async def look(opened: Post) -> tuple[list[Letter], list[Dead]]:
        return await _found(opened, await _chosen(opened, ids or [], source, subscription, sink))

    if not yes:
        letters, deliveries = _with_post(settings, look)
        confirm(f"Drop {len(letters)} requests and {len(deliveries)} deliveries?", as_json=as_json)

    async def work(opened: Post) -> tuple[int, int]:
        return await _drop(opened, await _chosen(opened, ids or [], source, subscription, sink))

    requests, dropped = _with_post(settings, work)
    if as_json:
        print_json({"requests": requests, "deliveries": dropped})
    else:
        print_note(f"dropped: {requests} requests, {dropped} deliveries")


def _with_post(settings: Settings, work: Callable[[Post], Awaitable[T]]) -> T:
    async def run() -> T:
        from wirepost.cli.post import post

        async with post(settings) as opened:
            return await work(opened)

    return asyncio.run(run())


def _check_named(
    ids: list[str] | None, source: str | None, subscription: str | None, sink: str | None, *, everything: bool
) -> None:
    if not (ids or source or subscription or sink or everything):
        raise ConfigError(
            "say which: ids, an option that chooses, or --all", hint="wirepost events dead list"
        )


async def _chosen(
    post: Post, ids: list[str], source: str | None, subscription: str | None, sink: str | None
) -> Which:
    """The same as `_which`; refuses an id of nothing that is dead, before anything is done."""
    for each in ids:
        letters, deliveries = await _found(post, await _which(post, [each], source, subscription, sink))
        if not letters and not deliveries:
            raise ConfigError(f"nothing dead is called {each[:60]!r}", hint="wirepost events dead list")
    return await _which(post, ids, source, subscription, sink)


async def _which(
    post: Post, ids: list[str], source: str | None, subscription: str | None, sink: str | None
) -> Which:
    """Deliveries only, where something was named that requests have not; the same the other way round."""
    from wirepost.events.again import DeadFilter
    from wirepost.events.letters import LetterFilter

    letters = [each for each in ids if each.startswith(LETTER)]
    events = [each for each in ids if not each.startswith(LETTER)]
    to = (await post.subscription(subscription)).id if subscription else None
    is_of_deliveries = subscription is not None or sink is not None
    return Which(
        None if is_of_deliveries or (events and not letters) else LetterFilter(source, ids=letters),
        None if letters and not events else DeadFilter(to, sink, source=source, events=events),
    )


def _letters(post: Post) -> DeadLetters:
    from wirepost.events.letters import DeadLetters

    return DeadLetters(post.hub.events, post.hub.raw, post.hub.receiver, post.clock)


async def _found(post: Post, which: Which) -> tuple[list[Letter], list[Dead]]:
    from wirepost.events.again import Again

    letters = await _letters(post).open(which.letters) if which.letters else []
    again = Again(post.database, post.hub.deliveries, post.clock)
    return letters, await again.dead(which.deliveries) if which.deliveries else []


async def _redrive(post: Post, which: Which) -> tuple[list[Redriven], list[Dead]]:
    from wirepost.events.again import Again

    letters = _letters(post)
    read: list[Redriven] = []
    if which.letters:
        while some := await letters.open(replace(which.letters, after=read[-1].letter if read else None)):
            read += [await letters.redrive(each) for each in some]
            print_note(f"… {len(read)} requests")
    again = Again(post.database, post.hub.deliveries, post.clock)
    tried: list[Dead] = []
    while which.deliveries and (found := await again.redrive(which.deliveries)):
        if any(each in tried for each in found):
            break  # a server gives them up as fast as they are revived
        tried += found
    await post.note("event.redriven", requests=len(read), deliveries=len(tried))
    return read, tried


async def _drop(post: Post, which: Which) -> tuple[int, int]:
    from wirepost.events.again import Again

    letters, requests, deliveries = _letters(post), 0, 0
    while which.letters and (some := await letters.open(which.letters)):
        requests += await letters.settle(some)
    again = Again(post.database, post.hub.deliveries, post.clock)
    while which.deliveries and (found := await again.drop(which.deliveries)):
        deliveries += len(found)
    await post.note("event.dropped", requests=requests, deliveries=deliveries)
    return requests, deliveries


def _letter(letter: Letter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "source": letter.source,
        "endpoint": letter.endpoint,
        "received_at": time_of(letter.received_at),
        "reason": letter.reason,
        "settled_at": time_of(letter.settled_at),
    }


def _dead(delivery: Dead) -> dict[str, Any]:
    return {
        "event": delivery.event,
        "type": delivery.type,
        "source": delivery.source,
        "subscription": delivery.subscription,
        "sink": delivery.sink,
        "attempts": delivery.attempts,
        "at": time_of(delivery.at),
        "reason": delivery.reason,
    }


def _print_letters(letters: list[Letter]) -> None:
    if letters:
        columns = ("id", "source", "endpoint", "received_at", "reason")
        typer.echo("requests that could not be read")
        print_table(columns, [[_letter(each)[column] for column in columns] for each in letters])


def _print_deliveries(deliveries: list[Dead], names: dict[str, str]) -> None:
    """`names`: id of a subscription → its name."""
    if deliveries:
        columns = ("event", "type", "source", "subscription", "sink", "attempts", "at", "reason")
        rows = [_dead(each) for each in deliveries]
        rows = [{**row, "subscription": names.get(row["subscription"], row["subscription"])} for row in rows]
        typer.echo("deliveries that were given up")
        print_table(columns, [[row[column] for column in columns] for row in rows])
