"""A key of one environment on a connection that declares another: nothing starts, and the check says why."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from support.programs import PATIENCE_S, start
from wirepost.store.owner import DataDirectory

pytestmark = pytest.mark.slow

LIVE, TEST = "sk_live_" + "0123456789abcdef", "rk_test_" + "0123456789abcdef"
MISMATCHES = pytest.mark.parametrize(
    ("declared", "key", "said"),
    [
        ("test", LIVE, "the key belongs to production, the connection says environment: test"),
        ("production", TEST, "the key belongs to test, the connection says environment: production"),
        ("sandbox", LIVE, "has a key, but a sandbox needs none"),
        ("sandbox", TEST, "has a key, but a sandbox needs none"),
    ],
)


def written(folder: Path, declared: str) -> str:
    """A configuration whose key is in a variable; its path."""
    path = folder / "wirepost.yaml"
    shop = f"{{provider: stripe, environment: {declared}, key: env:SHOP_KEY}}"
    path.write_text(f"data_dir: here\nconnections:\n  shop: {shop}\n")
    return str(path)


async def ended(*arguments: str, key: str) -> tuple[int | None, str]:
    """Run `wirepost …` to its end; the exit code and all it said, which must not hold the key."""
    process = await start(*arguments, SHOP_KEY=key)
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    said = (out + err).decode()
    assert key not in said
    return process.returncode, said


@MISMATCHES
async def test_a_server_refuses_to_start(tmp_path: Path, declared: str, key: str, said: str) -> None:
    """12.2.3g: a live key on a test connection stops the start."""
    code, told = await ended("serve", "--port", "0", "--config", written(tmp_path, declared), key=key)
    assert code == 2
    assert said in told
    assert DataDirectory(tmp_path / "here").find_owner() is None
    assert not (tmp_path / "here").exists(), "it ended before it opened anything"


@MISMATCHES
async def test_the_check_of_the_configuration_names_key_and_line(
    tmp_path: Path, declared: str, key: str, said: str
) -> None:
    code, told = await ended("config", "check", "--config", written(tmp_path, declared), key=key)
    assert code == 2
    assert said in told
    assert "wirepost.yaml:3: connections.shop" in told


@pytest.mark.parametrize(("declared", "key"), [("test", TEST), ("production", LIVE)])
async def test_a_key_of_the_declared_environment_is_fine(tmp_path: Path, declared: str, key: str) -> None:
    code, told = await ended("config", "check", "--config", written(tmp_path, declared), key=key)
    assert (code, told.splitlines()[-1].startswith("fine: ")) == (0, True)
