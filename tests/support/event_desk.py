"""All that the tools about events need, for any caller, with the matcher run by hand."""

from __future__ import annotations

from typing import Any

from support.occurred import stored
from wirepost.calls.caller import Caller
from wirepost.core.clock import Clock
from wirepost.core.signing import Signer
from wirepost.events.acknowledge import Acknowledgements
from wirepost.events.again import Again
from wirepost.events.catalogue import Catalogue
from wirepost.events.cursors import EventCursors
from wirepost.events.deliveries import Deliveries
from wirepost.events.event import Event
from wirepost.events.inbox import Inbox
from wirepost.events.log import EventLog
from wirepost.events.matching import Matcher
from wirepost.events.raw import RawRequests
from wirepost.events.standing import Standing
from wirepost.events.subscriptions import Subscriptions
from wirepost.secrets.vault import KEY_BYTES, KeyRing, Vault
from wirepost.store.database import Database
from wirepost.store.signals import Signals
from wirepost.tools.context import Call
from wirepost.tools.tool import AnyTool
from wirepost.toolsets.events.desk import EventDesk


class Desks:
    """Runs tools about events as callers, without policy, shape and audit."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.clock, signals = clock, Signals()
        self.log = EventLog(database, signals, clock)
        self.deliveries = Deliveries(database, signals, clock)
        self.subscriptions = Subscriptions(database, clock)
        self.cursors = EventCursors(Signer(b"k" * 32))
        self.vault = Vault(KeyRing([b"v" * KEY_BYTES]))
        self.raw = RawRequests(database, self.vault)
        self.inbox = Inbox(database, self.deliveries, self.subscriptions, self.cursors, clock, ceiling_s=40)
        self.standing = Standing(database, Catalogue([], lambda *_: True), clock)
        self.matcher = Matcher(self.log, self.deliveries, clock, max_waiting=1000)
        self.warnings: list[str] = []

    def of(self, caller: Caller) -> EventDesk:
        """The desk of one caller."""
        return EventDesk(
            caller,
            self.log,
            self.raw,
            self.subscriptions,
            self.deliveries,
            self.inbox,
            self.standing,
            Acknowledgements(self.log.database, self.deliveries, self.clock),
            Again(self.log.database, self.deliveries, self.clock),
            self.cursors,
            self.clock,
            sinks={"support-room": "slack"},
            key=b"h" * 32,
        )

    async def run(self, tool: AnyTool, caller: str = "anna", *, scopes: Any = None, **arguments: Any) -> Any:
        """What the tool answers; `limit` and `position` of pages go where they belong."""
        paging = {
            name: arguments.pop(name) for name in ("limit", "position") if tool.is_page and name in arguments
        }
        desk = self.of(Caller(caller, scopes))
        call = Call(desk, caller, self.clock.now(), **paging)
        answer = await tool.operation(call, **arguments)
        self.warnings = call.warnings
        return answer

    async def occur(self, *events: Event) -> list[Event]:
        """The events, stored and matched."""
        found = await stored(self.log, *events)
        while await self.matcher.step():
            pass
        return found
