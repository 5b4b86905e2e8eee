"""The outbox of a server: an event goes its whole way, from the log to a stranger's server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from support.clock import ManualClock
from support.letterbox import letterbox
from support.occurred import event, stored
from support.sinks import Desk
from wirepost.calls.own_writes import OwnWrites
from wirepost.calls.taint import Taints
from wirepost.connections.connections import Connection
from wirepost.core.signing import Signer
from wirepost.events.callback import SINK
from wirepost.events.callback_status import CallbackStatus
from wirepost.events.log_cursors import LogCursors
from wirepost.events.matching import Matcher
from wirepost.notifications.outbox import Outbox, outbox_of
from wirepost.notifications.sinks import buttons
from wirepost.providers import load_provider
from wirepost.secrets.resolve import Secrets
from wirepost.secrets.vault import KeyRing, Vault
from wirepost.settings import ConnectionSettings, SecretSettings, Settings

SIGNER = Signer(b"s" * 32)


async def anybody(owner: str, target: Any) -> bool:
    return True


def outbox(desk: Desk, directory: Path, **sinks: Any) -> Outbox:
    clock = desk.clock
    slack = ConnectionSettings.model_validate({"provider": "slack", "environment": "sandbox"})
    return outbox_of(
        Settings.model_validate({"data_dir": str(directory), "sinks": sinks}),
        connections={"slack": Connection("slack", load_provider("slack"), slack, clock, lambda: None)},  # type: ignore[arg-type,return-value]
        secrets=Secrets(SecretSettings(), clock),
        database=desk.database,
        deliveries=desk.deliveries,
        subscriptions=desk.subscriptions,
        status=CallbackStatus(desk.database, LogCursors(SIGNER)),
        own_writes=OwnWrites(desk.database, clock),
        taints=Taints(desk.database, clock, desk.settings),
        signer=SIGNER,
        vault=Vault(KeyRing([b"k" * 32])),
        may_receive=anybody,
        clock=clock,
    )


async def test_a_stored_event_reaches_a_strangers_server_and_a_silent_one_holds_up_nothing(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time stands still, so whatever comes comes because it was told."""
    monkeypatch.setenv("SINK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    desk.clock = ManualClock(auto=False)
    async with letterbox() as quick, letterbox() as silent:
        silent.always = lambda _: type("Hanging", (), {"hangs": True})()
        http = {
            name: {"url": box.url, "secret": "env:SINK_SECRET"}
            for name, box in (("quick", quick), ("silent", silent))
        }
        made = outbox(desk, tmp_path, http=http)
        await desk.subscription("all", deliver=["quick", "silent"], wake_rate="1000/s")
        matcher = Matcher(desk.log, desk.deliveries, desk.clock, max_waiting=1000, allows=made.loops.allows)
        running = [asyncio.create_task(work()) for work in (made.deliverer.run, matcher.run)]
        for number in range(1, 31):
            (one,) = await stored(desk.log, event(subject=f"charge/{number}"))
            letters = await quick.wait_for(number)
            assert letters[-1].headers["webhook-id"] == one.id
        assert len(silent.letters) <= 8
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await made.close()


async def test_buttons_are_listened_to_where_there_are_any(desk: Desk, tmp_path: Path) -> None:
    plain = outbox(desk, tmp_path)
    await plain.begin()
    assert set(plain.deliverer.sinks) == {SINK}
    assert await desk.subscriptions.all() == []
    with_slack = outbox(desk, tmp_path, slack={"room": {"connection": "slack", "channel": "C1"}})
    await with_slack.begin()
    assert set(with_slack.deliverer.sinks) == {SINK, "room", buttons.NAME}
    (subscription,) = await desk.subscriptions.all()
    assert (subscription.owner, subscription.name) == (buttons.OWNER, buttons.NAME)


async def test_what_is_old_is_forgotten(desk: Desk, tmp_path: Path) -> None:
    made = outbox(desk, tmp_path)
    await made.prune(desk.now)
    assert await desk.database.read("SELECT name FROM wakes LIMIT 1") == []
