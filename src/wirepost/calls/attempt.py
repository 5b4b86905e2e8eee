"""One attempt to run a tool: what is known of it so far, and the envelope it ends with."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.calls import confirm
from wirepost.calls.shape import Shaped, trusted_warnings
from wirepost.core.redact import SECRETS
from wirepost.core.text import clean, cut
from wirepost.core.times import to_rfc3339
from wirepost.tools.context import Call, Progress, Remember, RowsOf, no_memory, no_rows

if TYPE_CHECKING:
    from wirepost.calls.approvals import Approved
    from wirepost.calls.arguments import Reading
    from wirepost.calls.caller import Caller
    from wirepost.calls.cursor import Position
    from wirepost.calls.ledger import Entry
    from wirepost.calls.policy import Decision
    from wirepost.connections.connections import Connection
    from wirepost.core.errors import CallError
    from wirepost.core.money import Money, OpenAmount
    from wirepost.tools.results import Plan
    from wirepost.tools.tool import AnyTool
    from wirepost.upstream.scope import Scope

Json = Any


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: the envelope the caller gets, and how long each step took."""

    envelope: dict[str, Json]
    is_error: bool
    trace: tuple[tuple[str, float], ...] = ()
    """(step, seconds since the start when it began)."""
    job: str | None = None
    """The job that goes on with it."""


@dataclass
class Attempt:
    """Filled in step by step."""

    caller: Caller
    name: str
    raw: Mapping[str, Json]
    report: Progress
    at: datetime
    started: float
    deadline: float
    """When the work must end, on the clock's monotonic counter."""
    scope: Scope
    answer_by: float = math.inf
    """Until then somebody waits for the answer; what takes longer goes on as a job."""
    tool: AnyTool | None = None
    reading: Reading | None = None
    connection: Connection | None = None
    api: Any = None
    wrap: Callable[[Attempt, Any], Any] | None = None
    """What stands between the tool and what its connection offers, if anything."""
    position: Position | None = None
    plan: Plan | None = None
    money: Money | OpenAmount | None = None
    """What moves or becomes due."""
    decision: Decision | None = None
    nonce: str | None = None
    approved: Approved | None = None
    """The permission of a person, where the call has one."""
    entry: Entry | None = None
    dispatched_at: datetime | None = None
    is_sent: bool = False
    is_in_doubt: bool = False
    """An earlier attempt at the same action may have been carried out, and this one has not begun."""
    is_cancelled: bool = False
    is_replayed: bool = False
    job: str | None = None
    """The job that was started, or that waits for a person."""
    rows_of: RowsOf = no_rows
    """`file_ref` → rows of a file of the caller."""
    remember: Remember = no_memory
    hops: int = 0
    """Events that led to this call, one after the other."""
    taint: str | None = None
    """Why the caller may act on what outsiders want, where it may."""
    warnings: list[str] = field(default_factory=list)
    notes: dict[str, Json] = field(default_factory=dict)
    trace: list[tuple[str, float]] = field(default_factory=list)

    @property
    def connection_name(self) -> str:
        """The connection's name; our own tools run on none."""
        return self.connection.name if self.connection else ""

    @property
    def environment(self) -> str:
        """The connection's environment."""
        return self.connection.environment if self.connection else ""

    async def api_in(self, scope: Scope) -> Any:
        """What the tool needs of the connection, for requests in this scope; raises `CallError`."""
        if self.connection is None or self.tool is None:
            msg = "there is no connection yet"
            raise RuntimeError(msg)
        api = await self.connection.api(self.tool.needs, scope, self.caller.id)
        return self.wrap(self, api) if self.wrap else api

    def context(self, *, key: str | None = None, intent: str | None = None) -> Call[Any]:
        """What the operation gets."""
        reading = self.reading
        return Call(
            api=self.api,
            caller=self.caller.id,
            now=self.at,
            connection=self.connection.facts if self.connection else None,
            limit=reading.limit if reading else 0,
            position=self.position.provider if self.position else None,
            fields=tuple(reading.fields or ()) if reading else (),
            key=key,
            intent=intent,
            dispatched_at=self.dispatched_at,
            warnings=self.warnings,
            notes=self.notes,
            report=self._tell,
            rows_of=self.rows_of,
            remember=self.remember,
        )

    async def _tell(self, done: float, total: float | None, message: str | None) -> None:
        """Progress to whoever waits now: a call that has become a job has nobody left."""
        await self.report(done, total, message)

    def meta(self, shaped: Shaped | None) -> dict[str, Json]:
        """Where the data came from and what was done to it."""
        meta: dict[str, Json] = {"as_of": to_rfc3339(self.at)}
        if self.connection:
            meta = {
                "connection": self.connection.name,
                "provider": self.connection.provider.name,
                "environment": self.connection.environment,
                **meta,
            }
        optional = {
            "api_version": self.scope.api_version,
            "request_id": self.scope.request_ids[-1] if self.scope.request_ids else None,
            "quota": self.scope.quota,
            "truncated": shaped.truncated if shaped else None,
            "untrusted": shaped.untrusted if shaped else None,
            "idempotency": self._idempotency(),
            **self.notes,
        }
        return meta | {name: value for name, value in optional.items() if value}

    def _idempotency(self) -> dict[str, Json] | None:
        return {"intent": self.entry.public_intent, "replayed": self.is_replayed} if self.entry else None

    def envelope(
        self, data: Json, *, page: dict[str, Json] | None = None, shaped: Shaped | None = None
    ) -> dict[str, Json]:
        """A success."""
        result = {"data": data}
        if page is not None:
            result["page"] = page
        return {**result, "meta": self.meta(shaped), "warnings": self.shown_warnings()}

    def failure(self, error: CallError) -> dict[str, Json]:
        """A failure."""
        shown = error.payload()
        if self.connection:
            shown.setdefault("connection", self.connection.name)
        result: dict[str, Json] = {"error": shown}
        if self.entry:
            result["meta"] = self.meta(None)
        if warnings := self.shown_warnings():
            result["warnings"] = warnings
        return result

    def shown_warnings(self) -> list[str]:
        """Warnings of argument reading and of the operation."""
        reading = self.reading.warnings if self.reading else []
        return list(trusted_warnings([*reading, *self.warnings]))

    def preview(self, confirmation: tuple[str, datetime] | None) -> dict[str, Json]:
        """The plan as the result of a preview."""
        if self.plan is None or self.decision is None:
            msg = "a preview needs a plan and a decision"
            raise RuntimeError(msg)
        decision = {
            "effect": self.decision.effect,
            "rule": self.decision.rule,
            "reason": self.decision.reason,
        }
        return {**confirm.shown(self.plan, confirmation), "decision": decision}

    def audit_entry(
        self, outcome: Outcome, duration_s: float, *, with_prompts: bool = False
    ) -> dict[str, Json]:
        """What the audit keeps of this attempt; secrets are redacted, long values cut.

        Of what models are asked it keeps length and hash alone, unless `with_prompts` says otherwise.
        """
        error = outcome.envelope.get("error", {})
        reading, decision = self.reading, self.decision
        entry: dict[str, Json] = {
            "at": to_rfc3339(self.at),
            "caller": self.caller.id,
            "client": self.caller.client,
            "tool": clean(self.name, 80),
            "risk": str(self.tool.risk) if self.tool else None,
            "connection": self.connection_name or None,
            "environment": self.environment or None,
            "arguments": _kept(self.raw if with_prompts else _without_prompts(self.name, self.raw)),
            "arguments_hash": reading.hash if reading else None,
            "mode": reading.mode if reading and self.tool and self.tool.risk.has_preview else None,
            "reason": reading.reason if reading else None,
            "decision": decision.effect if decision else None,
            "rule": decision.rule if decision else error.get("rule"),
            "approval": self.approved.job if self.approved else error.get("approval"),
            "approved_by": self.approved.by if self.approved else None,
            "intent": self.entry.public_intent if self.entry else (reading.intent if reading else None),
            "ledger": self.entry.id if self.entry else None,
            "replayed": self.is_replayed or None,
            "result": error.get("code", "ok"),
            "outcome": error.get("outcome") if error else self._applied(),
            "cancelled": self.is_cancelled or None,
            "declined": error.get("declined"),
            "reference": error.get("reference"),
            "request_ids": self.scope.request_ids[-5:] or None,
            **(self._sent() if error.get("outcome") == "unknown" else {}),
            "duration_ms": round(duration_s * 1000, 1),
        }
        return {name: value for name, value in entry.items() if value is not None}

    def _sent(self) -> dict[str, Json]:
        """What left and when, for whoever has to find out at the provider whether it happened; no bodies."""
        return {
            "sent_at": to_rfc3339(self.dispatched_at) if self.dispatched_at else None,
            "sent": [cut(SECRETS.text(line), _MAX_LINE) for line in self.scope.trail[-_MAX_LINES:]],
        }

    def _applied(self) -> str | None:
        is_write = self.tool is not None and not self.tool.risk.is_read
        return ("applied" if self.entry else "not_applied") if is_write else None


_MAX_AUDITED, _MAX_NAMES = 4000, 200
_MAX_LINES = 10
_MAX_LINE = 200


_PROMPTS = frozenset({"text", "items", "prompt", "instructions", "requests", "payload"})
"""Arguments of AI tools that hold what a model is asked."""


def _without_prompts(tool: str, raw: Mapping[str, Json]) -> Mapping[str, Json]:
    """The arguments with length and hash in place of prompts; an unknown tool may be meant for AI, too."""
    if not tool.startswith("ai_"):
        return raw
    return {name: _fingerprint(value) if name in _PROMPTS else value for name, value in raw.items()}


def _fingerprint(value: Json) -> Json:
    text = value if isinstance(value, str) else json.dumps(value, default=str, skipkeys=True)
    content = text.encode(errors="replace")
    return {"sha256": hashlib.sha256(content).hexdigest(), "characters": len(text)}


def _kept(raw: Mapping[str, Json]) -> Json:
    """The arguments as they came, without tokens that could be used and without bulk."""
    shown = {
        name: "[token]" if name in {"confirmation", "cursor"} else value
        for name, value in islice(raw.items(), _MAX_NAMES)
    }
    try:
        redacted = SECRETS.value(shown)
    except RecursionError:
        return "[nested too deeply]"
    try:
        text = orjson.dumps(redacted).decode()
    except TypeError:  # no JSON: refused as arguments, recorded all the same
        return json.dumps(redacted, default=str, skipkeys=True)[:_MAX_AUDITED]
    return redacted if len(text) <= _MAX_AUDITED else text[:_MAX_AUDITED]
