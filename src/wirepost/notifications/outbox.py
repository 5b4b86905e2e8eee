"""`Outbox`: everything by which events leave, made once for a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wirepost.events.acknowledge import Acknowledgements
from wirepost.events.deliveries import HINT
from wirepost.notifications.callbacks import Callbacks
from wirepost.notifications.deliver import Deliverer
from wirepost.notifications.history import History
from wirepost.notifications.loops import Loops
from wirepost.notifications.sinks import buttons
from wirepost.notifications.sinks.buttons import ButtonsSink
from wirepost.notifications.sinks.callback import CallbackSink
from wirepost.notifications.wake import Wakes
from wirepost.notifications.ways import sinks_of
from wirepost.upstream.guard import Poster

if TYPE_CHECKING:
    from wirepost.calls.own_writes import OwnWrites
    from wirepost.calls.taint import Taints
    from wirepost.connections.connections import Connection
    from wirepost.core.clock import Clock
    from wirepost.core.signing import Signer
    from wirepost.events.callback_status import CallbackStatus
    from wirepost.events.deliveries import Deliveries
    from wirepost.events.subscriptions import Subscriptions
    from wirepost.notifications.sinks.callback import MayReceive
    from wirepost.notifications.sinks.sink import Sink
    from wirepost.secrets.resolve import Secrets
    from wirepost.secrets.vault import Vault
    from wirepost.settings import Settings
    from wirepost.store.database import Database


@dataclass(frozen=True, eq=False)
class Outbox:
    """What brings events out, and what is known of it."""

    deliverer: Deliverer
    loops: Loops
    """`allows` is asked before a delivery is stored."""
    callbacks: Callbacks
    """`challenge` asks an address whether it wants to be called."""
    history: History
    _wakes: Wakes
    _subscriptions: Subscriptions
    _posters: tuple[Poster, ...]

    async def begin(self) -> None:
        """Have presses of our buttons brought here; due once at the start of a server."""
        if buttons.NAME in self.deliverer.sinks:
            await buttons.subscribe(self._subscriptions)

    async def prune(self, before: float) -> None:
        """Forget attempts that are older, and counts that matter to nobody any more."""
        await self.history.prune(before)
        await self._wakes.prune()

    async def close(self) -> None:
        """Close what is open."""
        await self.deliverer.close()
        for poster in self._posters:
            await poster.close()


def outbox_of(
    settings: Settings,
    *,
    connections: Mapping[str, Connection],
    secrets: Secrets,
    database: Database,
    deliveries: Deliveries,
    subscriptions: Subscriptions,
    status: CallbackStatus,
    own_writes: OwnWrites,
    taints: Taints,
    signer: Signer,
    vault: Vault,
    may_receive: MayReceive,
    clock: Clock,
) -> Outbox:
    """The outbox of a server; raises `ConfigError`."""
    # Operators name addresses of their own network; clients do so only where they were allowed to.
    ours = Poster(clock, may_be_private=True)
    theirs = Poster(clock, may_be_private=settings.events.private_addresses)
    callbacks, wakes = Callbacks(theirs, clock), Wakes(database, clock)
    pressed = ButtonsSink(signer, Acknowledgements(database, deliveries, clock))
    sinks: dict[str, Sink] = sinks_of(
        settings.sinks,
        connections=connections,
        secrets=secrets,
        poster=ours,
        own=own_writes,
        clock=clock,
        button=pressed.value,
    )
    if settings.sinks.slack:
        sinks[pressed.name] = pressed
    called = CallbackSink(callbacks, subscriptions, status, taints, vault=vault, may_receive=may_receive)
    sinks[called.name] = called
    # A session that is pushed to begins a turn, although no sink does the pushing.
    starting = [HINT, *(name for name, sink in sinks.items() if sink.starts_models)]
    loops = Loops(settings.events, starting)
    history = History(database, clock)
    deliverer = Deliverer(
        sinks,
        deliveries,
        subscriptions,
        wakes=wakes,
        loops=loops,
        history=history,
        hash_key=signer.mac("hash", b"personal data"),
        clock=clock,
    )
    return Outbox(deliverer, loops, callbacks, history, wakes, subscriptions, (ours, theirs))
