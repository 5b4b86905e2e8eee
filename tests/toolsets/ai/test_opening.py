"""The books of a whole server: configured, kept where the options say, closed with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from support.redis import redis_server
from support.running import running, settings_for
from wirepost.core.errors import ConfigError
from wirepost.providers.embedded import PROVIDER
from wirepost.providers.embedded.engine import MODEL
from wirepost.settings.ai import LOCAL_MODEL
from wirepost.settings.connections import LOCAL_PROVIDER
from wirepost.toolsets.ai.opening import aliases_of, open_books

NOWHERE = {"models": {"fast": {"connection": "nowhere", "model": "m"}}}


def test_a_model_on_a_connection_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ai\.models\.fast\.connection"):
        aliases_of(settings_for(tmp_path, ai=NOWHERE))


async def test_a_server_does_not_start_with_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ai\.models\.fast\.connection"):
        async with running(tmp_path, ai=NOWHERE):
            pass


@pytest.mark.services("redis")
async def test_a_server_keeps_answers_in_the_redis_of_its_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis_server(tmp_path, "a-secret-of-redis") as url:
        monkeypatch.setenv("REDIS_URL", url)
        cache: dict[str, Any] = {"kind": "redis", "url": "env:REDIS_URL"}
        async with running(tmp_path, ai={"cache": cache}) as wirepost:
            app = wirepost.app
            parts = {"long": app.long_work, "secrets": app.secrets, "clock": app.clock}
            async with open_books(app.settings, app.database, app.connections, **parts) as books:
                await books.cache.put("a", "kept", 60)
        beside = Redis.from_url(url)
        assert await beside.get("wirepost:a") == b'"kept"'
        await beside.aclose()


def test_the_model_that_needs_no_configuration_is_the_one_inside_the_server() -> None:
    assert {"provider": PROVIDER.name, "model": MODEL} == {"provider": LOCAL_PROVIDER, "model": LOCAL_MODEL}
