"""Arguments that several Slack tools take, described once."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import Field

from wirepost.core import times
from wirepost.core.errors import FieldProblem, InvalidCall
from wirepost.core.text import clean_line
from wirepost.providers.slack.permalinks import ts_of

MAX_TEXT = 12_000
"""Slack refuses a longer `markdown_text`; longer texts of other forms are files, not messages."""

ChannelName = Annotated[str, Field(description="Id or #name")]
UserName = Annotated[str, Field(description="Id, e-mail or @name, for a direct message")]
Ts = Annotated[str, Field(pattern=r"^[0-9]{1,11}\.[0-9]{6}$", description="ts of the message, as text")]
ThreadTs = Annotated[
    str, Field(pattern=r"^[0-9]{1,11}\.[0-9]{6}$", description="ts of the thread's first message")
]
Moment = Annotated[str, Field(description="RFC 3339, date or -7d")]
Text = Annotated[str, Field(min_length=1)]

_CHANNEL = re.compile(r"[CGD][A-Z0-9]{6,20}", re.ASCII)
_USER = re.compile(r"[UW][A-Z0-9]{6,20}", re.ASCII)


def is_channel_id(text: str) -> bool:
    """Whether a text is the id of a channel, group or direct message; names have no capitals."""
    return _CHANNEL.fullmatch(text) is not None


def is_user_id(text: str) -> bool:
    """Whether a text is the id of a user."""
    return _USER.fullmatch(text) is not None


def ts_at(text: str | None, *, now: datetime, path: str) -> str | None:
    """A time argument as the `ts` that Slack compares with."""
    return None if text is None else ts_of(times.parse(text, now=now, path=path))


def wrong(path: str, problem: str, allowed: list[str] | None = None) -> InvalidCall:
    """The refusal of one argument."""
    field = FieldProblem(path=path, problem=problem)
    if allowed:
        field["allowed"] = [clean_line(each, 80) for each in allowed]  # names are chosen by people
    return InvalidCall("invalid_arguments", f"{path} {problem}", fields=[field])
