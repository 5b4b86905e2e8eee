"""Worlds that tests share: facts take a while to make, and nothing changes them."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from wirepost.sandbox.world import World


@lru_cache(maxsize=4)
def world_at(now: datetime) -> World:
    """The shop as it stands at `now`, the same object for all tests of a process."""
    return World.build(now)
