"""What we send is what the vendors' own clients send for the same operation; what differs is named."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import Any

import httpx2

from support.clock import ManualClock
from support.model_vendor import ModelVendor, model_vendor
from support.own_clients import sent_by_client, sent_by_us
from wirepost.contracts.generation import BatchItem, Endpoint, Prompt

SCHEMA = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": ["a", "b"]}},
    "required": ["label"],
    "additionalProperties": False,
}
DIFFERENT: dict[str, dict[str, dict[str, Any]]] = {
    "openai": {
        # It unpacks vectors from base64; we read them as the numbers that are sent without this word.
        "embeddings.create": {"encoding_format": "base64"},
    },
    "huggingface": {
        # It says what is meant where nothing is said (ChatCompletionInput: stream is false).
        "chat_completion": {"stream": False},
        # It makes up a name for people, from the image and by chance; ours are found by the intent.
        "run_job": {"labels": {"wirepost-intent": "int_1", "name": "python-3-12-b3bd5faf"}},
    },
}
"""Vendor → operation → fields of the body that the vendor's client sends besides, and why."""


class Sent:
    """Our requests, under the names of the operations of the vendor's client."""

    def __init__(self, vendor: ModelVendor) -> None:
        self.vendor = vendor
        self.by_operation: dict[str, httpx2.Request] = {}
        self.seen: set[str] = set()
        """Operations that were compared already."""

    async def __call__(self, operations: str, work: Awaitable[Any]) -> Any:
        """Names what is sent meanwhile, in its order; `-` is nothing to compare."""
        before = len(self.vendor.judge.requests)
        found = await work
        new = self.vendor.judge.requests[before:]
        named = operations.split()
        assert len(new) == len(named), [f"{each.method} {each.url}" for each in new]
        self.by_operation |= dict(zip(named, new, strict=True))
        return found

    def check(self) -> None:
        """Fails where one of them is not that of the vendor's client."""
        name = self.vendor.name
        theirs = {each: told for each, told in sent_by_client(name).items() if each not in self.seen}
        ours = {each: sent_by_us(request) for each, request in self.by_operation.items() if each != "-"}
        for operation, fields in DIFFERENT[name].items():
            ours[operation]["body"] |= fields
        assert ours.keys() == theirs.keys()
        for operation, request in theirs.items():
            assert ours[operation] == request, operation


async def test_openai(clock: ManualClock) -> None:
    vendor = model_vendor("openai", clock)
    sent = Sent(vendor)
    asked = Prompt("gpt-5-mini", "Greet", instructions="Be kind", json_schema=SCHEMA, max_output_tokens=64)
    bare = Prompt("gpt-5-mini", "Greet", max_output_tokens=64)
    await sent("responses.create", vendor.models.generate(asked))
    texts = ["late delivery", "kind support"]
    await sent("embeddings.create", vendor.models.embed(texts, model="text-embedding-3-small", dimensions=64))
    batch = await sent(
        "files.create batches.create",
        vendor.models.submit_batch([BatchItem("r0", bare)], key="k", intent="int_1"),
    )
    await sent("batches.list", vendor.models.find_batch("int_1", clock.now()))
    await sent("batches.retrieve", vendor.look(batch))
    await sent("batches.cancel", vendor.cancel(batch))
    answer = await sent(
        "responses.create_background", vendor.models.submit_background(bare, key="k", intent="int_1")
    )
    await sent("responses.retrieve", vendor.look(answer))
    await sent("responses.cancel", vendor.cancel(answer))
    await sent("models.list", vendor.models.list_models())
    done = await sent("- -", vendor.models.submit_batch([BatchItem("r0", bare)], key="k", intent="int_2"))
    clock.advance(60)
    await sent("- files.content", vendor.rows(done))
    chat = Sent(model_vendor("openai", clock))
    chat.vendor.settings = chat.vendor.settings.model_copy(update={"api": "chat"})
    await chat("chat.completions.create", chat.vendor.models.generate(asked))
    sent.by_operation |= chat.by_operation
    sent.check()
    await vendor.upstream.close()
    await chat.vendor.upstream.close()


async def test_hugging_face(clock: ManualClock) -> None:
    vendor = model_vendor("huggingface", clock)
    sent = Sent(vendor)
    asked = Prompt(
        "Qwen/Qwen3-32B", "Greet", instructions="Be kind", json_schema=SCHEMA, max_output_tokens=64
    )
    await sent("chat_completion", vendor.models.generate(asked))
    model = "intfloat/multilingual-e5-large"
    await sent("feature_extraction", vendor.models.embed(["late delivery"], model=model, dimensions=None))
    container = Endpoint("python:3.12", json.dumps({"command": ["echo", "hello"]}), "application/json")
    job = await sent("whoami run_job", vendor.models.submit_invocation(container, key="k", intent="int_1"))
    await sent("- list_jobs", vendor.models.find_invocation("int_1", clock.now()))
    await sent("inspect_job", vendor.look(job))
    await sent("-", vendor.rows(job))  # a stream of events, which the judge of JSON does not note
    logs, theirs = vendor.sandbox.requests[-1], sent_by_client("huggingface")["fetch_job_logs"]
    assert (logs.method, logs.path.replace(str(job.provider_id), "nordlicht/ID")) == (
        theirs["method"],
        theirs["path"],
    )
    sent.seen.add("fetch_job_logs")
    await sent("cancel_job", vendor.cancel(job))
    sent.check()
    await vendor.upstream.close()


async def test_anthropic(clock: ManualClock) -> None:
    vendor = model_vendor("anthropic", clock)
    sent = Sent(vendor)
    asked = Prompt(
        "claude-haiku-4-5", "Greet", instructions="Be kind", json_schema=SCHEMA, max_output_tokens=64
    )
    bare = Prompt("claude-haiku-4-5", "Greet", max_output_tokens=64)
    await sent("messages.create", vendor.models.generate(asked))
    # The list is asked for while it is empty: no batch can be taken for the lost one.
    await sent("messages.batches.list", vendor.models.find_batch("int_1", clock.now()))
    batch = vendor.models.submit_batch([BatchItem("r0", bare)], key="k", intent="int_1")
    await sent("messages.batches.create", batch)
    await sent("models.list", vendor.models.list_models())
    # Its client sends a key as a bearer token; the provider's README says why ours goes into x-api-key.
    theirs = sent_by_client("anthropic")
    ours = {name: sent_by_us(request) for name, request in sent.by_operation.items()}
    assert {each.pop("signed") for each in theirs.values()} == {"Bearer"}
    assert {each.pop("signed") for each in ours.values()} == {"x-api-key"}
    assert ours == theirs
    await vendor.upstream.close()


async def test_gemini(clock: ManualClock) -> None:
    vendor = model_vendor("gemini", clock)
    sent = Sent(vendor)
    asked = Prompt(
        "gemini-2.5-flash", "Greet", instructions="Be kind", json_schema=SCHEMA, max_output_tokens=64
    )
    await sent("models.generate_content", vendor.models.generate(asked))
    texts = ["late delivery", "kind support"]
    await sent(
        "models.embed_content", vendor.models.embed(texts, model="gemini-embedding-001", dimensions=64)
    )
    await sent("models.list", vendor.models.list_models())
    theirs = sent_by_client("gemini")
    ours = {name: sent_by_us(request) for name, request in sent.by_operation.items()}
    # It says whose turn it is also where there is only one: in instructions, and in texts for vectors.
    del theirs["models.generate_content"]["body"]["systemInstruction"]["role"]
    for each in theirs["models.embed_content"]["body"]["requests"]:
        assert each["content"].pop("role") == "user"
    for each in theirs.values():  # its default is v1; the description that judges us is that of v1beta
        each["path"] = each["path"].replace("/v1/", "/v1beta/")
    assert ours == theirs
    await vendor.upstream.close()
