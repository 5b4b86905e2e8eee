"""Questions to people, answered by a button."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from wirepost.core.errors import InvalidCall
from wirepost.providers.slack.arguments import ChannelName, UserName, wrong
from wirepost.providers.slack.asking import MAX_OPTION, MAX_QUESTION, blocks_of, started
from wirepost.providers.slack.client import SlackClient
from wirepost.providers.slack.directory import Directory
from wirepost.providers.slack.posting import (
    SILENT,
    Target,
    audience_of,
    body_of,
    composed,
    effects_of,
    find_sent,
    marker,
    target_of,
)
from wirepost.providers.slack.text import Composed
from wirepost.tools.context import Call
from wirepost.tools.jobs import Started
from wirepost.tools.results import Effect, Plan
from wirepost.tools.tool import Risk, tool

HOUR_S, WEEK_S = 3600, 7 * 86_400

Question = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION)]
Options = Annotated[list[str], Field(min_length=2, max_length=10, description="Texts of the buttons")]
ExpiresIn = Annotated[int, Field(ge=60, le=WEEK_S)]
AllowedUsers = Annotated[list[str] | None, Field(description="Ids, e-mails or @names; default: all readers")]


@tool(
    Risk.VISIBLE,
    scopes=["chat:write"],
    example={
        "channel": "#support",
        "question": "Order N-1042 is damaged. What shall we do?",
        "options": ["Refund", "Send again"],
    },
    long_help="""
    Posts the question with a button for each option. job_get waits for the answer, job_get_result returns
    {answer, by, at}: the first click, within expires_in_s, of one of allowed_users (default: the asked user,
    or whoever reads the channel). job_cancel withdraws the question. When it is over, its buttons make room
    for what became of it. Clicks reach this server through the Slack webhook of the connection, which must
    have interactivity.
    """,
)
async def slack_ask(
    call: Call[SlackClient],
    *,
    channel: ChannelName | None = None,
    user: UserName | None = None,
    question: Question,
    options: Options,
    expires_in_s: ExpiresIn = HOUR_S,
    allowed_users: AllowedUsers = None,
) -> Started:
    """Ask people in a channel, or one user, a question with buttons; the answer is a job's."""
    directory = Directory(call.api)
    target = await target_of(directory, channel, user)
    made = await _made(directory, question, options)
    allowed = await _allowed(directory, target, allowed_users)
    intent = call.intent or ""
    answer = await call.api.write(
        "chat.postMessage",
        key=None,
        channel=target.id,
        **body_of(made),
        blocks=blocks_of(intent, made.text, options),
        metadata=marker(call),
        **SILENT,
    )
    ends = call.now + timedelta(seconds=expires_in_s)
    return started(
        intent,
        answer["channel"],
        answer["ts"],
        question=made.text,
        options=options,
        allowed=allowed,
        ends=ends,
    )


@slack_ask.plan
async def plan_question(
    call: Call[SlackClient],
    *,
    channel: ChannelName | None = None,
    user: UserName | None = None,
    question: Question,
    options: Options,
    expires_in_s: ExpiresIn = HOUR_S,
    allowed_users: AllowedUsers = None,
) -> Plan:
    """Who is asked what, and whose answer counts."""
    directory = Directory(call.api)
    target = await target_of(directory, channel, user)
    made = await _made(directory, question, options)
    allowed = await _allowed(directory, target, allowed_users)
    audience = await audience_of(directory, target)
    whose = ", ".join(allowed) if allowed else "whoever reads it"
    return Plan(
        summary=f"Ask {audience.title} a question with {len(options)} buttons",
        effects=[*audience.effects, *effects_of(made), Effect(what="Buttons", after=", ".join(options))],
        reversible=True,
        targets=audience.targets,
        state={
            **audience.state,
            "text": made.text,
            "options": options,
            "allowed": allowed,
            "expires_in_s": expires_in_s,
        },
        notes=(*audience.notes, f"The first answer counts, of {whose}, within {expires_in_s} seconds"),
    )


@slack_ask.reconcile
async def find_question(
    call: Call[SlackClient],
    *,
    channel: ChannelName | None = None,
    user: UserName | None = None,
    question: Question,
    options: Options,
    expires_in_s: ExpiresIn = HOUR_S,
    allowed_users: AllowedUsers = None,
) -> Started | None:
    """The question that an earlier attempt posted, by the mark in its metadata."""
    directory = Directory(call.api)
    target = await target_of(directory, channel, user)
    place = target.channel or await directory.direct_channel(target.user or "")
    found = await find_sent(call, place, None) if place else None
    if not place or found is None:
        return None
    allowed = await _allowed(directory, target, allowed_users)
    ends = (call.dispatched_at or call.now) + timedelta(seconds=expires_in_s)
    return started(
        call.intent or "",
        place,
        found["ts"],
        question=(await _made(directory, question, options)).text,
        options=options,
        allowed=allowed,
        ends=ends,
    )


async def _made(directory: Directory, question: str, options: list[str]) -> Composed:
    for number, option in enumerate(options):
        if not option.strip() or len(option) > MAX_OPTION:
            raise wrong(f"options[{number}]", f"must have 1 to {MAX_OPTION} characters")
        if option in options[:number]:
            raise wrong(f"options[{number}]", "is there twice")
    made = await composed(directory, question, "mrkdwn", "none", path="question")
    if len(made.text) > MAX_QUESTION:
        raise InvalidCall(
            "invalid_arguments",
            f"question is {len(made.text)} characters long as Slack counts; {MAX_QUESTION} are allowed",
            fields=[{"path": "question", "problem": "is too long"}],
        )
    return made


async def _allowed(directory: Directory, target: Target, names: list[str] | None) -> list[str]:
    """Ids of those whose answer counts; none named: all who read it."""
    if names:
        return [await directory.user_id(name, "allowed_users") for name in names]
    return [target.user] if target.user else []
