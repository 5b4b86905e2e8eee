"""The shelf in Redis, against a real one: others' keys stay apart, and Redis itself forgets."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis.asyncio import Redis

from support.redis import redis_server
from wirepost.core.errors import Unavailable
from wirepost.store.cache.in_redis import RedisShelf

pytestmark = pytest.mark.services("redis")


async def test_keys_have_a_prefix_and_an_end(tmp_path: Path) -> None:
    with redis_server(tmp_path) as url:
        shelf, beside = RedisShelf(url), Redis.from_url(url)
        await shelf.put("a", b"1", 60)
        assert await beside.keys() == [b"wirepost:a"]
        assert 59_000 < await beside.pttl("wirepost:a") <= 60_000
        await beside.set("a", b"not ours")
        assert await shelf.get("a") == b"1"
        await beside.delete("wirepost:a")
        assert await shelf.get("a") is None
        await beside.aclose()
        await shelf.close()


async def test_a_redis_that_refuses_us_is_unavailable(tmp_path: Path) -> None:
    with redis_server(tmp_path, "a-secret-of-redis") as url:
        shelf = RedisShelf(url.replace("a-secret-of-redis", "another"))
        with pytest.raises(Unavailable, match="Redis does not answer"):
            await shelf.get("a")
        with pytest.raises(Unavailable, match="Redis does not answer"):
            await shelf.put("a", b"1", 60)
        await shelf.close()
