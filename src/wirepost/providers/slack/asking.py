"""`slack.ask`: questions with buttons, which wait for a person (https://docs.slack.dev/block-kit).

A click comes as an interaction, see `interactions`; nothing is asked of Slack while a question waits. Once it
is over, its buttons make room for what became of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wirepost.contracts.jobs import JobKind, Look, Report, Row, Seen
from wirepost.core.times import to_rfc3339
from wirepost.providers.slack.client import Json, SlackClient
from wirepost.providers.slack.interactions import ASKED, asked_subject
from wirepost.providers.slack.text import escape
from wirepost.tools.jobs import Started

KIND = "slack.ask"
BUTTON = "option-"
MAX_QUESTION, MAX_OPTION = 3000, 75
"""https://docs.slack.dev/reference/block-kit/blocks/section-block, …/block-elements/button-element"""
WITHDRAWN, UNANSWERED = "This question is withdrawn.", "Nobody answered in time."


@dataclass(frozen=True)
class Answered:
    """The click that counts."""

    answer: str
    by: str
    at: datetime


def blocks_of(intent: str, question: str, options: Sequence[str]) -> list[Json]:
    """A question, escaped as Slack needs it, with a button for each option."""
    buttons = [
        {
            "type": "button",
            "action_id": f"{BUTTON}{number}",
            "text": {"type": "plain_text", "text": option, "emoji": False},
            "value": str(number),
        }
        for number, option in enumerate(options)
    ]
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": question}},
        {"type": "actions", "block_id": f"{ASKED}{intent}", "elements": buttons},
    ]


def started(
    intent: str,
    channel: str,
    ts: str,
    *,
    question: str,
    options: Sequence[str],
    allowed: Sequence[str],
    ends: datetime,
) -> Started:
    """A question that was posted, as the job it is; `question` is escaped."""
    return Started(
        kind=KIND,
        provider_id=intent,
        details={
            "channel": channel,
            "ts": ts,
            "question": question,
            "options": list(options),
            "allowed": list(allowed),
            "ends": ends.isoformat(),
        },
        status="waiting_input",
        expires_at=ends,
    )


async def look_at(look: Look[SlackClient]) -> Seen:
    """Whether somebody who may has answered in time."""
    if await _answered(look) is not None:
        return Seen("succeeded")
    if look.job.status == "cancelling":
        return Seen("cancelled")
    return Seen("waiting_input" if look.now < _ends(look) else "expired")


async def read_results(look: Look[SlackClient]) -> AsyncIterator[Row]:
    """The answer, who gave it, and when."""
    found = await _answered(look)
    if found is not None:
        yield {"answer": found.answer, "by": found.by, "at": to_rfc3339(found.at)}


async def withdraw(look: Look[SlackClient]) -> None:
    """Take the buttons away; the same twice is the same."""
    await _replace(look, WITHDRAWN)


async def show_end(look: Look[SlackClient]) -> None:
    """Who answered what, or that nobody did, in place of the buttons; a withdrawn one has none any more."""
    found = await _answered(look) if look.job.status == "succeeded" else None
    if found is not None:
        await _replace(look, f"<@{found.by}> answered: {escape(found.answer)}")
    elif look.job.status != "cancelled":
        await _replace(look, UNANSWERED)


async def _replace(look: Look[SlackClient], outcome: str) -> None:
    """The question without its buttons, and what became of it."""
    details = look.job.details
    parts = [part for part in (details.get("question"), outcome) if part]
    await look.api.write(
        "chat.update",
        key=look.job.id,
        channel=details["channel"],
        ts=details["ts"],
        text="\n".join(parts),
        blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": part}} for part in parts],
    )


KINDS = (
    JobKind(
        KIND,
        "Question to people (Slack)",
        look=look_at,
        results=read_results,
        cancel=withdraw,
        close=show_end,
    ),
)


async def _answered(look: Look[SlackClient]) -> Answered | None:
    """The first click in time of somebody who may."""
    for report in await look.reports(asked_subject(look.job.provider_id)):
        found = _answer(report, look.job.details, _ends(look))
        if found is not None:
            return found
    return None


def _answer(report: Report, details: Mapping[str, Any], ends: datetime) -> Answered | None:
    """What a click says; `None` where it does not count, as with one on a copy of the message."""
    by, allowed = report.data.get("user"), details["allowed"]
    place = (report.data.get("channel"), report.data.get("message_ts"))
    is_counted = (
        report.is_verified
        and isinstance(by, str)
        and (not allowed or by in allowed)
        and report.time <= ends
        and place == (details["channel"], details["ts"])
    )
    number = _number(report.data.get("actions"))
    options = details["options"]
    if not is_counted or number is None or number >= len(options):
        return None
    return Answered(options[number], str(by), report.time)


def _number(actions: Any) -> int | None:
    """Which button it was."""
    first = actions[0] if isinstance(actions, list) and actions else None
    value = first.get("value") if isinstance(first, dict) else None
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else None


def _ends(look: Look[SlackClient]) -> datetime:
    return datetime.fromisoformat(look.job.details["ends"])
