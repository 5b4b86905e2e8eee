"""`SlackQuestions`: questions of the server itself, in the same form as those that callers ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirepost.contracts.asking import Asking, Question
from wirepost.core.text import cut
from wirepost.providers.slack.asking import MAX_QUESTION, blocks_of, started
from wirepost.providers.slack.client import SlackClient
from wirepost.providers.slack.directory import Directory
from wirepost.providers.slack.posting import SILENT, find_sent, marker
from wirepost.providers.slack.text import escape
from wirepost.tools.context import Call
from wirepost.tools.jobs import Started


class SlackQuestions(Asking):
    """One workspace."""

    def __init__(self, client: SlackClient) -> None:
        self._client, self._directory = client, Directory(client)

    async def ask(self, question: Question) -> Started:
        """Post it with its buttons, and with its name in the metadata."""
        text = _fitting(question.text)
        answer = await self._client.write(
            "chat.postMessage",
            key=None,
            channel=await self._directory.channel_id(question.place),
            text=text,
            blocks=blocks_of(question.name, text, question.options),
            metadata=marker(self._call(question)),
            **SILENT,
        )
        return _started(question, answer["channel"], answer["ts"])

    async def find(self, question: Question) -> Started | None:
        """The message whose metadata names it."""
        channel = await self._directory.channel_id(question.place)
        found = await find_sent(self._call(question), channel, None)
        return _started(question, channel, found["ts"]) if found else None

    async def close(self, details: Mapping[str, Any], text: str, *, key: str) -> None:
        """Update the message, without its buttons; the same twice is the same."""
        shown = _fitting(text)
        await self._client.write(
            "chat.update",
            key=key,
            channel=details["channel"],
            ts=details["ts"],
            text=shown,
            blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": shown}}],
        )

    def _call(self, question: Question) -> Call[SlackClient]:
        at = question.asked_at
        return Call(self._client, "", at, intent=question.name, dispatched_at=at)


def _started(question: Question, channel: str, ts: str) -> Started:
    allowed, ends = question.allowed, question.ends
    return started(
        question.name,
        channel,
        ts,
        question=_fitting(question.text),
        options=question.options,
        allowed=allowed,
        ends=ends,
    )


def _fitting(text: str) -> str:
    """As Slack takes it: escaped, and cut before that where it would be too long."""
    while len(escaped := escape(text)) > MAX_QUESTION:
        text = cut(text, len(text) * 9 // 10)
    return escaped
