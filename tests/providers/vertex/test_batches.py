"""Batches through a bucket: as Google describes them, through every end, and what may be missing.

Fields, paths and states are those of the discovery documents aiplatform.v1 and storage.v1 as shipped with
google-api-python-client 2.202.0, which the description here does not have; lines of results have no schema.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import httpx2
import orjson
import pytest

from support.clock import ManualClock
from support.looking import look_by, rows_of
from support.model_vendor import ModelVendor, model_vendor
from wirepost.contracts.generation import BatchItem, Prompt
from wirepost.core.errors import CallError, OutcomeUnknown, Rejected, Unavailable
from wirepost.providers.vertex.batches import KINDS
from wirepost.providers.vertex.client import VertexClient
from wirepost.sandbox.faults import Fault
from wirepost.settings import ConnectionSettings
from wirepost.tools.jobs import Started
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream

(KIND,) = KINDS
MODEL = "gemini-2.5-flash"
DAY_S = 24 * 3600
NAME = "projects/7/locations/global/batchPredictionJobs/1"
FOLDER = "gs://acme-ai-jobs/wirepost/int_1/output/prediction-model-2026-03-02T09:00:00Z"


async def submitted(vendor: ModelVendor, *most: int, model: str = MODEL, intent: str = "int_1") -> Started:
    items = [
        BatchItem(f"r{number}", Prompt(model, f"Task {number}", max_output_tokens=each))
        for number, each in enumerate(most)
    ]
    return await vendor.models.submit_batch(items, key="wp_1", intent=intent)


async def test_requests_go_to_the_bucket_and_the_job_names_it(clock: ManualClock) -> None:
    vendor = model_vendor(
        "vertex",
        clock,
        vertex={"project": "acme-ai", "location": "europe-west3"},
        bucket={"name": "acme-ai-jobs", "prefix": "ai"},
    )
    begun = await submitted(vendor, 100)
    put, create = vendor.judge.requests
    assert (put.method, put.url.host, put.url.path) == (
        "POST",
        "storage.googleapis.com",
        "/upload/storage/v1/b/acme-ai-jobs/o",
    )
    query = parse_qs(put.url.query.decode())
    assert query == {"uploadType": ["media"], "name": ["ai/int_1/input.jsonl"]}
    assert put.headers["authorization"].startswith("Bearer ya29.")
    (line,) = put.content.splitlines()
    assert orjson.loads(line) == {
        "key": "r0",
        "request": {
            "contents": [{"role": "user", "parts": [{"text": "Task 0"}]}],
            "generationConfig": {"maxOutputTokens": 100},
            "labels": {"wirepost-row": "0"},
        },
    }
    place = "projects/acme-ai/locations/europe-west3"
    assert create.url.path == f"/v1/{place}/batchPredictionJobs"
    assert orjson.loads(create.content) == {
        "displayName": "int_1",
        "model": f"publishers/google/models/{MODEL}",
        "inputConfig": {
            "instancesFormat": "jsonl",
            "gcsSource": {"uris": ["gs://acme-ai-jobs/ai/int_1/input.jsonl"]},
        },
        "outputConfig": {
            "predictionsFormat": "jsonl",
            "gcsDestination": {"outputUriPrefix": "gs://acme-ai-jobs/ai/int_1/output/"},
        },
    }
    assert (begun.kind, begun.status, begun.total) == ("vertex.batch", "queued", 1)
    assert str(begun.provider_id).startswith(f"{place}/batchPredictionJobs/")
    await vendor.upstream.close()


async def test_a_batch_is_followed_to_its_rows(vendor: ModelVendor) -> None:
    begun = await submitted(vendor, 100, 100, 100)
    assert (await vendor.look(begun)).status == "queued"
    vendor.clock.advance(6)
    assert (await vendor.look(begun)).status == "running"
    vendor.clock.advance(30)
    seen = await vendor.look(begun)
    assert (seen.status, seen.done, seen.total) == ("succeeded", 3, 3)
    rows = await vendor.rows(begun)
    assert [(row["custom_id"], row["status"], row["text"]) for row in rows] == [
        ("r0", "ok", "In short: Task 0"),
        ("r1", "ok", "In short: Task 1"),
        ("r2", "ok", "In short: Task 2"),
    ]
    assert all(row["model"] == MODEL and row["usage"]["output_tokens"] > 0 for row in rows)


async def test_requests_that_failed_are_rows_that_say_why(vendor: ModelVendor) -> None:
    begun = await submitted(vendor, 100, 0)
    vendor.clock.advance(31)
    assert (await vendor.look(begun)).status == "partial"
    good, bad = await vendor.rows(begun)
    assert (good["status"], bad["custom_id"], bad["status"]) == ("ok", "r1", "failed")
    assert bad["error"] == "Bad Request: max_output_tokens must be positive"


async def test_a_batch_can_fail_expire_or_be_cancelled(vendor: ModelVendor) -> None:
    failing = await submitted(vendor, 100, model="gemini-sandbox-fails", intent="int_1")
    late = await submitted(vendor, 100, model="gemini-sandbox-never", intent="int_2")
    stopped = await submitted(vendor, 100, intent="int_3")
    await vendor.cancel(stopped)
    assert (await vendor.look(stopped)).status == "cancelling"
    vendor.clock.advance(6)
    assert (await vendor.look(stopped)).status == "cancelled"
    with pytest.raises(Rejected):
        await vendor.cancel(stopped)
    failed = await vendor.look(failing)
    assert failed.status == "failed"
    assert failed.error is not None
    assert "internal error" in failed.error.message
    assert (await vendor.look(late)).status == "queued"
    vendor.clock.advance(3 * DAY_S)
    assert (await vendor.look(late)).status == "expired"


async def test_a_batch_that_vertex_does_not_know(vendor: ModelVendor) -> None:
    with pytest.raises(Rejected) as refused:
        await vendor.look(Started("vertex.batch", NAME))
    assert refused.value.code == "not_found"


async def test_a_batch_whose_answer_was_lost_is_found_by_its_name(vendor: ModelVendor) -> None:
    await submitted(vendor, 100, intent="int_0")
    assert await vendor.models.find_batch("int_1", vendor.clock.now()) is None
    vendor.sandbox.inject(Fault("lost_answer", match="POST *batchPredictionJobs"))
    with pytest.raises(OutcomeUnknown):
        await submitted(vendor, 100)
    found = await vendor.models.find_batch("int_1", vendor.clock.now())
    assert found is not None
    vendor.clock.advance(31)
    assert (await vendor.look(found)).status == "succeeded"
    assert vendor.sandbox.summary()["batches"] == 2


async def test_an_upload_whose_answer_was_lost_is_repeated_without_harm(vendor: ModelVendor) -> None:
    vendor.sandbox.inject(Fault("lost_answer", match="POST /upload/*"))
    await submitted(vendor, 100)
    assert vendor.sandbox.summary() == {"models": 5, "batches": 1, "objects": 1}
    vendor.sandbox.reset()
    assert vendor.sandbox.summary() == {"models": 5, "batches": 0, "objects": 0}


class Told(httpx2.AsyncBaseTransport):
    """Answers by path with what a test says."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        said = self.answers[request.url.path]
        content = said if isinstance(said, bytes) else orjson.dumps(said)
        return httpx2.Response(200, content=content, headers={"content-type": "application/json"})


def client(clock: ManualClock, **answers: Any) -> VertexClient:
    """`job` is the batch, `page` the list of objects, `lines` the content of one."""
    objects = "/storage/v1/b/acme-ai-jobs/o"
    folder = FOLDER.removeprefix("gs://acme-ai-jobs/")
    paths = {
        f"/v1/{NAME}": answers.get("job"),
        objects: answers.get("page"),
        f"{objects}/{folder}/predictions.jsonl": answers.get("lines"),
    }

    async def credential() -> str:
        return "Bearer ya29.x"

    upstream = Upstream(
        "vertex",
        base_url="https://aiplatform.googleapis.com",
        limits=Limits(1000, 1000, 100),
        clock=clock,
        credential=credential,
        transport=Told(paths),
    )
    settings = ConnectionSettings.model_validate({"provider": "vertex", "environment": "sandbox"})
    return VertexClient(upstream, Scope(clock.monotonic() + 45), settings)


def read(clock: ManualClock, lines: bytes, page: Any = None) -> Any:
    folder = FOLDER.removeprefix("gs://acme-ai-jobs/")
    names = ("predictions.jsonl", "manifest.json", "errors_0001.jsonl")
    objects = {"items": [{"name": f"{folder}/{each}"} for each in names]}
    api = client(clock, lines=lines, page=objects if page is None else page)
    begun = Started("vertex.batch", NAME, {"output": FOLDER, "model": MODEL})
    return rows_of(KIND, look_by(api, clock.now(), begun))


async def test_what_ended_early_keeps_the_answers_that_it_has(clock: ManualClock) -> None:
    job = {
        "name": NAME,
        "state": "JOB_STATE_CANCELLED",
        "model": f"publishers/google/models/{MODEL}",
        "completionStats": {"successfulCount": "2", "incompleteCount": "3"},
        "outputInfo": {"gcsOutputDirectory": FOLDER},
    }
    look = look_by(client(clock, job=job), clock.now(), Started("vertex.batch", NAME))
    seen = await KIND.look(look)
    assert (seen.status, seen.done, seen.total) == ("partial", 2, 5)
    assert seen.details == {"output": FOLDER, "input": "", "model": MODEL}


async def test_each_form_of_a_refused_request_is_told(clock: ManualClock) -> None:
    lines = [
        {"key": "a", "status": "", "response": {}},
        {"key": "b", "status": {"code": 3, "message": "Too long"}, "response": {}},
        {"key": "c", "status": "ERROR", "error": {"code": 400, "message": "Not allowed"}},
        {"key": "d", "status": {}, "response": {"promptFeedback": {"blockReason": "SAFETY"}}},
    ]
    rows = await read(clock, b"\n".join(map(orjson.dumps, lines)))
    assert [(row["status"], row.get("error")) for row in rows] == [
        ("failed", "failed without a reason"),
        ("failed", "Too long"),
        ("failed", "Not allowed"),
        ("ok", None),
    ]
    assert rows[3]["finish_reason"] == "refused"


@pytest.mark.parametrize(
    ("lines", "page", "family", "words"),
    [
        (b'{"request": {}, "status": "", "response": {}}\n', None, Rejected, "which request it belongs to"),
        (
            b'{"request": {"labels": {"wirepost-row": "7"}}, "status": "", "response": {}}\n',
            None,
            Rejected,
            "which request it belongs to",
        ),
        (b"[]\n", None, Unavailable, "not understood"),
        (b"{half\n", None, Unavailable, "not understood"),
        (b"", [], Unavailable, "not understood"),
        (b"", {"items": [{}]}, Unavailable, "not understood"),
    ],
)
async def test_what_is_no_answer_is_not_taken_for_one(
    clock: ManualClock, lines: bytes, page: Any, family: type[CallError], words: str
) -> None:
    with pytest.raises(family, match=words):
        await read(clock, lines, page)


async def test_results_are_not_read_from_what_is_no_place_in_a_bucket(clock: ManualClock) -> None:
    begun = Started("vertex.batch", NAME, {"output": "https://elsewhere.example/x"})
    with pytest.raises(Unavailable, match="not understood"):
        await rows_of(KIND, look_by(client(clock), clock.now(), begun))


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/projects/p/locations/global/batchPredictionJobs", {}, 400),
        ("POST", "/upload/storage/v1/b/b/o", {}, 400),
        ("GET", "/v1/projects/p/locations/global/batchPredictionJobs?filter=state=7", None, 400),
        ("GET", "/storage/v1/b/b/o/none?alt=media", None, 404),
        ("DELETE", "/v1/projects/p/locations/global/batchPredictionJobs/1", None, 404),
    ],
)
async def test_refusals_of_the_sandbox_are_googles(
    vendor: ModelVendor, method: str, path: str, body: Any, status: int
) -> None:
    transport = httpx2.ASGITransport(vendor.sandbox.app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://vertex.invalid") as asking:
        said = await asking.request(method, path, json=body, headers={"authorization": "Bearer ya29.x"})
    assert (said.status_code, said.json()["error"]["code"]) == (status, status)


async def test_a_job_whose_input_is_not_there_fails(vendor: ModelVendor) -> None:
    begun = await submitted(vendor, 100)
    del vendor.sandbox.later.objects["gs://wirepost-sandbox/wirepost/int_1/input.jsonl"]  # type: ignore[attr-defined]
    again = {**orjson.loads(vendor.judge.requests[-1].content), "displayName": "int_2"}
    made = await vendor.client.write(f"{vendor.client.parent}/batchPredictionJobs", again)  # type: ignore[attr-defined]
    vendor.clock.advance(6)
    seen = await vendor.look(Started(begun.kind, made["name"]))
    assert seen.error is not None
    assert seen.error.message == "No file matches gs://wirepost-sandbox/wirepost/int_1/input.jsonl"
