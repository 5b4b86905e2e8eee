"""`erase()`: a person asks to be forgotten; what mentions them goes, the keys of events stay."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from wirepost.core.errors import InvalidCall, NotConnected
from wirepost.events.retention import OF_EVENT
from wirepost.settings.webhooks import LARGEST_BODY
from wirepost.webhooks.encodings import Damaged, TooLarge, inflate

if TYPE_CHECKING:
    from collections.abc import Callable

    from wirepost.events.raw import RawRequests
    from wirepost.store.database import Database, Tx

WINDOW = 200
SHORTEST = 4
"""Characters; anything shorter is found in too much."""

_EVENTS = "SELECT seq, content, raw_id FROM events WHERE seq > ? AND content IS NOT NULL ORDER BY seq LIMIT ?"
_RAW = "SELECT id, received_at, sealed FROM {table} WHERE id > ? ORDER BY id LIMIT ?"
_FORGET = "UPDATE events SET content = NULL, object_id = NULL, raw_id = NULL WHERE seq = ?"
_FORGET_RAW = "DELETE FROM {table} WHERE id = ? RETURNING id"
_PHONE = re.compile(r"\+?[\d ()./-]{6,25}", re.ASCII)
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Erased:
    """How much is gone."""

    events: int
    raw: int


async def erase(
    database: Database, raw: RawRequests, person: str, report: Callable[[int], None] = lambda _: None
) -> Erased:
    """Forget every event and every request that mentions an e-mail address, a telephone number or an id.

    Deliveries of such an event go with it. Raises `InvalidCall` for what is too short to be told apart. What
    a source hashes before it stores it cannot be found. `report` is told how many rows were looked at.
    """
    mentions = mentions_of(person)
    events = looked_at = 0

    def told(rows: int) -> None:
        nonlocal looked_at
        looked_at += rows
        report(looked_at)

    # In the order in which a request goes on: what is read meanwhile is found where it went.
    requests = await _forget_requests(database, raw, mentions, "unread", told)
    last = -(2**62)
    while rows := await database.read(_EVENTS, last, WINDOW):
        found = [(seq, raw_id) for seq, content, raw_id in rows if mentions.search(str(content))]
        if found:
            requests += await database.write(lambda tx, found=found: _forget(tx, found))  # type: ignore[misc]
        events, last = events + len(found), int(rows[-1][0])
        told(len(rows))
    requests += await _forget_requests(database, raw, mentions, "raw_bodies", told)
    return Erased(events, requests)


def mentions_of(person: str) -> re.Pattern[str]:
    """Finds the person in a text, in whichever case, and a number however it is grouped."""
    wanted = person.strip()
    if len(wanted) < SHORTEST:
        raise InvalidCall("invalid_arguments", f"{wanted!r} is too short to be told apart from other text")
    if _PHONE.fullmatch(wanted):
        digits = [re.escape(each) for each in wanted if each.isdigit()]
        form = r"[ ()./-]*".join(digits)
    else:
        form = re.escape(wanted)
    return re.compile(rf"(?<![A-Za-z0-9])(?<![A-Za-z0-9][._+-]){form}(?![A-Za-z0-9])", re.IGNORECASE)


async def _forget_requests(
    database: Database, raw: RawRequests, mentions: re.Pattern[str], table: str, told: Callable[[int], None]
) -> int:
    """Forget those of one table that mention the person; how many are gone."""
    requests, after, forget = 0, "", _FORGET_RAW.format(table=table)
    while rows := await database.read(_RAW.format(table=table), after, WINDOW):
        for raw_id, received_at, sealed in rows:
            if _is_in_request(raw, mentions, (str(raw_id), float(received_at), bytes(sealed))):
                gone = await database.write(lambda tx, gone=raw_id: tx.execute(forget, gone))  # type: ignore[misc]
                requests += len(gone)
        after = str(rows[-1][0])
        told(len(rows))
    return requests


async def _forget(tx: Tx, found: list[tuple[int, str | None]]) -> int:
    requests = 0
    for seq, raw_id in found:
        await tx.execute(_FORGET, seq)
        for sql in OF_EVENT:
            await tx.execute(sql, seq)
        if raw_id is not None:
            forget = _FORGET_RAW.format(table="raw_bodies")
            requests += len(await tx.execute(forget, raw_id))
    return requests


def _is_in_request(raw: RawRequests, mentions: re.Pattern[str], row: tuple[str, float, bytes]) -> bool:
    """Whether a request mentions the person, however that is written; what nobody can open tells nothing."""
    try:
        request = raw.opened(*row)
    except NotConnected:
        return False
    body, encoding = request.body, dict(request.headers).get("content-encoding", "").strip().lower()
    if encoding in {"gzip", "deflate"}:
        with suppress(Damaged, TooLarge):
            body = inflate(body, encoding, LARGEST_BODY)
    text = f"{request.url}\n{body.decode('utf-8', 'replace')}"
    unescaped = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return any(mentions.search(each) for each in (text, unescaped, unquote_plus(text)))
