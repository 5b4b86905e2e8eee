"""Files: put one into a channel, read one."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from wirepost.core.errors import OutcomeUnknown
from wirepost.core.times import from_epoch
from wirepost.providers.slack.arguments import ChannelName, ThreadTs, wrong
from wirepost.providers.slack.client import Json, SlackClient
from wirepost.providers.slack.directory import Directory
from wirepost.providers.slack.messages import is_mine, message_at
from wirepost.providers.slack.models import FileContent, Uploaded
from wirepost.providers.slack.posting import (
    Target,
    audience_of,
    composed,
    effects_of,
    rows_since,
)
from wirepost.providers.slack.text import Composed
from wirepost.tools.context import Call
from wirepost.tools.results import Effect, Plan
from wirepost.tools.tool import Risk, tool

MOST_READ = 5 * 1024 * 1024
"""Larger files are not fetched."""
MOST_BINARY = 24 * 1024
"""Larger ones would fill a whole result with base64 that no model can read."""
MOST_SENT = 1024 * 1024

_TEXTUAL = frozenset(
    {
        *("application/json", "application/xml", "application/javascript", "application/x-yaml"),
        *("application/yaml", "application/toml", "application/sql", "application/x-sh", "application/csv"),
        *("application/ld+json", "application/x-ndjson", "image/svg+xml", "message/rfc822"),
    }
)

_ADDRESS = re.compile(r"https?:|www\.", re.IGNORECASE)

FileName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^/\\\x00-\x1f]+$")]
Content = Annotated[str, Field(min_length=1, description="Text, or base64 if encoding says so")]
Encoding = Literal["text", "base64"]


@tool(
    Risk.READ,
    scopes=["files:read"],
    example={"file": "F0NORDLICHT"},
    long_help="""
    Text comes as text, cut to max_bytes; small files of other kinds come as base64, larger ones without
    content. Files that are kept elsewhere (Google Drive, Dropbox) have no content here.
    """,
)
async def slack_read_file(
    call: Call[SlackClient],
    *,
    file: Annotated[str, Field(pattern="^F[A-Z0-9]{2,20}$", description="Id")],
    max_bytes: Annotated[int, Field(ge=1, le=500_000)] = 20_000,
) -> FileContent:
    """Read a file: what it is and, for text and small files, what is in it."""
    raw = (await call.api.read("files.info", file=file))["file"]
    shown = _brief(raw)
    problem = _why_not(raw, max_bytes)
    if problem is not None:
        return FileContent(**shown, kind="none", problem=problem)
    answer = await call.api.fetch(raw["url_private"])
    if _is_page(answer.headers, raw):
        # Without access Slack shows a page to sign in, with status 200.
        return FileContent(
            **shown, kind="none", problem="Slack did not give the file out; the app may lack files:read"
        )
    return FileContent(**shown, **_content(answer.body, raw, max_bytes))


@tool(
    Risk.VISIBLE,
    scopes=["files:write"],
    example={"channel": "#support", "filename": "returns.csv", "content": "order,reason\nN-1042,colour\n"},
    long_help="""
    content is at most 1 MB. The comment is mrkdwn, mentions nobody and has no links. Slack posts the
    message with the file a moment later, so the result may be without its ts.
    """,
)
async def slack_upload_file(
    call: Call[SlackClient],
    *,
    channel: ChannelName,
    filename: FileName,
    content: Content,
    encoding: Encoding = "text",
    comment: str | None = None,
    thread_ts: ThreadTs | None = None,
) -> Uploaded:
    """Upload a file to a channel or thread, with a comment."""
    directory = Directory(call.api)
    channel_id = await directory.channel_id(channel)
    body = _bytes(content, encoding)
    note = await _comment(directory, comment)
    place = await call.api.reserve("files.getUploadURLExternal", filename=filename, length=len(body))
    await call.api.put(place["upload_url"], body)
    answer = await call.api.write(
        "files.completeUploadExternal",
        key=None,
        files=[{"id": place["file_id"], "title": filename}],
        channel_id=channel_id,
        thread_ts=thread_ts,
        initial_comment=note.text if note else None,
    )
    listed: list[Json] = answer["files"]
    made = next((each for each in listed if each["id"] == place["file_id"]), {})
    return Uploaded(
        id=place["file_id"],
        name=filename,
        size=len(body),
        channel=channel_id,
        ts=_shared_ts(made, channel_id),
        permalink=made.get("permalink"),
    )


@slack_upload_file.plan
async def plan_upload(
    call: Call[SlackClient],
    *,
    channel: ChannelName,
    filename: FileName,
    content: Content,
    encoding: Encoding = "text",
    comment: str | None = None,
    thread_ts: ThreadTs | None = None,
) -> Plan:
    """Where the file goes, who can open it, and what comes with it."""
    directory = Directory(call.api)
    channel_id = await directory.channel_id(channel)
    size = len(_bytes(content, encoding))
    note = await _comment(directory, comment)
    audience = await audience_of(directory, Target(channel=channel_id))
    if thread_ts is not None:
        await message_at(call.api, channel_id, thread_ts)
    place = f"{audience.title}, thread {thread_ts}" if thread_ts else audience.title
    return Plan(
        summary=f"Upload {filename} ({size} bytes) to {place}",
        effects=[
            *audience.effects,
            Effect(what=f"File {filename}, {size} bytes"),
            *(effects_of(note) if note else ()),
        ],
        reversible=False,
        targets=audience.targets,
        state={
            **audience.state,
            "filename": filename,
            "size": size,
            "comment": note.text if note else None,
            "thread": thread_ts,
        },
        notes=audience.notes,
    )


@slack_upload_file.reconcile
async def find_upload(
    call: Call[SlackClient],
    *,
    channel: ChannelName,
    filename: FileName,
    content: Content,
    encoding: Encoding = "text",
    comment: str | None = None,
    thread_ts: ThreadTs | None = None,
) -> Uploaded | None:
    """The file that an earlier attempt shared: the app's only one of this name and size since then.

    Raises `OutcomeUnknown` where it may be that of another upload: Slack keeps no mark of ours with a file.
    """
    directory = Directory(call.api)
    channel_id = await directory.channel_id(channel)
    me, size = await directory.me(), len(_bytes(content, encoding))
    alike = [
        (row, each)
        async for row in rows_since(call, channel_id, thread_ts)
        for each in ((row.get("files") or ()) if is_mine(row, me) else ())
        if each.get("size") == size and filename in {each.get("name"), each.get("title")}
    ]
    if not alike:
        return None
    sent_at = (call.dispatched_at or call.now).timestamp()
    since = [(row, each) for row, each in alike if float(row["ts"]) >= sent_at]
    if len(since) != 1:
        raise OutcomeUnknown(
            "outcome_unknown",
            f"The app shared files of this name and size at that time: {alike[0][1]['id']} may be another",
            hint="Look at the channel in Slack; if the file is missing there, use a new intent",
        )
    row, made = since[0]
    return Uploaded(
        id=made["id"],
        name=filename,
        size=size,
        channel=channel_id,
        ts=row["ts"],
        permalink=made.get("permalink"),
    )


def _brief(raw: Json) -> dict[str, Any]:
    return {
        "id": raw["id"],
        "name": raw.get("name") or raw.get("title"),
        "mimetype": raw.get("mimetype"),
        "size": raw.get("size"),
        "user": raw.get("user"),
        "created_at": from_epoch(raw.get("created")),
    }


def _why_not(raw: Json, max_bytes: int) -> str | None:
    """Why the content is not fetched, if it is not."""
    mode, size = raw.get("mode"), raw.get("size") or 0
    if mode == "tombstone":
        return "The file was deleted"
    if mode == "hidden_by_limit":
        return "The plan of the workspace hides older files"
    if raw.get("is_external") or mode == "external" or not raw.get("url_private"):
        return "The file is kept outside Slack"
    if size > MOST_READ:
        return f"The file has {size} bytes; files of up to {MOST_READ} are read"
    if not _is_text(raw) and size > min(max_bytes, MOST_BINARY):
        most = min(max_bytes, MOST_BINARY)
        return f"The file is no text, and {size} bytes are too many for base64; up to {most} are given"
    return None


def _is_text(raw: Json) -> bool:
    kind = str(raw.get("mimetype") or "")
    return kind.startswith("text/") or kind in _TEXTUAL or raw.get("mode") in {"snippet", "post"}


def _is_page(headers: Mapping[str, str], raw: Json) -> bool:
    return headers.get("content-type", "").startswith("text/html") and "html" not in str(raw.get("mimetype"))


def _content(body: bytes, raw: Json, max_bytes: int) -> dict[str, Any]:
    if _is_text(raw):
        try:
            return {"kind": "text", "text": _cut(body, max_bytes), "is_cut": len(body) > max_bytes or None}
        except UnicodeDecodeError:
            pass  # It says that it is text, and is none that can be read.
    if len(body) > min(max_bytes, MOST_BINARY):
        return {"kind": "none", "problem": "The content is no UTF-8 text and too large for base64"}
    return {"kind": "base64", "base64": base64.b64encode(body).decode()}


def _cut(body: bytes, max_bytes: int) -> str:
    """At most so many bytes of a text, whole characters; raises `UnicodeDecodeError` for anything else."""
    text = body.decode("utf-8-sig")
    return text if len(body) <= max_bytes else text.encode()[:max_bytes].decode(errors="ignore")


async def _comment(directory: Directory, comment: str | None) -> Composed | None:
    """The comment as it will be sent.

    Slack unfolds links in comments on files, and has no argument to forbid it: a link would be fetched.
    """
    if comment is None:
        return None
    if _ADDRESS.search(comment):
        raise wrong("comment", "has a link, which Slack would fetch; send it with slack_send_message")
    return await composed(directory, comment, "mrkdwn", "none", path="comment")


def _bytes(content: str, encoding: Encoding) -> bytes:
    if encoding == "text":
        body = content.encode()
    else:
        try:
            body = base64.b64decode(content, validate=True)
        except ValueError:
            raise wrong("content", "is not base64") from None
    if len(body) > MOST_SENT:
        raise wrong("content", f"has {len(body)} bytes; at most {MOST_SENT} are sent")
    return body


def _shared_ts(made: Json, channel: str) -> str | None:
    shares = made.get("shares") or {}
    for kind in ("public", "private"):
        for share in (shares.get(kind) or {}).get(channel) or ():
            return str(share["ts"])
    return None
