"""`sinks_of()`: the sinks of a configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from wirepost.core.errors import ConfigError
from wirepost.notifications.sinks.claude_routine import ClaudeRoutineSink
from wirepost.notifications.sinks.command import CommandSink
from wirepost.notifications.sinks.http import HttpSink
from wirepost.notifications.sinks.slack import SlackSink

if TYPE_CHECKING:
    from wirepost.calls.own_writes import OwnWrites
    from wirepost.connections.connections import Connection
    from wirepost.core.clock import Clock
    from wirepost.notifications.outgoing import Outgoing
    from wirepost.notifications.sinks.sink import Sink
    from wirepost.secrets.resolve import Secrets
    from wirepost.settings import SinkSettings
    from wirepost.upstream.guard import Poster


def sinks_of(
    settings: SinkSettings,
    *,
    connections: Mapping[str, Connection],
    secrets: Secrets,
    poster: Poster,
    own: OwnWrites,
    clock: Clock,
    button: Callable[[Outgoing], str] | None = None,
) -> dict[str, Sink]:
    """Name → sink; raises `ConfigError`. `poster` may reach private addresses, as the operator names them."""
    sinks: list[Sink] = [
        *(HttpSink(name, each, secrets, poster, clock) for name, each in settings.http.items()),
        *(CommandSink(name, each) for name, each in settings.command.items()),
        *(ClaudeRoutineSink(name, each, secrets, poster) for name, each in settings.claude_routine.items()),
    ]
    if settings.email:
        from wirepost.notifications.sinks.email import EmailSink

        sinks += [EmailSink(name, each, secrets, clock) for name, each in settings.email.items()]
    for name, each in settings.slack.items():
        connection = _slack(name, each.connection, connections)
        sinks.append(SlackSink(name, each, connection, clock, own=own, button=button))
    return {sink.name: sink for sink in sinks}


def _slack(sink: str, name: str, connections: Mapping[str, Connection]) -> Connection:
    connection = connections.get(name)
    if connection is None or connection.provider.name != "slack":
        fitting = [each.name for each in connections.values() if each.provider.name == "slack"]
        raise ConfigError(
            f"{name} is no connection to Slack",
            key=f"sinks.slack.{sink}.connection",
            hint=f"one of {', '.join(fitting)}" if fitting else "add one under connections",
        )
    return connection
