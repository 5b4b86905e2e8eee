"""`wirepost events tail` for people, and `watch` for programs: what happens, as it happens."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wirepost.cli.event_view import line_of
from wirepost.cli.options import Config, DataDir, Json, read_settings
from wirepost.cli.output import print_note
from wirepost.core.errors import ConfigError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from wirepost.cli.post import Post
    from wirepost.core.clock import Clock
    from wirepost.events.event import Event
    from wirepost.events.watching import Watching
    from wirepost.settings import Settings

LOOK_S = 1.0
"""Between two looks; what comes meanwhile is told together."""
LONGEST_PAUSE_S = 30.0
"""Between two tries while the store cannot be read."""
_NAME = "watch"

Types = Annotated[
    list[str] | None, typer.Option("--type", help="Only this type, such as payment.*; may be repeated.")
]
Sources = Annotated[list[str] | None, typer.Option("--source", help="Only this connection; may be repeated.")]


def tail(
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    types: Types = None,
    sources: Sources = None,
    limit: Annotated[int, typer.Option("-n", min=0, max=1000, help="How many of the past.")] = 10,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Print the newest events, one on a line, for people."""
    import orjson

    def show(event: Event) -> None:
        typer.echo(orjson.dumps(event.shown()).decode() if as_json else line_of(event))

    settings = read_settings(config, data_dir).settings
    asyncio.run(_tail(settings, types or [], sources or [], limit, show, follows=follow))


def watch(
    *,
    subscription: Annotated[
        str | None, typer.Option(help="Only what this subscription wants; nothing is acknowledged.")
    ] = None,
    types: Types = None,
    sources: Sources = None,
    cursor_file: Annotated[
        Path | None,
        typer.Option("--cursor-file", help="Where the position is kept.", show_default="by what is watched"),
    ] = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Print one line of JSON for each event, for programs; goes on after a pause where it was."""
    if subscription is not None and (types or sources):
        raise ConfigError("a subscription has its filter already", hint="leave out --type and --source")
    settings = read_settings(config, data_dir).settings
    asyncio.run(_watch(settings, subscription, (tuple(types or ()), tuple(sources or ())), cursor_file))


async def _tail(
    settings: Settings,
    types: list[str],
    sources: list[str],
    limit: int,
    show: Callable[[Event], None],
    *,
    follows: bool,
) -> None:
    from wirepost.cli.post import post
    from wirepost.events.filters import Filter
    from wirepost.events.search import Query, search

    wanted = Filter(tuple(types), tuple(sources), exclude_self=False)
    async with post(settings) as opened:
        position = await opened.hub.reader.newest()
        if limit:
            query = Query(types=types, sources=sources, before=position + 1, limit=limit)
            for each in reversed((await search(opened.database, query)).events):
                show(each)
        pause = _Pause(opened.clock)
        while follows:
            try:
                page = await opened.hub.reader.page(position, wanted.matches, limit=100)
            except Unavailable as error:
                await pause.after(error)
                continue
            for each in page.events:
                show(each)
            position = page.position
            if not page.has_more:
                await pause.between()


async def _watch(
    settings: Settings,
    subscription: str | None,
    narrowed: tuple[tuple[str, ...], tuple[str, ...]],
    cursor_file: Path | None,
) -> None:
    from wirepost.cli.post import post
    from wirepost.events.filters import Filter
    from wirepost.events.watching import Watching

    async with post(settings) as opened:
        wanted = Filter(*narrowed)
        about: dict[str, Any] = wanted.stored()
        if subscription is not None:
            chosen = await opened.subscription(subscription)
            wanted, about = chosen.effective, {"subscription": chosen.id}
        place = _Place(opened, about, cursor_file)
        await _tell(Watching(opened.hub.reader, wanted.matches, opened.clock), place, opened.clock)


async def _tell(watching: Watching, place: _Place, clock: Clock) -> None:
    """Print news for ever; the position is kept when they are out, so that they come again at worst."""
    pause, position, is_told = _Pause(clock), place.read(), False
    while True:
        try:
            if position is None:
                position = await watching.begin()
                place.keep(position)
            if not is_told:
                is_told = True
                print_note(f"watching; the position is kept in {place.path}")
            news = await watching.look(position)
        except Unavailable as error:
            await pause.after(error)
            continue
        for line in news.lines:
            typer.echo(line)
        if news.position != position:
            position = news.position
            place.keep(position)
        await pause.between()


class _Pause:
    """Between looks, and longer from one failure to the next."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._pause_s = clock, 0.0

    async def between(self) -> None:
        self._pause_s = 0.0
        await self._clock.sleep(LOOK_S)

    async def after(self, error: Unavailable) -> None:
        if not self._pause_s:
            print_note(f"waiting: {error.message}")
        self._pause_s = min(2 * self._pause_s or LOOK_S, LONGEST_PAUSE_S)
        await self._clock.sleep(self._pause_s)


class _Place:
    """The position of one watcher in a file; raises `ConfigError` for a file that cannot be used."""

    def __init__(self, post: Post, about: dict[str, Any], path: Path | None) -> None:
        from wirepost.core.signing import digest
        from wirepost.events.log_cursors import LogCursors

        self._cursors, self._about = LogCursors(post.hub.signer), about
        given = Path(post.settings.data_dir).expanduser() / f"watch-{digest(about)[:12]}"
        self.path = path or given

    def read(self) -> int | None:
        """Where it was; `None` where it begins."""
        from wirepost.events.log_cursors import BadCursor

        try:
            return self._cursors.open(self.path.read_text("utf-8").strip(), _NAME, self._about)
        except FileNotFoundError:
            return None
        except BadCursor as error:
            hint = "remove the file, or name another with --cursor-file"
            raise ConfigError(f"the cursor {error}", file=str(self.path), hint=hint) from None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot be read: {error}", file=str(self.path)) from None

    def keep(self, position: int) -> None:
        """Replace the file as a whole, so that it is never half written."""
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            new.touch(mode=0o600)
            new.write_text(self._cursors.mint(position, _NAME, self._about), "utf-8")
            new.replace(self.path)
        except OSError as error:
            raise ConfigError(f"cannot be written: {error.strerror}", file=str(self.path)) from None
