"""A secret is looked up when it is needed, kept for a while, and looked up again once it was refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from support.clock import ManualClock
from support.desktop import desktop
from support.serving import served
from wirepost.core.errors import ConfigError
from wirepost.core.redact import REDACTED, SECRETS
from wirepost.core.secret_refs import SecretRef
from wirepost.secrets import sops
from wirepost.secrets.answers import Unreachable
from wirepost.secrets.resolve import AGAIN_S, KEPT_S, Secrets
from wirepost.settings import SecretSettings

REMOTE = SecretRef("vault:secret/data/a#key")


class Stalling:
    """A vault that answers when it is let; it counts the questions."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_down = False
        self.refusal: Response | None = None
        self.value = "the first value"
        self.arrived, self.go_on = asyncio.Event(), asyncio.Event()
        self.go_on.set()

    async def answer(self, request: Request) -> Response:
        self.asked += 1
        self.arrived.set()
        await self.go_on.wait()
        if self.refusal is not None:
            return self.refusal
        if self.is_down:
            return JSONResponse({"errors": ["Vault is sealed"]}, 503)
        return JSONResponse({"data": {"data": {"key": self.value}, "metadata": {}}})


@pytest.fixture
async def vault() -> Stalling:
    """The vault behind `secrets`."""
    return Stalling()


@pytest.fixture
async def secrets(
    vault: Stalling, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Secrets]:
    """Secrets in that vault."""
    monkeypatch.setenv("WIREPOST_TEST_TOKEN", "token-of-the-vault")
    async with served(Starlette(routes=[Route("/v1/{path:path}", vault.answer)])) as url:
        settings = {"vault": {"address": url, "token": "env:WIREPOST_TEST_TOKEN"}}
        secrets = Secrets(SecretSettings.model_validate(settings), clock)
        yield secrets
        await secrets.close()


def nowhere() -> Secrets:
    return Secrets(SecretSettings(), ManualClock())


async def test_a_variable_and_a_file_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIREPOST_TEST_KEY", "from a variable")
    file = tmp_path / "key"
    file.write_text("from\na file")
    file.chmod(0o600)
    secrets = nowhere()
    assert await secrets.resolve(SecretRef("env:WIREPOST_TEST_KEY")) == "from a variable"
    assert await secrets.resolve(SecretRef(f"file:{file}"), may_have_lines=True) == "from\na file"
    with pytest.raises(ConfigError, match="holds a line break"):
        await secrets.resolve(SecretRef(f"file:{file}"))
    await secrets.close()


async def test_other_places_are_asked_in_their_own_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "sops"
    program.write_text("#!/bin/sh\nprintf 'by the program'\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    secrets = nowhere()
    assert sops.PROGRAM == "sops"
    with desktop(me=["kept by the desktop"]):
        assert await secrets.resolve(SecretRef("keyring:wirepost/me")) == "kept by the desktop"
    assert await secrets.resolve(SecretRef("sops:/a.yaml#b")) == "by the program"


@pytest.mark.parametrize(
    ("reference", "setting"),
    [
        ("vault:a#b", "secrets.vault"),
        ("vault-transit:a#vault:v1:b", "secrets.vault"),
        ("aws-sm:a", "secrets.aws"),
    ],
)
async def test_a_store_that_is_not_configured_is_named(reference: str, setting: str) -> None:
    with pytest.raises(ConfigError, match="references need to know") as caught:
        await nowhere().resolve(SecretRef(reference))
    assert caught.value.key == setting


async def test_what_was_given_is_redacted_in_all_that_is_said_and_not_shown(secrets: Secrets) -> None:
    value = await secrets.resolve(REMOTE)
    assert SECRETS.text(f"it is {value}") == f"it is {REDACTED}"
    assert value not in f"{secrets!r}{secrets._held}"  # noqa: SLF001 - what a traceback would show


async def test_it_is_kept_for_a_while(secrets: Secrets, vault: Stalling, clock: ManualClock) -> None:
    await secrets.resolve(REMOTE)
    vault.value = "the second value"
    clock.advance(KEPT_S - 1)
    assert await secrets.resolve(REMOTE) == "the first value"
    clock.advance(1)
    assert await secrets.resolve(REMOTE) == "the second value"
    assert vault.asked == 2


async def test_many_who_ask_at_once_are_one_question(secrets: Secrets, vault: Stalling) -> None:
    assert await asyncio.gather(*(secrets.resolve(REMOTE) for _ in range(20))) == ["the first value"] * 20
    assert vault.asked == 1


async def test_one_who_gives_up_takes_nothing_from_the_others(secrets: Secrets, vault: Stalling) -> None:
    vault.go_on.clear()
    first = asyncio.create_task(secrets.resolve(REMOTE))
    await vault.arrived.wait()
    second = asyncio.create_task(secrets.resolve(REMOTE))
    first.cancel()
    vault.go_on.set()
    assert await second == "the first value"
    assert vault.asked == 1
    assert first.cancelled()


async def test_a_question_ends_when_the_loop_does(secrets: Secrets, vault: Stalling) -> None:
    vault.go_on.clear()
    asking = asyncio.create_task(secrets.resolve(REMOTE))
    await vault.arrived.wait()
    for task in secrets._asking.values():  # noqa: SLF001 - as the end of the loop does
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    vault.go_on.set()


async def test_a_refused_one_is_looked_up_again_once(secrets: Secrets, vault: Stalling) -> None:
    old = await secrets.resolve(REMOTE)
    vault.value = "the second value"
    for _ in range(5):  # calls that were refused with the old one, some of them late
        secrets.forget(REMOTE, old)
        assert await secrets.resolve(REMOTE) == "the second value"
    assert vault.asked == 2


async def test_while_the_store_is_down_the_last_known_one_is_used(
    secrets: Secrets, vault: Stalling, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    await secrets.resolve(REMOTE)
    clock.advance(KEPT_S)
    vault.is_down = True
    assert await secrets.resolve(REMOTE) == "the first value"
    asked, vault.is_down, vault.value = vault.asked, False, "the second value"
    assert "the secret known before is used on: the secret vault:secret/data/a#key" in caplog.text
    assert "first value" not in caplog.text
    assert await secrets.resolve(REMOTE) == "the first value"
    assert vault.asked == asked
    clock.advance(AGAIN_S)
    assert await secrets.resolve(REMOTE) == "the second value"


@pytest.mark.parametrize(
    "refusal", [PlainTextResponse("a proxy says no", 403), JSONResponse(["odd"], 403), JSONResponse({}, 403)]
)
async def test_a_refusal_in_another_form_is_one(secrets: Secrets, vault: Stalling, refusal: Response) -> None:
    vault.refusal = refusal
    with pytest.raises(ConfigError, match="the vault refused the token") as caught:
        await secrets.resolve(REMOTE)
    assert "proxy" not in str(caught.value)


async def test_a_refused_one_is_not_used_again_even_if_the_store_is_down(
    secrets: Secrets, vault: Stalling
) -> None:
    secrets.forget(REMOTE, await secrets.resolve(REMOTE))
    vault.is_down = True
    with pytest.raises(Unreachable, match="vault:secret/data/a#key cannot be read"):
        await secrets.resolve(REMOTE)
