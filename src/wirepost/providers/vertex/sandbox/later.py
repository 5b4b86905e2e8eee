"""Batches of the sandbox, by its clock, and the objects of Cloud Storage that they read and write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from wirepost.core.clock import Clock
from wirepost.core.times import to_rfc3339
from wirepost.sandbox.google import FAILS, NEVER, Json, Refused, body_of, check_model, content
from wirepost.sandbox.vendor import Request, Response

PENDING_S, ANSWERED_S = 5, 30
EXPIRED_S = 72 * 3600
"""How long a batch waits for its turn."""
PAGE = 2
_INTERNAL = "An internal error has occurred."
_ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"})
_JOBS = re.compile(r"/v1/(?P<parent>projects/[^/]+/locations/[^/]+)/batchPredictionJobs")
_JOB = re.compile(r"/v1/(?P<name>projects/[^/]+/locations/[^/]+/batchPredictionJobs/\d+)(?P<cancel>:cancel)?")
_UPLOAD = re.compile(r"/upload/storage/v1/b/([^/]+)/o")
_OBJECTS = re.compile(r"/storage/v1/b/([^/]+)/o")
_OBJECT = re.compile(r"/storage/v1/b/([^/]+)/o/(.+)", re.DOTALL)
_FILTER = re.compile(r'display_name="([^"]*)"')


@dataclass(eq=False)
class Batch:
    """A batch prediction job."""

    name: str
    asked: Json
    created_at: datetime
    cancelled_at: datetime | None = None
    rows: list[Json] | None = None
    """What it has answered, once it has."""
    problem: str | None = None

    @property
    def model(self) -> str:
        """Name of the model."""
        return str(self.asked["model"]).rpartition("/")[2]

    @property
    def output(self) -> str:
        """Where it writes."""
        prefix = str(self.asked["outputConfig"]["gcsDestination"]["outputUriPrefix"]).rstrip("/")
        return f"{prefix}/prediction-model-{to_rfc3339(self.created_at)}"

    def state(self, now: datetime) -> str:
        """Without its prefix."""
        age = (now - self.created_at).total_seconds()
        if self.cancelled_at is not None:
            is_over = now - self.cancelled_at >= timedelta(seconds=PENDING_S)
            return "CANCELLED" if is_over else "CANCELLING"
        if age < PENDING_S:
            return "PENDING"
        if self.model == FAILS or self.problem is not None:
            return "FAILED"
        if self.model == NEVER:
            return "EXPIRED" if age >= EXPIRED_S else "QUEUED"
        return "SUCCEEDED" if age >= ANSWERED_S else "RUNNING"

    def shown(self, now: datetime) -> Json:
        """The resource."""
        state = self.state(now)
        shown: Json = {
            **self.asked,
            "name": self.name,
            "state": f"JOB_STATE_{state}",
            "createTime": to_rfc3339(self.created_at),
            "updateTime": to_rfc3339(now),
        }
        if state == "FAILED":
            shown["error"] = {"code": 13, "message": self.problem or _INTERNAL}
        if self.rows is not None:
            failed = sum(bool(row["status"]) for row in self.rows)
            counts = {"successfulCount": len(self.rows) - failed, "failedCount": failed}
            shown["completionStats"] = {name: str(count) for name, count in counts.items() if count}
            shown["outputInfo"] = {"gcsOutputDirectory": self.output}
        return shown


@dataclass(eq=False)
class Later:
    """What is asked now and answered later."""

    clock: Clock
    batches: dict[str, Batch] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    """By address, `gs://bucket/name`."""

    def respond(self, request: Request) -> Response | None:
        """The answer to what is about batches and objects; raises `Refused`."""
        self._pass_time()
        query = dict(request.query)
        match request.method:
            case "POST":
                return self._posted(request, query)
            case "GET":
                return self._got(request.path, query)
        return None

    def _posted(self, request: Request, query: Mapping[str, str]) -> Response | None:
        if found := _UPLOAD.fullmatch(request.path):
            if query.get("uploadType") != "media" or not query.get("name"):
                raise Refused(400, "Required parameter: name")
            self.objects[f"gs://{found[1]}/{query['name']}"] = request.body
            return _json({"kind": "storage#object", "bucket": found[1], "name": query["name"]})
        if found := _JOBS.fullmatch(request.path):
            return _json(self._create(found["parent"], body_of(request)).shown(self.clock.now()))
        if (found := _JOB.fullmatch(request.path)) and found["cancel"]:
            job = self._job(found["name"])
            if job.state(self.clock.now()) in _ENDED:
                raise Refused(400, "The job has already ended and cannot be cancelled.")
            job.cancelled_at = self.clock.now()
            return _json({})
        return None

    def _got(self, path: str, query: Mapping[str, str]) -> Response | None:
        if found := _JOBS.fullmatch(path):
            return _json(self._listed(f"{found['parent']}/", query))
        if (found := _JOB.fullmatch(path)) and not found["cancel"]:
            return _json(self._job(found["name"]).shown(self.clock.now()))
        if found := _OBJECTS.fullmatch(path):
            begin = f"gs://{found[1]}/"
            names = sorted(each for each in self.objects if each.startswith(begin + query.get("prefix", "")))
            rows, more = _page([{"name": each.removeprefix(begin)} for each in names], query)
            return _json({"kind": "storage#objects", "items": rows, **more})
        if found := _OBJECT.fullmatch(path):
            stored = self.objects.get(f"gs://{found[1]}/{found[2]}")
            if stored is None:
                raise Refused(404, "No such object.")
            return Response(200, stored, content_type="application/jsonl")
        return None

    def _create(self, parent: str, asked: Json) -> Batch:
        try:
            source = str(asked["inputConfig"]["gcsSource"]["uris"][0])
            target = asked["outputConfig"]["gcsDestination"]["outputUriPrefix"]
            model, title = str(asked["model"]), asked["displayName"]
        except (KeyError, TypeError, IndexError):
            source = target = model = title = ""
        if not (source and target and title):
            raise Refused(400, "The job needs display_name, model, input_config and output_config.")
        check_model(model.rpartition("/")[2])
        name = f"{parent}/batchPredictionJobs/{len(self.batches) + 1:019d}"
        made = self.batches[name] = Batch(name, asked, self.clock.now())
        if source not in self.objects:
            made.problem = f"No file matches {source}"
        return made

    def _job(self, name: str) -> Batch:
        if name not in self.batches:
            raise Refused(404, f"The BatchPredictionJob {name} does not exist.")
        return self.batches[name]

    def _listed(self, begin: str, query: Mapping[str, str]) -> Json:
        wanted = query.get("filter")
        named = _FILTER.fullmatch(wanted) if wanted else None
        if wanted and named is None:
            raise Refused(400, "The filter is not supported by the sandbox.")
        fitting = [
            each.shown(self.clock.now())
            for each in self.batches.values()
            if each.name.startswith(begin) and (named is None or each.asked["displayName"] == named[1])
        ]
        rows, more = _page(fitting, query)
        return {"batchPredictionJobs": rows, **more}

    def _pass_time(self) -> None:
        """Write what has been answered meanwhile, over two files as of a larger batch."""
        for job in self.batches.values():
            if job.rows is None and job.state(self.clock.now()) == "SUCCEEDED":
                source = job.asked["inputConfig"]["gcsSource"]["uris"][0]
                job.rows = [self._answered(job, line) for line in self.objects[source].splitlines()]
                half = (len(job.rows) + 1) // 2
                for number, rows in enumerate((job.rows[:half], job.rows[half:]), 1):
                    text = b"".join(orjson.dumps(row) + b"\n" for row in rows)
                    self.objects[f"{job.output}/predictions_{number:04}.jsonl"] = text

    def _answered(self, job: Batch, line: bytes) -> Json:
        row = orjson.loads(line)
        # Google does not say whether what stands beside the request is repeated; others saw that it is not.
        shared = {"request": row.get("request"), "processed_time": to_rfc3339(self.clock.now())}
        try:
            said = content(job.model, row.get("request") or {}, "sandbox")
        except Refused as refused:
            return {**shared, "status": f"Bad Request: {refused.message}", "response": {}}
        return {**shared, "status": "", "response": said}


def _page(rows: list[Json], query: Mapping[str, str]) -> tuple[list[Json], Json]:
    """A page is short, so that a client that reads but the first is found out."""
    start = int(query.get("pageToken") or 0)
    end = start + PAGE
    return rows[start:end], {"nextPageToken": str(end)} if end < len(rows) else {}


def _json(body: Any) -> Response:
    return Response(200, orjson.dumps(body))
