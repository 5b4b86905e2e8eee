"""Message batches that take their time on the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from wirepost.core.times import to_rfc3339
from wirepost.providers.anthropic.sandbox.messages import EXPIRES, message_of
from wirepost.providers.anthropic.sandbox.wire import Json, Refused, error_of

WORK_S = 30.0
"""How long the models need."""
STOP_S = 5.0
"""How long a batch goes on that was cancelled."""
LIFE = timedelta(hours=24)
KEPT = timedelta(days=29)
# https://platform.claude.com/docs/en/build-with-claude/batch-processing


@dataclass
class Batch:
    """One batch; everything about it follows from the time."""

    number: int
    requests: list[Json]
    created_at: datetime
    cancelled_at: datetime | None = None

    @property
    def id(self) -> str:
        """Its name."""
        return f"msgbatch_{self.number:024}"

    @property
    def ends_at(self) -> datetime:
        """When all requests are done, cancelled or expired."""
        waits = any(each["params"]["model"] == EXPIRES for each in self.requests)
        by_itself = self.created_at + (LIFE if waits else timedelta(seconds=WORK_S))
        if self.cancelled_at is None:
            return by_itself
        return min(by_itself, self.cancelled_at + timedelta(seconds=STOP_S))

    def state(self, now: datetime) -> str:
        """In Anthropic's words."""
        if now >= self.ends_at:
            return "ended"
        return "canceling" if self.cancelled_at else "in_progress"

    def results(self) -> list[Json]:
        """What became of each request, the last first: nobody promises an order."""
        rows = [
            {"custom_id": each["custom_id"], "result": self._result(each["params"], number)}
            for number, each in enumerate(self.requests)
        ]
        return rows[::-1]

    def shown(self, now: datetime, base: str) -> Json:
        """The batch as Anthropic shows it."""
        state = self.state(now)
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        if state == "ended":
            for row in self.results():
                counts[row["result"]["type"]] += 1
        else:
            counts["processing"] = len(self.requests)
        is_archived = now >= self.created_at + KEPT
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": state,
            "request_counts": counts,
            "created_at": to_rfc3339(self.created_at),
            "expires_at": to_rfc3339(self.created_at + LIFE),
            "ended_at": to_rfc3339(self.ends_at) if state == "ended" else None,
            "cancel_initiated_at": to_rfc3339(self.cancelled_at) if self.cancelled_at else None,
            "archived_at": to_rfc3339(self.created_at + KEPT) if is_archived else None,
            "results_url": f"{base}/v1/messages/batches/{self.id}/results" if state == "ended" else None,
        }

    def lines(self) -> bytes:
        """The results as JSON lines."""
        return b"".join(orjson.dumps(row) + b"\n" for row in self.results())

    def _result(self, params: Json, number: int) -> Json:
        done_at = self.created_at + timedelta(seconds=WORK_S)
        if self.cancelled_at is not None and self.ends_at < done_at:
            return {"type": "canceled"}
        if params["model"] == EXPIRES:
            return {"type": "canceled" if self.cancelled_at else "expired"}
        try:
            return {"type": "succeeded", "message": message_of(params, self.number * 1000 + number)}
        except Refused as refused:
            return {"type": "errored", "error": error_of(refused.status, refused.message)}
