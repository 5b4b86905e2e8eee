"""`CommandSink`: a program that gets the event as JSON on its standard input, and nothing else of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING, ClassVar

import orjson

from wirepost.notifications.sinks.sink import Refused, Sent, Sink, TryAgain

if TYPE_CHECKING:
    from wirepost.notifications.outgoing import Outgoing
    from wirepost.settings import events as options

TAKEN_OVER = ("PATH", "HOME", "LANG")
GRACE_S = 5.0
"""Between being asked to end and being ended."""


class CommandSink(Sink):
    """Starts one program, with fixed arguments, without a shell."""

    kind: ClassVar[str] = "command"
    starts_models: ClassVar[bool] = True
    surplus = "counted"

    def __init__(self, name: str, settings: options.CommandSink, *, grace_s: float = GRACE_S) -> None:
        super().__init__(name, timeout_s=settings.timeout_s + 2 * grace_s, concurrency=settings.concurrency)
        self._settings, self._grace_s = settings, grace_s

    def most_per_day(self) -> int | None:
        """How often it may be started in a day."""
        return self._settings.per_day

    async def send(self, outgoing: Outgoing) -> Sent:
        """Run it to its end; a run that fails is not repeated, as it may have done a part of its work."""
        try:
            # A group of its own, so that what it starts ends with it.
            process = await asyncio.create_subprocess_exec(
                *self._settings.argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise TryAgain(f"cannot be started: {error.strerror}") from None
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                await _fed(process, orjson.dumps(outgoing.plain()))
        except TimeoutError:
            raise Refused("took too long and was ended", timeout_s=self._settings.timeout_s) from None
        finally:
            await _end(process, self._grace_s)
        if process.returncode:
            raise Refused(f"ended with status {process.returncode}", status=process.returncode)
        return Sent({"status": 0})

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in TAKEN_OVER if name in os.environ}
        return {**kept, **self._settings.environment}


async def _fed(process: asyncio.subprocess.Process, content: bytes) -> None:
    """Give it everything and wait for its end; one that does not read is none the worse."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        await process.communicate(content)
    await process.wait()


async def _end(process: asyncio.subprocess.Process, grace_s: float) -> None:
    """End it and what it has started; also after it has ended itself, as something may be left of it."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
        except (ProcessLookupError, PermissionError):  # the latter where only the dead are left (macOS)
            break
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s if process.returncode is None else 0):
                await process.wait()
    await process.wait()
