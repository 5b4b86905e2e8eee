"""What the sandbox answers later, by its clock: batches and interactions in the background."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wirepost.core.times import to_rfc3339
from wirepost.sandbox.google import FAILS, NEVER, Json, Refused, check_model, content
from wirepost.sandbox.model import answer

PENDING_S, ANSWERED_S = 5, 30
EXPIRED_S = 48 * 3600
"""https://ai.google.dev/gemini-api/docs/batch-api: pending or running longer than 48 hours."""
QUEUED_S, SAID_S = 5, 10
_INTERNAL = {"code": 13, "message": "An internal error has occurred."}
_ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"})


@dataclass(eq=False)
class Batch:
    """A batch of one model, as a long-running operation."""

    name: str
    model: str
    display_name: str
    requests: list[Json]
    created_at: datetime
    cancelled_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """Without its prefix."""
        age = (now - self.created_at).total_seconds()
        if self.cancelled_at is not None:
            return "CANCELLED" if (now - self.cancelled_at).total_seconds() >= PENDING_S else "RUNNING"
        if age < PENDING_S:
            return "PENDING"
        if self.model == FAILS:
            return "FAILED"
        if self.model == NEVER:
            return "EXPIRED" if age >= EXPIRED_S else "RUNNING"
        return "SUCCEEDED" if age >= ANSWERED_S else "RUNNING"

    def is_over(self, now: datetime) -> bool:
        """Whether it never changes again."""
        return self.state(now) in _ENDED

    def shown(self, now: datetime) -> Json:
        """The operation."""
        state = self.state(now)
        rows = [self._row(number, each) for number, each in enumerate(self.requests)]
        failed = sum("error" in row for row in rows)
        stats = {"requestCount": str(len(rows))}
        output: Json = {}
        if state == "SUCCEEDED":
            stats |= {
                name: str(count)
                for name, count in (
                    ("successfulRequestCount", len(rows) - failed),
                    ("failedRequestCount", failed),
                )
                if count
            }
            output = {"output": {"inlinedResponses": {"inlinedResponses": rows}}}
        else:
            stats["pendingRequestCount"] = str(len(rows))
        metadata: Json = {
            "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
            "name": self.name,
            "model": f"models/{self.model}",
            "displayName": self.display_name,
            "createTime": to_rfc3339(self.created_at),
            "state": f"BATCH_STATE_{state}",
            "batchStats": stats,
            **output,
        }
        shown: Json = {"name": self.name, "metadata": metadata}
        if state in _ENDED:
            shown["done"] = True
        if state == "FAILED":
            shown["error"] = _INTERNAL
        return shown

    def _row(self, number: int, asked: Json) -> Json:
        row: Json = {"metadata": asked.get("metadata") or {}}
        try:
            return {**row, "response": content(self.model, asked.get("request") or {}, f"r{number}")}
        except Refused as refused:
            return {**row, "error": {"code": 3, "message": refused.message}}


@dataclass(eq=False)
class Interaction:
    """One answer, in the background or at once."""

    id: str
    body: Json
    created_at: datetime
    is_cancelled: bool = False

    def __post_init__(self) -> None:
        """Refuse what Gemini refuses; raises `Refused`."""
        check_model(str(self.body.get("model")))
        if self.body.get("background") and self.body.get("store") is False:
            raise Refused(400, "background=true requires store=true.")
        if not self._texts():
            raise Refused(400, "The input is required.")

    def state(self, now: datetime) -> str:
        """Its status."""
        age = (now - self.created_at).total_seconds() if self.body.get("background") else SAID_S
        if self.is_cancelled:
            return "cancelled"
        if age < SAID_S or self.body["model"] == NEVER:
            return "queued" if age < QUEUED_S else "in_progress"
        if self.body["model"] == FAILS:
            return "failed"
        return "incomplete" if self._reply().is_cut else "completed"

    def shown(self, now: datetime) -> Json:
        """The resource."""
        state = self.state(now)
        shown: Json = {
            "id": self.id,
            "object": "interaction",
            "model": self.body["model"],
            "status": state,
            "created": to_rfc3339(self.created_at),
            "updated": to_rfc3339(now),
        }
        if state == "failed":
            shown["errors"] = [{"code": "internal", "message": _INTERNAL["message"]}]
        if state in {"completed", "incomplete"}:
            reply = self._reply()
            output = {"type": "model_output", "content": [{"type": "text", "text": reply.text}]}
            shown["steps"] = [*self.body["input"], output]
            shown["usage"] = {
                "total_input_tokens": reply.input_tokens,
                "total_output_tokens": reply.output_tokens,
                "total_tokens": reply.input_tokens + reply.output_tokens,
            }
        return shown

    def _reply(self) -> Any:
        task, *data = self._texts()
        form, config = self.body.get("response_format") or {}, self.body.get("generation_config") or {}
        return answer(task, data, form.get("schema"), config.get("max_output_tokens") or 1024)

    def _texts(self) -> list[str]:
        steps = self.body.get("input")
        if isinstance(steps, str):
            self.body["input"] = steps = [
                {"type": "user_input", "content": [{"type": "text", "text": steps}]}
            ]
        return [str(part["text"]) for each in steps or [] for part in each.get("content") or []]
