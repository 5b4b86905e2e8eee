"""Links to messages, and the `ts` that identifies a message in its channel.

A `ts` is text: as a number it loses digits, and then names another message or none
(https://docs.slack.dev/messaging/retrieving-messages).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from wirepost.core.times import to_rfc3339

_PATH = re.compile(r"/archives/(?P<channel>[CGD][A-Z0-9]{2,20})/p(?P<digits>[0-9]{7,18})/?", re.ASCII)
_TS = re.compile(r"[0-9]{1,11}\.[0-9]{6}", re.ASCII)
_FRACTION = 6


class Place(NamedTuple):
    """A message: its channel, its `ts`, and that of the thread it belongs to, where the link says so."""

    channel: str
    ts: str
    thread_ts: str | None = None


def parse(link: str) -> Place | None:
    """The message that a link leads to; `None` for any other link."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    host = parts.hostname or ""
    found = _PATH.fullmatch(parts.path)
    if found is None or not (host == "slack.com" or host.endswith((".slack.com", ".slack-gov.com"))):
        return None
    digits = found["digits"]
    named = parse_qs(parts.query).get("thread_ts", [None])[0]
    thread_ts = named if named and _TS.fullmatch(named) else None
    return Place(found["channel"], f"{digits[:-_FRACTION]}.{digits[-_FRACTION:]}", thread_ts)


def build(workspace_url: str, place: Place) -> str:
    """The link to a message of a workspace whose address is `workspace_url`."""
    link = f"{workspace_url.rstrip('/')}/archives/{place.channel}/p{place.ts.replace('.', '')}"
    if place.thread_ts in {None, place.ts}:
        return link
    return f"{link}?thread_ts={place.thread_ts}&cid={place.channel}"


def moment(ts: str) -> str:
    """When a message was sent."""
    seconds = int(ts.partition(".")[0])
    return to_rfc3339(datetime.fromtimestamp(seconds, UTC))


def ts_of(at: datetime) -> str:
    """The `ts` that a message sent at that moment would have, to the microsecond."""
    return f"{int(at.timestamp())}.{at.microsecond:06}"
