"""Answers, vectors and lists of Vertex AI, judged by its published description."""

from __future__ import annotations

from typing import Any

import httpx2
import orjson
import pytest

from support.clock import ManualClock
from support.model_vendor import ModelVendor, model_vendor
from wirepost.contracts.generation import BatchItem, Prompt
from wirepost.core.errors import CallError, InvalidCall, NotConnected, Unavailable
from wirepost.providers.vertex.client import VertexClient
from wirepost.providers.vertex.models import VertexModels
from wirepost.sandbox.faults import Fault
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream

MODEL = "gemini-2.5-flash"
MOOD = {"type": "object", "properties": {"label": {"enum": ["positive", "negative"]}}}


async def test_answers_are_asked_of_the_project_in_its_location(clock: ManualClock) -> None:
    vendor = model_vendor("vertex", clock, vertex={"project": "acme-ai", "location": "europe-west3"})
    prompt = Prompt(MODEL, "Judge.", data=("Broken and late",), json_schema=MOOD, instructions="Be brief")
    said = await vendor.models.generate(prompt)
    assert orjson.loads(said.text) == {"label": "negative"}
    assert said.usage.input_tokens > 0 < said.usage.output_tokens
    (request,) = vendor.judge.requests
    place = "/v1/projects/acme-ai/locations/europe-west3"
    assert request.url.path == f"{place}/publishers/google/models/{MODEL}:generateContent"
    assert request.headers["authorization"].startswith("Bearer ya29.")
    assert vendor.judge.broken == []
    assert vendor.judge.undescribed == set()
    await vendor.upstream.close()


async def test_an_answer_that_is_cut_says_so(vendor: ModelVendor) -> None:
    said = await vendor.models.generate(Prompt(MODEL, "Tell a long tale", max_output_tokens=2))
    assert said.finish_reason == "length"


async def test_vectors_come_one_by_one_with_their_tokens(vendor: ModelVendor) -> None:
    found = await vendor.models.embed(["a lamp", "a chair"], model="gemini-embedding-001", dimensions=8)
    assert [len(each) for each in found.vectors] == [8, 8]
    assert found.usage.input_tokens > 0
    assert len(vendor.judge.requests) == 2


async def test_googles_models_are_listed(vendor: ModelVendor) -> None:
    assert {MODEL, "gemini-embedding-001"} <= {each.id for each in await vendor.models.list_models()}


async def test_batches_without_a_bucket_are_refused_and_not_attempted(clock: ManualClock) -> None:
    asked, transport = models(clock)
    with pytest.raises(InvalidCall, match="has no bucket") as refused:
        await asked.submit_batch([BatchItem("a", Prompt(MODEL, "x"))], key="k", intent="i")
    assert refused.value.code == "unsupported_by_provider"
    assert "`bucket`" in str(refused.value.hint)
    assert transport.bodies == []


async def test_a_batch_asks_one_model(vendor: ModelVendor) -> None:
    items = [BatchItem("a", Prompt(MODEL, "x")), BatchItem("b", Prompt("gemini-2.5-pro", "x"))]
    with pytest.raises(InvalidCall, match="one model"):
        await vendor.models.submit_batch(items, key="k", intent="i")
    assert vendor.judge.requests == []


@pytest.mark.parametrize(
    ("fault", "family", "code"),
    [
        (Fault("status", status=429, retry_after="7", times=None), Unavailable, "rate_limited"),
        (Fault("status", status=503, times=None), Unavailable, "upstream_unavailable"),
        (Fault("status", status=401, times=None), NotConnected, "auth_expired"),
    ],
)
async def test_refusals_have_our_words(
    vendor: ModelVendor, fault: Fault, family: type[CallError], code: str
) -> None:
    vendor.sandbox.inject(fault)
    with pytest.raises(family) as refused:
        await vendor.models.generate(Prompt(MODEL, "x"))
    assert refused.value.code == code


async def test_a_stream_is_that_of_google(vendor: ModelVendor) -> None:
    transport = httpx2.ASGITransport(vendor.sandbox.app)
    path = f"/v1/projects/p/locations/global/publishers/google/models/{MODEL}:streamGenerateContent?alt=sse"
    body = {"contents": [{"role": "user", "parts": [{"text": "Tell me of lamps, of chairs and of tables"}]}]}
    async with httpx2.AsyncClient(transport=transport, base_url="https://vertex.invalid") as client:
        said = await client.post(path, json=body, headers={"authorization": "Bearer ya29.x"})
    assert said.headers["content-type"].startswith("text/event-stream")
    events = [orjson.loads(line.removeprefix("data: ")) for line in said.text.split("\r\n\r\n") if line]
    assert events[-1]["candidates"][0]["finishReason"] == "STOP"


class Answering(httpx2.AsyncBaseTransport):
    """Answers with what a test says."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.bodies: list[Any] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.bodies.append(orjson.loads(await request.aread() or b"null"))
        return httpx2.Response(200, json=self.answers.pop(0))


def models(clock: ManualClock, *answers: Any) -> tuple[VertexModels, Answering]:
    async def credential() -> str:
        return "Bearer ya29.x"

    transport = Answering(*answers)
    upstream = Upstream(
        "vertex",
        base_url="https://aiplatform.googleapis.com",
        limits=Limits(1000, 1000, 100),
        clock=clock,
        credential=credential,
        transport=transport,
    )
    return VertexModels(VertexClient(upstream, Scope(clock.monotonic() + 45), None)), transport


async def test_older_models_take_a_few_texts_at_once(clock: ManualClock) -> None:
    rows = [{"embeddings": {"values": [0.1]}} for _ in range(6)]
    asked, transport = models(clock, {"predictions": rows[:5]}, {"predictions": rows[5:]})
    found = await asked.embed(["a"] * 6, model="text-embedding-005", dimensions=None)
    assert len(found.vectors) == 6
    assert found.usage.input_tokens == 0
    assert [len(body["instances"]) for body in transport.bodies] == [5, 1]
    assert "parameters" not in transport.bodies[0]


async def test_later_models_have_a_method_of_their_own(clock: ManualClock) -> None:
    answer = {"embedding": {"values": [0.1, 0.2]}, "usageMetadata": {"promptTokenCount": 3}}
    asked, transport = models(clock, answer, answer)
    found = await asked.embed(["a", "b"], model="gemini-embedding-2", dimensions=2)
    assert (found.vectors, found.usage.input_tokens) == ([[0.1, 0.2]] * 2, 6)
    assert [body["content"]["parts"][0]["text"] for body in transport.bodies] == ["a", "b"]
    assert {body["outputDimensionality"] for body in transport.bodies} == {2}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"predictions": []},
        {"predictions": 7},
        {"predictions": [{"embeddings": {"values": "x"}}]},
        {"predictions": [{}]},
    ],
)
async def test_vectors_that_are_not_there_are_not_invented(clock: ManualClock, answer: Any) -> None:
    asked, _ = models(clock, answer)
    with pytest.raises(CallError, match="not understood"):
        await asked.embed(["a"], model="gemini-embedding-001", dimensions=None)


async def test_pages_of_models_have_an_end(clock: ManualClock) -> None:
    page = {"publisherModels": [{"name": "publishers/google/models/a"}], "nextPageToken": "t"}
    asked, _ = models(clock, page, {"publisherModels": [{"name": "publishers/google/models/b"}]})
    assert [each.id for each in await asked.list_models()] == ["a", "b"]
