"""`EventSide`: everything that an MCP server offers about events, put together once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirepost.events.callback_status import CallbackStatus
from wirepost.events.cursors import EventCursors
from wirepost.events.log_cursors import LogCursors
from wirepost.server.bus import EventBus, Listening, Views
from wirepost.server.channel import ChannelDesk
from wirepost.server.mcp_events.asked import Asking
from wirepost.server.mcp_events.callbacks import CallbackSubscriptions
from wirepost.server.mcp_events.extension import EventsExtension
from wirepost.server.mcp_events.streams import Streams
from wirepost.server.resources import EventResources

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from wirepost.notifications.hub import Hub
    from wirepost.settings.events import EventSettings

MOST_LISTENERS = 4096


class EventSide:
    """The Events extension, resources and views of them, and the channel."""

    def __init__(self, hub: Hub, settings: EventSettings) -> None:
        taints, outbox = hub.taints, hub.outbox
        database, clock = hub.events.database, hub.clock
        cursors, is_current = LogCursors(hub.signer), hub.standing.is_current
        asking = Asking(hub.catalogue, cursors, clock, is_current=is_current, note=taints.read)
        self._streams = Streams(asking, hub.reader, hub.events.signals, clock)
        callbacks = CallbackSubscriptions(
            asking,
            hub.reader,
            hub.subscriptions,
            CallbackStatus(database, cursors),
            vault=hub.vault,
            challenge=outbox.callbacks.challenge,
            settings=settings,
            clock=clock,
        )
        self._extension = EventsExtension(asking, hub.reader, self._streams, callbacks)
        self._resources = EventResources(
            hub.events,
            hub.subscriptions,
            hub.deliveries,
            hub.catalogue,
            cursors=EventCursors(hub.signer),
            note=taints.read,
        )
        self.bus = EventBus()
        """For whatever else clients are told of."""
        self.listen = Listening(self.bus, self._resources.find, max_subscriptions=MOST_LISTENERS)
        """Serves `subscriptions/listen`."""
        self._views = Views(self.bus, self._resources.find, hub.events, hub.subscriptions, clock)
        self._desk = ChannelDesk(
            hub.subscriptions, hub.deliveries, clock, allows=outbox.loops.allows, note=taints.read
        )

    def install(self, server: Server[Any]) -> None:
        """Serve all of it; `listen` is given to the server when it is made."""
        for each in (self._extension, self._resources, self._views, self._desk):
            each.install(server)

    async def run(self) -> None:
        """Tell open views of changes, until it is cancelled."""
        await self._views.run()

    def close(self) -> None:
        """Let every open stream send its last message and end; due before connections are closed."""
        self.listen.close()
        self._streams.close()
