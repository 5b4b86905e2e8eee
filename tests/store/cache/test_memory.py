"""The shelf in memory forgets by age, by number and by size."""

from __future__ import annotations

from support.clock import ManualClock
from wirepost.store.cache.memory import MemoryShelf


async def test_what_is_too_old_is_gone(clock: ManualClock) -> None:
    shelf = MemoryShelf(clock, 10)
    await shelf.put("a", b"1", 60)
    clock.advance(59)
    assert await shelf.get("a") == b"1"
    clock.advance(1)
    assert await shelf.get("a") is None


async def test_what_was_not_used_for_longest_makes_room(clock: ManualClock) -> None:
    shelf = MemoryShelf(clock, 2)
    for key in ("a", "b"):
        await shelf.put(key, b"1", 60)
    assert await shelf.get("a") == b"1"
    await shelf.put("c", b"1", 60)
    assert [await shelf.get(key) for key in ("a", "b", "c")] == [b"1", None, b"1"]


async def test_large_answers_make_room_by_their_size(clock: ManualClock) -> None:
    shelf = MemoryShelf(clock, 10, max_bytes=10)
    await shelf.put("a", b"123456", 60)
    await shelf.put("a", b"654321", 60)
    assert await shelf.get("a") == b"654321"
    await shelf.put("b", b"123456", 60)
    assert [await shelf.get(key) for key in ("a", "b")] == [None, b"123456"]
    await shelf.put("c", b"1" * 11, 60)
    assert await shelf.get("c") is None, "what alone is too large is not kept"


async def test_a_closed_shelf_is_empty(clock: ManualClock) -> None:
    shelf = MemoryShelf(clock, 10)
    await shelf.put("a", b"1", 60)
    await shelf.close()
    assert await shelf.get("a") is None
