"""`SlackSink`: a message to people in Slack, with buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from wirepost.calls.own_writes import ids_in
from wirepost.core.errors import CallError, NotConnected, OutcomeUnknown, Unavailable
from wirepost.core.text import cut, without_tags
from wirepost.notifications.sinks.sink import Refused, Sent, Sink, SinkTrouble, TryAgain
from wirepost.upstream.ask import Ask
from wirepost.upstream.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from wirepost.calls.own_writes import OwnWrites
    from wirepost.connections.connections import Connection
    from wirepost.core.clock import Clock
    from wirepost.notifications.outgoing import Outgoing
    from wirepost.settings import events as options

TIMEOUT_S = 30.0
MAX_TEXT = 2900
"""Of one block; Slack takes 3,000 characters (https://docs.slack.dev/reference/block-kit/blocks/section-block)."""
METHOD = "chat.postMessage"
ACKNOWLEDGE = "wirepost_acknowledge"
"""What Slack says was pressed."""


async def _unnoted() -> None:
    """The delivery itself is the record of what is sent."""


class SlackSink(Sink):
    """Posts to one channel or person, as the app of a connection."""

    kind: ClassVar[str] = "slack"
    starts_models: ClassVar[bool] = False
    surplus = "counted"

    def __init__(
        self,
        name: str,
        settings: options.SlackSink,
        connection: Connection,
        clock: Clock,
        *,
        own: OwnWrites,
        button: Callable[[Outgoing], str] | None = None,
    ) -> None:
        """`button` makes the value by which a press of *Acknowledge* is believed; else there is none."""
        super().__init__(name, timeout_s=TIMEOUT_S, concurrency=2)
        self._settings, self._connection, self._clock = settings, connection, clock
        self._own, self._button = own, button

    async def send(self, outgoing: Outgoing) -> Sent:
        """Post it; raises what a sink does."""
        scope = Scope(self._clock.monotonic() + TIMEOUT_S - 1, interactive=False, before_write=_unnoted)
        content = orjson.dumps(
            {
                "channel": self._settings.channel,
                "text": cut(escaped(outgoing.line()), MAX_TEXT),
                "blocks": self.blocks(outgoing),
                "unfurl_links": False,
                "unfurl_media": False,
                "metadata": {
                    "event_type": "wirepost_event",
                    "event_payload": {"event_id": outgoing.event.id},
                },
            }
        )
        ask = Ask(
            "POST",
            f"/{METHOD}",
            content=content,
            content_type="application/json; charset=utf-8",
            is_write=True,
            quota=METHOD,
        )
        try:
            with self._own.under_way(self._connection.name):
                said = (await self._connection.shared.client(scope).send(ask)).json()
                await self._own.note(
                    self._connection.name, ids_in(said), outgoing.event.id, outgoing.event.hops + 1
                )
        except CallError as error:
            raise _trouble(error) from None
        return Sent({"channel": said.get("channel"), "ts": said.get("ts")})

    def blocks(self, outgoing: Outgoing) -> list[dict[str, Any]]:
        """What people see."""
        event = outgoing.event
        facts = " · ".join(filter(None, (event.source, event.environment, event.subject, event.id)))
        blocks: list[dict[str, Any]] = [
            {"type": "section", "text": _plain(outgoing.line())},
            {"type": "context", "elements": [_plain(facts)]},
        ]
        if elements := self._elements(outgoing):
            blocks.append({"type": "actions", "block_id": "wirepost", "elements": elements})
        return blocks

    def _elements(self, outgoing: Outgoing) -> list[dict[str, Any]]:
        elements = []
        if self._button is not None:
            elements.append(_press("Acknowledge", action_id=ACKNOWLEDGE, value=self._button(outgoing)))
        url = outgoing.event.data.get("url")
        if isinstance(url, str) and url.startswith("https://") and "url" not in outgoing.event.untrusted:
            elements.append(_press("Open", action_id="wirepost_open", url=url))
        return elements


def escaped(text: str) -> str:
    """Text that mentions nobody and leads nowhere, where Slack reads markup.

    https://docs.slack.dev/messaging/formatting-message-text/#escaping
    """
    return without_tags(text).replace("&", "&amp;").replace(">", "&gt;")


def _plain(text: str) -> dict[str, Any]:
    """Text in which Slack reads no markup at all."""
    return {"type": "plain_text", "text": cut(without_tags(text), MAX_TEXT), "emoji": False}


def _press(label: str, **more: str) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": label}, **more}


def _trouble(error: CallError) -> SinkTrouble:
    # Of an unknown outcome: a message that comes twice is better than one that never comes.
    if isinstance(error, Unavailable | NotConnected | OutcomeUnknown):
        return TryAgain(error.code, after_s=error.retry_after_s, provider_code=error.provider_code)
    return Refused(error.code, provider_code=error.provider_code)
