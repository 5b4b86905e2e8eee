"""Files and batches of the sandbox; batches take time, by its clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from wirepost.core.clock import Clock
from wirepost.providers.openai.sandbox import answers
from wirepost.providers.openai.sandbox.wire import NEVER, Refused, epoch, listed
from wirepost.sandbox.vendor import Request, Response

VALIDATING_S, ANSWERED_S, WINDOW_S = 5, 30, 24 * 3600
_PAGE = 20

Json = dict[str, Any]


class Batches:
    """All files and batches."""

    def __init__(self, clock: Clock, new_id: Callable[[str], str]) -> None:
        self._clock, self._new_id = clock, new_id
        self._files: dict[str, tuple[Json, bytes]] = {}
        self._batches: dict[str, Json] = {}

    def sizes(self) -> dict[str, int]:
        """How many there are."""
        return {"files": len(self._files), "batches": len(self._batches)}

    def stored(self, request: Request) -> Json:
        """Keep a file that was sent as a form."""
        parts = request.parts
        if not parts.keys() >= {"purpose", "file"}:
            raise Refused(400, "'file' and 'purpose' are required.", "invalid_request_error", None)
        filename, content = parts["file"]
        return self._keep(filename, content, parts["purpose"][1].decode())

    def content(self, file_id: str) -> bytes:
        """What a file holds."""
        if file_id not in self._files:
            raise Refused(404, f"No such File object: {file_id}", "invalid_request_error", None)
        return self._files[file_id][1]

    def answered(self, verb: str, rest: Sequence[str], request: Request) -> Response:
        """A request below `/v1/batches`."""
        match (verb, *rest):
            case ("POST",):
                return answers.json_response(self._created(answers.body_of(request)))
            case ("GET",):
                return self._page(dict(request.query))
            case ("GET", batch_id):
                return answers.json_response(self._shown(batch_id))
            case ("POST", batch_id, "cancel"):
                self._cancel(batch_id)
                return answers.json_response(self._shown(batch_id))
            case _:
                raise Refused(404, "Invalid URL", "invalid_request_error", None)

    def _keep(self, name: str, content: bytes, purpose: str) -> Json:
        facts: Json = {
            "id": self._new_id("file"),
            "object": "file",
            "bytes": len(content),
            "created_at": epoch(self._clock),
            "filename": name,
            "purpose": purpose,
            "status": "processed",
        }
        self._files[facts["id"]] = facts, content
        return facts

    def _created(self, body: Json) -> Json:
        lines = self.content(str(body.get("input_file_id"))).splitlines()
        now = epoch(self._clock)
        batch_id = self._new_id("batch")
        self._batches[batch_id] = {
            "id": batch_id,
            "object": "batch",
            "endpoint": body.get("endpoint"),
            "input_file_id": body["input_file_id"],
            "completion_window": body.get("completion_window"),
            "created_at": now,
            "expires_at": now + WINDOW_S,
            "metadata": body.get("metadata"),
            "lines": [line for line in lines if line.strip()],
            "cancelled_at": None,
        }
        return self._shown(batch_id)

    def _page(self, query: dict[str, str]) -> Response:
        ids = list(self._batches)[::-1]
        start = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
        end = start + int(query.get("limit", _PAGE))
        return listed([self._shown(each) for each in ids[start:end]], has_more=end < len(ids))

    def _cancel(self, batch_id: str) -> None:
        if self._shown(batch_id)["status"] in {"validating", "in_progress", "finalizing"}:
            self._batches[batch_id]["cancelled_at"] = epoch(self._clock)

    def _shown(self, batch_id: str) -> Json:
        """The batch as it is now."""
        batch = self._batches.get(batch_id)
        if batch is None:
            raise Refused(404, f"No batch found with id '{batch_id}'.", "invalid_request_error", None)
        status = self._status(batch)
        if status in {"completed", "expired", "cancelled"} and "results" not in batch:
            batch["results"] = self._results(batch, status)
        hidden = {"lines", "results", "cancelled_at"}
        shown = {name: value for name, value in batch.items() if name not in hidden}
        counts = {"total": len(batch["lines"]), "completed": 0, "failed": 0}
        return {**shown, "status": status, "request_counts": counts, **batch.get("results", {})}

    def _status(self, batch: Json) -> str:
        age = epoch(self._clock) - batch["created_at"]
        if batch["cancelled_at"] is not None:
            return "cancelled" if epoch(self._clock) - batch["cancelled_at"] >= VALIDATING_S else "cancelling"
        if not batch["lines"]:
            return "failed" if age >= VALIDATING_S else "validating"
        if age < VALIDATING_S:
            return "validating"
        is_stuck = any(orjson.loads(line)["body"].get("model") == NEVER for line in batch["lines"])
        if is_stuck:
            return "expired" if age >= WINDOW_S else "in_progress"
        return "completed" if age >= ANSWERED_S else "in_progress"

    def _results(self, batch: Json, status: str) -> Json:
        """Files with what was answered and what failed; a cancelled batch has answered nothing."""
        good: list[bytes] = []
        bad: list[bytes] = []
        for line in batch["lines"] if status != "cancelled" else []:
            asked = orjson.loads(line)
            row = {"id": self._new_id("batch_req"), "custom_id": asked["custom_id"], "error": None}
            if asked["body"].get("model") == NEVER:
                error = {"code": "batch_expired", "message": "This request could not be executed in time."}
                bad.append(orjson.dumps({**row, "response": None, "error": error}))
                continue
            try:
                body, code = answers.response(asked["body"], self._new_id("resp"), epoch(self._clock)), 200
            except Refused as refusal:
                body, code = refusal.body, refusal.status
            answer = {"status_code": code, "request_id": self._new_id("req"), "body": body}
            (good if code == 200 else bad).append(orjson.dumps({**row, "response": answer}))  # noqa: PLR2004
        found: Json = {
            "request_counts": {"total": len(batch["lines"]), "completed": len(good), "failed": len(bad)}
        }
        for name, lines in (("output_file_id", good), ("error_file_id", bad)):
            if lines:
                found[name] = self._keep(f"{name}.jsonl", b"\n".join(lines) + b"\n", "batch_output")["id"]
        return found
