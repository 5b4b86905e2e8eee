"""The sinks of a configuration: each under its name, wrong ones by name."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from support.clock import ManualClock
from support.sample_vendor import connection
from wirepost.calls.own_writes import OwnWrites
from wirepost.connections.connections import Connection
from wirepost.core.errors import ConfigError
from wirepost.notifications.sinks.sink import Sink
from wirepost.notifications.ways import sinks_of
from wirepost.providers import load_provider
from wirepost.secrets.resolve import Secrets
from wirepost.settings import SecretSettings, SinkSettings
from wirepost.store.database import Database
from wirepost.upstream.guard import Poster

ALL = {
    "http": {"hook": {"url": "https://example.com/in", "secret": "env:SINK_SECRET"}},
    "slack": {"room": {"connection": "chat", "channel": "#support"}},
    "command": {"agent": {"argv": ["agent"]}},
    "claude_routine": {"routine": {"routine": "trig_1", "token": "env:TOKEN", "prompt": "Look"}},
    "email": {"people": {"host": "smtp.example.com", "sender": "a@example.com", "to": ["b@example.com"]}},
}


@pytest.fixture
def connections(clock: ManualClock) -> dict[str, Connection]:
    return {
        "chat": connection("chat", clock, provider=load_provider("slack")),
        "shop": connection("shop", clock),
    }


def made(
    configured: Mapping[str, object],
    connections: Mapping[str, Connection],
    database: Database,
    clock: ManualClock,
) -> dict[str, Sink]:
    return sinks_of(
        SinkSettings.model_validate(configured),
        connections=connections,
        secrets=Secrets(SecretSettings(), clock),
        poster=Poster(clock),
        own=OwnWrites(database, clock),
        clock=clock,
    )


async def test_every_kind_that_can_be_configured_is_made(connections, database, clock) -> None:
    assert ALL.keys() == SinkSettings.model_fields.keys()
    sinks = made(ALL, connections, database, clock)
    assert {name: sink.kind for name, sink in sinks.items()} == SinkSettings.model_validate(ALL).names
    assert all(sink.name == name for name, sink in sinks.items())


async def test_what_may_start_a_model_is_known(connections, database, clock) -> None:
    sinks = made(ALL, connections, database, clock)
    assert {name for name, sink in sinks.items() if sink.starts_models} == {"hook", "agent", "routine"}


@pytest.mark.parametrize("name", ["shop", "nothing"])
async def test_a_connection_that_is_not_slack_is_refused_by_name(connections, database, clock, name) -> None:
    wrong = {"slack": {"room": {"connection": name, "channel": "#support"}}}
    with pytest.raises(ConfigError, match=f"sinks.slack.room.connection: {name} is no connection") as caught:
        made(wrong, connections, database, clock)
    assert caught.value.hint == "one of chat"
    with pytest.raises(ConfigError) as caught:
        made(wrong, {}, database, clock)
    assert caught.value.hint == "add one under connections"
