"""What a call lends to its requests."""

from __future__ import annotations

import asyncio

import pytest

from wirepost.upstream.scope import Scope


async def test_the_ledger_is_told_once_even_when_writes_start_together():
    told, may_go_on = 0, asyncio.Event()

    async def dispatch() -> None:
        nonlocal told
        told += 1
        await may_go_on.wait()

    scope = Scope(10.0, before_write=dispatch)
    tasks = [asyncio.create_task(scope.announce_write()) for _ in range(3)]
    done, _ = await asyncio.wait(tasks, timeout=0.01)
    assert not done
    may_go_on.set()
    await asyncio.gather(*tasks)
    assert told == 1


async def test_there_may_be_no_ledger_to_tell():
    await Scope(10.0).announce_write()


async def test_a_ledger_that_failed_is_asked_again():
    answers = [OSError("disk"), None]

    async def dispatch() -> None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    scope = Scope(10.0, before_write=dispatch)
    with pytest.raises(OSError, match="disk"):
        await scope.announce_write()
    await scope.announce_write()
    await scope.announce_write()
    assert answers == []
