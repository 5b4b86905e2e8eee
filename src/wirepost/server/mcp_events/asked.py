"""`Asking`: what a client asks for, checked: a type of event, its filter, and a position in the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from mcp_types import RequestParams
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wirepost.core.errors import InvalidCall
from wirepost.events.filters import Filter
from wirepost.events.log_cursors import BadCursor
from wirepost.server.identity import caller_of
from wirepost.server.mcp_events.errors import error, invalid

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

    from wirepost.calls.caller import Caller
    from wirepost.core.clock import Clock
    from wirepost.events.catalogue import Catalogue, EventType
    from wirepost.events.event import Event
    from wirepost.events.log_cursors import LogCursors
    from wirepost.events.reading import LogReader

    Context = ServerRequestContext[Any, Any]
    IsCurrent = Callable[[Caller], Awaitable[bool]]
    Note = Callable[[str, Sequence[Event]], Awaitable[None]]

IDENTIFIER = "io.modelcontextprotocol/events"
LONGEST_NAME = 200


class Asked(RequestParams):
    """What poll, stream and subscribe have in common."""

    name: Annotated[str, Field(max_length=LONGEST_NAME)]
    arguments: dict[str, Any] | None = None
    cursor: Annotated[str, Field(max_length=1000)] | None = None
    max_age_ms: Annotated[int, Field(ge=0)] | None = None


class Arguments(BaseModel):
    """The arguments of a subscription, as `EventType.input_schema` shows them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    source: str | None = None
    object_id: Annotated[str, Field(max_length=500)] | None = None
    environment: str | None = None
    where: Annotated[str, Field(max_length=2000)] | None = None
    include_self: bool = False


@dataclass(frozen=True)
class Wanted:
    """One subscription, as the client describes it each time."""

    caller: Caller
    type: EventType
    arguments: dict[str, Any]
    """As they were given."""
    filter: Filter


class Asking:
    """Reads requests, and knows who may have what.

    `is_current` says whether a caller is still known: whether its token was not withdrawn, for example.
    `note` is told which events a caller is about to get.
    """

    def __init__(
        self, catalogue: Catalogue, cursors: LogCursors, clock: Clock, *, is_current: IsCurrent, note: Note
    ) -> None:
        self.catalogue, self.note = catalogue, note
        self._cursors, self._clock, self._is_current = cursors, clock, is_current

    def read(self, ctx: Context, asked: Asked) -> Wanted:
        """What is asked for; raises the protocol's errors."""
        caller = caller_of(ctx)
        found = self.catalogue.of(caller).get(asked.name)
        if found is None:
            raise error(ctx, "NotFound", "There is no such type of event for you", kind="event")
        arguments = asked.arguments or {}
        return Wanted(caller, found, arguments, _filter(found, arguments))

    async def is_allowed(self, wanted: Wanted) -> bool:
        """Whether the caller may still read all that was asked for."""
        may_read = self.catalogue.allows(wanted.caller, wanted.type.name, wanted.filter.sources)
        return may_read and await self._is_current(wanted.caller)

    async def start(self, wanted: Wanted, asked: Asked, reader: LogReader) -> tuple[int, float | None]:
        """The position after which to read, and the time before which nothing counts.

        Without a cursor it is the newest, and nothing older can come.
        """
        if asked.cursor is None:
            return await reader.newest(), None
        position = self.position(wanted, asked.cursor)
        if asked.max_age_ms is None:
            return position, None
        return position, self._clock.now().timestamp() - asked.max_age_ms / 1000

    def cursor(self, wanted: Wanted, position: int) -> str:
        """A position in the log, for what is asked for."""
        return self._cursors.mint(position, wanted.type.name, wanted.arguments)

    def position(self, wanted: Wanted, cursor: str) -> int:
        """The position in a cursor; raises the protocol's error where it was changed or belongs elsewhere."""
        try:
            return self._cursors.open(cursor, wanted.type.name, wanted.arguments)
        except BadCursor as bad:
            raise invalid(f"The cursor {bad}") from None


def _filter(found: EventType, arguments: dict[str, Any]) -> Filter:
    try:
        given = Arguments.model_validate(arguments)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise invalid(f"arguments.{path}: {first['msg']}") from None
    for name, value, known in (
        ("source", given.source, found.sources),
        ("environment", given.environment, found.environments),
    ):
        if value is not None and value not in known:
            raise invalid(f"arguments.{name} is one of: {', '.join(known)}")
    try:
        return Filter(
            types=(found.name,),
            sources=(given.source,) if given.source else found.sources,
            environments=(given.environment or found.environments[0],),
            where=given.where,
            object_id=given.object_id,
            exclude_self=not given.include_self,
        )
    except InvalidCall as problem:
        raise invalid(f"arguments.where: {problem.message}") from None
