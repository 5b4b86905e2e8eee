"""`Notices`: what is told in one process is told in all that share the database (LISTEN and NOTIFY)."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from wirepost.core.ids import new_id

if TYPE_CHECKING:
    from wirepost.store.postgres.server import Connection, Server
    from wirepost.store.signals import Signals

LOOK_S = 0.5
"""How long the listener waits before it looks whether it is to stop, in seconds."""
WAIT_S = 5.0
AT_ONCE = 100
"""Topics in one notice, which may have 8000 bytes."""

_CHANNEL = "SELECT 'wirepost_' || md5(current_schema())"


class Notices:
    """Carries topics between the signals of this process and of others; polling finds what is lost."""

    def __init__(self, server: Server, signals: Signals) -> None:
        self._server, self._signals = server, signals
        self._name = new_id("prc")
        self._told: dict[str, None] = {}
        self._has_told = asyncio.Event()
        self._stop = threading.Event()
        self._sending: asyncio.Future[tuple[str, Connection]]
        self.is_listening = asyncio.Event()

    async def run(self) -> None:
        """Carry them until this is cancelled; raises what the driver raises when the connection is lost."""
        loop = asyncio.get_running_loop()
        self._stop.clear()
        self._sending = loop.create_future()
        self._signals.forward = self._tell
        tasks = [
            asyncio.ensure_future(asyncio.to_thread(self._listen, loop)),
            asyncio.ensure_future(self._send()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            done.pop().result()  # neither ends by itself, so this raises what ended it
        finally:
            self._signals.forward = None
            self._stop.set()
            tasks[1].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _tell(self, topic: str) -> None:
        self._told[topic] = None
        self._has_told.set()

    def _hear(self, payload: str) -> None:
        sender, *topics = payload.split("\n")
        for topic in topics if sender != self._name else ():
            self._signals.hear(topic)

    def _begin(self, channel: str, sending: Connection) -> None:
        """Whatever was told before may have been missed."""
        if self._sending.done():  # it was stopped meanwhile
            return
        self._sending.set_result((channel, sending))
        self.is_listening.set()
        self._signals.hear_all()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Open both connections, and close them at the end: only this thread is sure to come to one."""
        with contextlib.ExitStack() as opened:
            connection, sending = (self._connect(opened) for _ in range(2))
            ((channel,),) = connection.execute(_CHANNEL).fetchall()
            connection.execute(f'LISTEN "{channel}"'.encode())
            loop.call_soon_threadsafe(self._begin, str(channel), sending)
            while not self._stop.is_set():
                for notice in connection.notifies(timeout=LOOK_S):
                    loop.call_soon_threadsafe(self._hear, notice.payload)

    async def _send(self) -> None:
        """What is told while one notice is on its way goes with the next."""
        channel, connection = await self._sending
        while True:
            await self._has_told.wait()
            self._has_told.clear()
            topics = list(self._told)
            self._told.clear()
            await asyncio.to_thread(self._notify, connection, channel, topics)

    def _notify(self, connection: Connection, channel: str, topics: Sequence[str]) -> None:
        for start in range(0, len(topics), AT_ONCE):
            payload = "\n".join([self._name, *topics[start : start + AT_ONCE]])
            connection.execute("SELECT pg_notify(%s, %s)", (channel, payload))

    def _connect(self, opened: contextlib.ExitStack) -> Connection:
        connection = self._server.connect(WAIT_S, may_write=False)
        opened.callback(connection.close)
        return connection
