"""What is kept comes back until it is too old, wherever it is kept; a cache that fails has nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.clock import ManualClock
from support.redis import redis_server
from wirepost.core.errors import ConfigError, Unavailable
from wirepost.settings import CacheSettings
from wirepost.store.cache.cache import Cache, cache_of
from wirepost.store.cache.in_redis import RedisShelf
from wirepost.store.database import Database

ANSWER = {"text": "für Müller", "numbers": [1, 2.5, None]}


class Broken:
    """A shelf that nobody reaches, or that somebody else has written on."""

    def __init__(self, content: bytes | None = None) -> None:
        self.content = content

    async def get(self, key: str) -> bytes | None:
        if self.content is None:
            raise Unavailable("server_unavailable", "it is gone")
        return self.content

    async def put(self, key: str, content: bytes, ttl_s: float) -> None:
        raise Unavailable("server_unavailable", "it is gone")

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(params=["memory", "store", pytest.param("redis", marks=pytest.mark.services("redis"))])
async def cache(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Cache]:
    """A cache on each of the shelves."""
    database = await Database.open(tmp_path / "cache.db", clock)
    settings = CacheSettings.model_validate({"kind": request.param, "url": "env:REDIS_URL"})
    if request.param == "redis":
        with redis_server(tmp_path) as url:
            opened = cache_of(settings, database, clock, url)
            yield opened
            await opened.close()
    else:
        opened = cache_of(settings, database, clock)
        yield opened
        await opened.close()
    await database.close()


async def test_what_was_kept_comes_back_under_its_key_alone(cache: Cache) -> None:
    await cache.put("a", ANSWER, 60)
    assert await cache.get("a") == ANSWER
    assert await cache.get("b") is None
    await cache.put("a", {"text": "new"}, 60)
    assert await cache.get("a") == {"text": "new"}


async def test_with_kind_off_nothing_is_kept(tmp_path: Path, clock: ManualClock) -> None:
    database = await Database.open(tmp_path / "cache.db", clock)
    cache = cache_of(CacheSettings(kind="off"), database, clock)
    await cache.put("a", ANSWER, 60)
    assert await cache.get("a") is None
    await cache.close()
    await database.close()


@pytest.mark.parametrize("shelf", [Broken(), Broken(b"no JSON")], ids=["gone", "spoiled"])
async def test_a_cache_that_fails_has_nothing_and_says_so_in_the_log(
    shelf: Broken, caplog: pytest.LogCaptureFixture
) -> None:
    cache = Cache(shelf)
    await cache.put("a", ANSWER, 60)
    assert await cache.get("a") is None
    assert "the cache cannot be read" in caplog.text


@pytest.mark.services("redis")
async def test_a_redis_that_is_gone_fails_no_call_and_its_password_is_told_to_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with redis_server(tmp_path, "a-secret-of-redis") as url:
        cache = Cache(RedisShelf(url))
        await cache.put("a", ANSWER, 60)
        assert await cache.get("a") == ANSWER
    assert await cache.get("a") is None
    await cache.put("a", ANSWER, 60)
    await cache.close()
    assert "Redis does not answer" in caplog.text
    assert "a-secret-of-redis" not in caplog.text


def test_an_address_that_is_none_is_refused_without_being_repeated() -> None:
    with pytest.raises(ConfigError, match="is not the address of a Redis") as refused:
        RedisShelf("https://:a-secret@example.com")
    assert "a-secret" not in str(refused.value)


WITHOUT_REDIS = """
import sys
sys.modules["redis"] = None  # what an installation without the extra comes to: importing it fails

from wirepost.core.errors import ConfigError
from wirepost.settings import CacheSettings
from wirepost.store.cache.cache import cache_of

try:
    cache_of(CacheSettings.model_validate({"kind": "redis", "url": "env:REDIS_URL"}), None, None, "redis://localhost")
except ConfigError as refused:
    print(refused, refused.hint)
"""


def test_a_missing_package_is_named() -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT_REDIS], capture_output=True, text=True, check=True)
    assert "Redis needs a package" in ran.stdout
    assert "wirepost[redis]" in ran.stdout
