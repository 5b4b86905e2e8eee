"""A server has the keys that are configured, or makes one where nobody else needs it, and says so."""

from __future__ import annotations

import base64
import stat
from pathlib import Path
from typing import Any

import pytest

from support.clock import ManualClock
from wirepost.core.errors import ConfigError
from wirepost.secrets.keys import KEY_FILE, key_ring, make_key_file
from wirepost.secrets.resolve import Secrets
from wirepost.secrets.vault import KeyRing, Vault, key_id
from wirepost.settings import Settings
from wirepost.store.owner import DataDirectory

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def files_in(directory: Path) -> list[str]:
    return [file.name for file in directory.iterdir()]


async def ring(directory: Path, *, is_needed: bool = True, **settings: Any) -> KeyRing | None:
    settings_ = Settings.model_validate(settings)
    secrets = Secrets(settings_.secrets, ManualClock())
    return await key_ring(settings_, secrets, DataDirectory(directory), is_needed=is_needed)


async def test_configured_keys_make_the_ring_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIREPOST_TEST_NEW", base64.b64encode(NEW).decode())
    monkeypatch.setenv("WIREPOST_TEST_OLD", base64.b64encode(OLD).decode())
    keys = ["env:WIREPOST_TEST_NEW", "env:WIREPOST_TEST_OLD"]
    made = await ring(tmp_path, secrets={"keys": keys}, server={"host": "0.0.0.0"})  # noqa: S104 - not bound
    assert repr(made) == f"KeyRing({key_id(NEW)}, {key_id(OLD)})"
    assert not files_in(tmp_path)


@pytest.mark.parametrize("text", ["c2hvcnQ=", "not base64!", base64.b64encode(OLD + OLD).decode()])
async def test_what_is_no_key_is_refused_unseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("WIREPOST_TEST_KEY", text)
    with pytest.raises(
        ConfigError, match="the environment variable WIREPOST_TEST_KEY holds no key"
    ) as caught:
        await ring(tmp_path, secrets={"keys": ["env:WIREPOST_TEST_KEY"]})
    assert "openssl rand -base64 32" in (caught.value.hint or "")
    assert text not in str(caught.value)


async def test_a_server_of_one_machine_makes_a_key_says_so_and_finds_it_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = await ring(tmp_path)
    file = tmp_path / KEY_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert files_in(tmp_path) == [KEY_FILE]
    assert str(file) in caplog.text
    assert file.read_text().strip() not in caplog.text
    caplog.clear()
    again = await ring(tmp_path)
    assert made is not None
    assert again is not None
    sealed = Vault(made).seal("a token", bound_to=("place",))
    assert Vault(again).open(sealed, bound_to=("place",)) == "a token"
    assert not caplog.text


async def test_a_server_that_stores_no_tokens_needs_no_key(tmp_path: Path) -> None:
    for server in ({}, {"url": "https://wirepost.example.com"}):
        assert await ring(tmp_path, is_needed=False, server=server) is None
    assert not files_in(tmp_path)


async def test_a_key_that_is_there_is_used_even_if_none_is_needed(tmp_path: Path) -> None:
    first, second = await ring(tmp_path), await ring(tmp_path, is_needed=False)
    assert repr(first) == repr(second)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"server": {"host": "0.0.0.0"}}, "other machines reach it"),  # noqa: S104 - not bound
        ({"server": {"host": "wirepost.example.com"}}, "other machines reach it"),
        ({"server": {"url": "https://wirepost.example.com"}}, "other machines reach it"),
        ({"store": {"url": "postgresql://user@host/database"}}, "other servers share its store"),
    ],
)
async def test_a_server_that_is_not_alone_needs_configured_keys(
    tmp_path: Path, settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        await ring(tmp_path, **settings)
    assert caught.value.key == "secrets.keys"
    assert not files_in(tmp_path)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "127.8.8.8"])
async def test_this_machine_has_several_names(tmp_path: Path, host: str) -> None:
    assert await ring(tmp_path, server={"host": host}) is not None


async def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    await ring(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(ConfigError, match="is open to other accounts"):
        await ring(tmp_path)


async def test_a_directory_that_takes_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none/wirepost.key: cannot be written: No such file"):
        await ring(tmp_path / "none")


async def test_two_processes_that_begin_at_once_have_one_key(tmp_path: Path) -> None:
    """The other one's key appears after this one has looked."""
    other = await ring(tmp_path)
    make_key_file(tmp_path / KEY_FILE)
    assert repr(await ring(tmp_path)) == repr(other)
    assert files_in(tmp_path) == [KEY_FILE]
