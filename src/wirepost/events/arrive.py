"""`arrival_of()`: what a genuine request says, with the keys that tell its events from others."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from wirepost.core.ids import new_id
from wirepost.events.log import Arrival, DeadLetter, NewEvent
from wirepost.events.normalise import event_of
from wirepost.store.queue import Task
from wirepost.webhooks.webhook import Unreadable

if TYPE_CHECKING:
    from wirepost.calls.own_writes import OwnWrites
    from wirepost.events.endpoints import Endpoint
    from wirepost.webhooks.incoming import Incoming
    from wirepost.webhooks.verdict import Verified
    from wirepost.webhooks.webhook import Item, Reading

VISIT = "webhook.visit"
"""Work: ask for an address once, to complete a handshake."""
COMPLETE = "event.complete"
"""Work: find out what an event lacks, and let it be read."""
SETTLE_S = 2.0
"""So long a write of ours may need until it is known what it has made."""
COUNTED = frozenset(
    {
        "x-slack-retry-num",
        "x-slack-retry-reason",
        "x-github-delivery",
        "x-shopify-webhook-id",
        "webhook-id",
    }
)
"""Headers by which senders count or name their attempts."""


async def arrival_of(
    endpoint: Endpoint,
    request: Incoming,
    verified: Verified,
    reading: Reading | str,
    raw: tuple[str, bytes],
    *,
    own: OwnWrites,
    hash_key: bytes,
) -> Arrival:
    """What is to be stored; `reading` is a text where nothing could be read, `raw` the sealed request."""
    body_hash = sha256(request.body).hexdigest()
    keys = _Keys(endpoint, verified, body_hash, request.now)
    arrival = Arrival(
        source=endpoint.source,
        endpoint=endpoint.name,
        received_at=request.now,
        raw_id=raw[0],
        sealed=raw[1],
        attempt=_attempt(request, endpoint.name),
    )
    if isinstance(reading, str):
        arrival.dead = [DeadLetter(new_id("dead"), keys.of_part(0), reading, proof_of(verified))]
        return arrival
    receipt = _receipt(request, verified, body_hash)
    events, dead, tasks = [], [], [_visit(endpoint, url, request.now) for url in reading.visits]
    several = len(reading.items) > 1
    for index, item in enumerate(reading.items):
        if isinstance(item, Unreadable):
            letter = DeadLetter(new_id("dead"), keys.of_part(item.index), item.reason, proof_of(verified))
            dead.append(letter)
            continue
        new, missing = await _new_event(
            endpoint, item, by=verified.by, now=request.now, own=own, key=hash_key
        )
        new.dedupe_key, new.body_key = keys.of(item, index)
        new.receipt = receipt | {"attempt": item.attempt, "batch_index": index if several else None}
        if item.key is None:
            new.receipt["dedupe_strength"] = "weak"
        if endpoint.settings.paused == "hold":
            new.is_complete, new.receipt["held"] = False, missing or {}
        elif missing is not None:
            new.is_complete = False
            tasks.append(completion(new.event.id, endpoint.source, missing, request.now))
        events.append(new)
    arrival.events, arrival.dead, arrival.tasks = events, dead, tasks
    return arrival


def completion(event_id: str, source: str, missing: dict[str, Any], now: float) -> Task:
    """The work of finding out what an event lacks."""
    due_at = now if "fetch" in missing else now + SETTLE_S
    return Task(COMPLETE, event_id, due_at, {"source": source, **missing})


async def _new_event(
    endpoint: Endpoint, item: Item, *, by: str, now: float, own: OwnWrites, key: bytes
) -> tuple[NewEvent, dict[str, Any] | None]:
    """The event, still without its keys, and what it lacks: `None` where that is nothing."""
    marks = () if own.is_quiet(endpoint.source) else item.marks
    write = await own.find(endpoint.source, marks, item.time) if marks else None
    event = event_of(
        item,
        source=endpoint.source,
        environment=endpoint.environment,
        verified=by,
        received_at=now,
        redact=endpoint.settings.redact,
        own=write,
        key=key,
    )
    missing: dict[str, Any] = {}
    if item.fetch is not None:
        missing |= {"fetch": item.fetch, "endpoint": endpoint.name}
    if write is None and marks and not event.is_self and await own.is_writing(endpoint.source):
        # It may tell of a write that is under way, whose ids are known only when it was answered.
        missing["marks"] = list(marks)
    return NewEvent(event, "", None, {}), missing or None


class _Keys:
    """What tells the events of one request from others."""

    def __init__(self, endpoint: Endpoint, verified: Verified, body_hash: str, now: float) -> None:
        self._name, self._window_s = endpoint.name, endpoint.settings.weak_window_s
        self._body_hash, self._now = body_hash, now
        # Whoever has seen one request could send it again under another id, if the id is not signed.
        self._may_be_copied = verified.by == "signature" and not verified.is_id_signed
        self._signed_hash = sha256(verified.signed).hexdigest() if verified.signed else body_hash

    def of(self, item: Item, index: int) -> tuple[str, str | None]:
        """The event's key, and a second one where the first could be forged or is weak."""
        if item.dedupe_key is not None:
            # Without the endpoint: another one of the source may take the same secret.
            return item.dedupe_key, f"{self._signed_hash}:{index}" if self._may_be_copied else None
        # Two rows of windows, one half a window ahead: bodies that come close together share one of them.
        body, half_s = f"weak:{self._name}:{self._body_hash}:{index}", self._window_s / 2
        return (
            f"{body}:{self._now // self._window_s:.0f}",
            f"{body}:{(self._now + half_s) // self._window_s:.0f}",
        )

    def of_part(self, index: int) -> str:
        """The key of what could not be read."""
        return f"{self._name}:{self._body_hash}:{index}"


def _visit(endpoint: Endpoint, url: str, now: float) -> Task:
    key = sha256(url.encode()).hexdigest()
    return Task(VISIT, key, now, {"source": endpoint.source, "endpoint": endpoint.name, "url": url})


def _receipt(request: Incoming, verified: Verified, body_hash: str) -> dict[str, Any]:
    signed_at = verified.signed_at
    return {
        "verification": {
            "scheme": verified.scheme,
            "secret": verified.secret,
            "age_s": None if signed_at is None else round(request.now - signed_at, 3),
        },
        "raw": {
            "sha256": body_hash,
            "bytes": len(request.body),
            "content_type": (_first(request, "content-type") or "")[:100] or None,
        },
    }


def proof_of(verified: Verified) -> dict[str, Any]:
    """What `Verified` is made of again, without what was signed."""
    return {
        "by": verified.by,
        "scheme": verified.scheme,
        "secret": verified.secret,
        "signed_at": verified.signed_at,
        "is_id_signed": verified.is_id_signed,
    }


def _attempt(request: Incoming, endpoint: str) -> dict[str, Any]:
    counted = {name: value[:200] for name, value in request.headers if name in COUNTED}
    return {"endpoint": endpoint, "headers": counted}


def _first(request: Incoming, name: str) -> str | None:
    return next((value for given, value in request.headers if given == name), None)
