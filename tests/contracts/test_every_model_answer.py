"""Every provider of models survives answers that are not what it expects, whatever it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, is_dataclass, replace
from typing import Any

import orjson
import pytest
from pydantic import BaseModel

from support.odd_answers import MARK, NUMBER, VALUES, WHOLES, OddVendor, Piece
from wirepost.contracts.generation import BatchItem, Endpoint, Prompt, Usage
from wirepost.contracts.jobs import Seen
from wirepost.core.errors import CallError, OutcomeUnknown
from wirepost.providers.bedrock.sandbox import FILM, TEXT
from wirepost.tools.jobs import Started

pytestmark = pytest.mark.slow

WITHIN_S = 5.0
LONGEST_ERROR = 500
SCHEMA = {"type": "object", "properties": {"mood": {"enum": ["negative", "positive"]}}, "required": ["mood"]}
Begin = Callable[[OddVendor], Awaitable[Started]]


@dataclass(frozen=True)
class Case:
    """One operation of one provider."""

    provider: str
    operation: str
    act: Callable[[OddVendor, Any], Awaitable[Any]]
    begin: Begin | None = None
    """Starts the job that it is about, honestly."""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.provider}{'-chat' if self.options else ''}-{self.operation}"

    @property
    def is_raw(self) -> bool:
        """Whether its result is what the vendor sent, as it is."""
        raw = {"invoke", "rows_invocation"}
        return self.operation in raw and self.name != "huggingface-rows_invocation"

    @property
    def starts(self) -> bool:
        """Whether it begins what is paid for."""
        return self.operation.startswith("submit")


MODELS = {
    "openai": ("gpt-5-mini", "text-embedding-3-small"),
    "anthropic": ("claude-haiku-4-5", ""),
    "gemini": ("gemini-2.5-flash", "gemini-embedding-001"),
    "vertex": ("gemini-2.5-flash", "gemini-embedding-001"),
    "bedrock": (TEXT, "amazon.titan-embed-text-v2:0"),
    "huggingface": ("Qwen/Qwen3-32B", "intfloat/e5"),
}
"""Provider → a model that answers, and one that makes vectors."""
ENDPOINTS = {
    "bedrock": Endpoint(FILM, '{"text": "a lamp"}', "application/json"),
    "sagemaker": Endpoint("reviews", '{"inputs": ["Great!"]}', "application/json"),
    "huggingface": Endpoint("python:3.12", '{"command": ["echo", "hello"]}', "application/json"),
}
INVOKED = {
    "bedrock": Endpoint("amazon.titan-embed-text-v2:0", '{"inputText": "a lamp"}', "application/json"),
    "sagemaker": ENDPOINTS["sagemaker"],
    "huggingface": Endpoint("distilbert/sst-2", '{"inputs": "I love it"}', "application/json"),
}
BATCHES = ("openai", "anthropic", "gemini", "vertex", "bedrock")
BACKGROUND = ("openai", "gemini")


def prompt(provider: str) -> Prompt:
    return Prompt(MODELS[provider][0], "Judge", data=("Broken and late",), json_schema=SCHEMA)


async def a_batch(vendor: OddVendor) -> Started:
    items = [BatchItem(f"r{number}", prompt(vendor.name)) for number in range(2)]
    return await vendor.models.submit_batch(items, key="wp_1", intent="int_1")


async def a_background(vendor: OddVendor) -> Started:
    return await vendor.models.submit_background(prompt(vendor.name), key="wp_1", intent="int_1")


async def an_invocation(vendor: OddVendor) -> Started:
    return await vendor.models.submit_invocation(ENDPOINTS[vendor.name], key="wp_1", intent="int_1")


BEGINNINGS: dict[str, tuple[Begin, tuple[str, ...]]] = {
    "batch": (a_batch, BATCHES),
    "background": (a_background, BACKGROUND),
    "invocation": (an_invocation, tuple(ENDPOINTS)),
}


def cases() -> Iterator[Case]:
    """All operations of all providers."""
    chat = {"api": "chat"}
    for name, (_, vectors) in MODELS.items():
        yield Case(name, "generate", lambda vendor, _: vendor.models.generate(prompt(vendor.name)))
        yield Case(name, "list", lambda vendor, _: vendor.models.list_models())
        if vectors:
            yield Case(name, "embed", embedded)
    yield Case("openai", "generate", lambda vendor, _: vendor.models.generate(prompt("openai")), options=chat)
    yield Case("sagemaker", "list", lambda vendor, _: vendor.models.list_models())
    for name in INVOKED:
        yield Case(name, "invoke", lambda vendor, _: vendor.models.invoke(INVOKED[vendor.name]))
    for kind, (begin, names) in BEGINNINGS.items():
        for name in names:
            yield Case(name, f"submit_{kind}", lambda vendor, _, begin=begin: begin(vendor))
            yield Case(name, f"look_{kind}", lambda vendor, job: vendor.look(job), begin)
            yield Case(name, f"rows_{kind}", lambda vendor, job: vendor.rows(job), begin)
            if OddVendor(name).can_cancel(kind):
                yield Case(name, f"cancel_{kind}", lambda vendor, job: vendor.cancel(job), begin)
    for name in BATCHES:
        yield Case(name, "find_batch", found_batch, a_batch)
    yield Case("huggingface", "find_invocation", found_invocation, an_invocation)


async def embedded(vendor: OddVendor, _: Any) -> Any:
    model = MODELS[vendor.name][1]
    return await vendor.models.embed(["a lamp", "a chair"], model=model, dimensions=None)


async def found_batch(vendor: OddVendor, _: Any) -> Any:
    return await vendor.models.find_batch("int_1", vendor.clock.now())


async def found_invocation(vendor: OddVendor, _: Any) -> Any:
    return await vendor.models.find_invocation("int_1", vendor.clock.now())


CASES = {case.name: case for case in cases()}


async def prepared(case: Case) -> tuple[OddVendor, Started | None]:
    """The vendor, and the job as the last look has shown it."""
    vendor = OddVendor(case.provider, **case.options)
    if case.begin is None:
        return vendor, None
    job = await case.begin(vendor)
    if case.operation.startswith("rows") or case.operation.startswith("look"):
        vendor.clock.advance(60)
        seen = await vendor.look(job)
        assert seen.status == "succeeded"
        job = Started(job.kind, job.provider_id, {**job.details, **seen.details}, status="running")
    return vendor, job


def texts(value: Any) -> Iterator[str]:
    """Every text in a result."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, BaseModel):
        yield from texts(value.model_dump())
    elif is_dataclass(value):
        yield from texts(vars(value))
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def usages(value: Any) -> Iterator[dict[str, Any]]:
    """What a result says was used."""
    if isinstance(value, Usage):
        yield value.model_dump()
    elif is_dataclass(value):
        yield from usages(vars(value))
    elif isinstance(value, list):
        for item in value[:100]:
            yield from usages(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "usage" and isinstance(item, dict):
                yield item
            else:
                yield from usages(item)


def problems_of(result: Any, *, is_raw: bool) -> list[str]:
    """What is wrong with a value: counts below nothing, texts that nobody wrote."""
    found = []
    if isinstance(result, Seen):
        result = replace(result, warnings=())  # which tell how many requests failed
    for usage in usages(result):
        counts = [usage.get(name) for name in ("input_tokens", "output_tokens", "cached_input_tokens")]
        if any(type(each) not in {int, type(None)} or (each or 0) < 0 for each in counts):
            found.append(f"counts {counts}")
    if not is_raw:
        found += [f"text {text[:80]!r}" for text in texts(result) if str(NUMBER) in text or "[[[" in text]
        found += [f"text {text!r}" for text in texts(result) if text in {"None", "True", "[]", "{}"}]
    return found


async def outcome(case: Case, vendor: OddVendor, job: Any, *, wrote: bool, is_raw: bool = False) -> list[str]:
    """What is wrong with how one odd answer is taken."""
    vendor.transport.seen.clear()
    try:
        async with asyncio.timeout(WITHIN_S):
            result = await case.act(vendor, job)
    except CallError as error:
        said = f"{error.message} {error.hint or ''}"
        found = [] if len(said) < LONGEST_ERROR else ["a long error"]
        is_quoted = vendor.transport.seen[-1][1].is_error  # what was sent back, in the vendor's words
        if MARK in said and not is_quoted and case.operation != "find_batch":  # which names batches
            found.append(f"the answer in an error: {said}")
        if wrote and not isinstance(error, OutcomeUnknown):
            found.append(f"a write that may have happened is {error!r}")
        return found
    except TimeoutError:
        return ["takes too long"]
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return [f"{type(error).__name__}: {error}"[:300]]
    return problems_of(result, is_raw=is_raw or case.is_raw)


async def exchanges(case: Case) -> tuple[OddVendor, Any, list[tuple[str, bytes, bool]]]:
    """The vendor, the job, and (request, honest answer, whether it begins a job) of all that is asked."""
    vendor, job = await prepared(case)
    vendor.transport.seen.clear()
    with suppress(OutcomeUnknown):  # as Anthropic's batches do not tell what they hold
        await case.act(vendor, job)
    seen = vendor.transport.seen
    last = len(seen) - 1
    asked = {
        request: (request, body, case.starts and index == last)
        for index, (request, _, body) in enumerate(seen)
    }
    return vendor, job, list(asked.values())


@pytest.mark.parametrize("name", CASES)
async def test_a_part_of_an_answer_may_be_anything(name: str) -> None:
    """Every place of every answer, with a value of another type, range or size, or without one."""
    case = CASES[name]
    vendor, job, asked = await exchanges(case)
    wrong = []
    for request, honest, wrote in asked:
        piece = Piece.of(honest)
        vendor.transport.target = request
        for what, body in piece.spoiled() if piece else ():
            vendor.transport.body = body
            is_raw = "toolUse" in what  # JSON, which is the answer as it is
            found = await outcome(case, vendor, job, wrote=wrote, is_raw=is_raw)
            wrong += [f"{request} {what}: {each}" for each in found]
    assert wrong == []


@pytest.mark.parametrize("name", CASES)
async def test_an_answer_may_be_anything(name: str) -> None:
    """No JSON, half of it, far too much of it, or another document."""
    case = CASES[name]
    vendor, job, asked = await exchanges(case)
    wrong = []
    for request, honest, wrote in asked:
        vendor.transport.target = request
        for what, change in WHOLES.items():
            vendor.transport.body = change(honest)
            wrong += [f"{request} {what}: {each}" for each in await outcome(case, vendor, job, wrote=wrote)]
        vendor.transport.body, vendor.transport.content_type = honest, "text/html"
        wrong += [f"{request} type: {each}" for each in await outcome(case, vendor, job, wrote=wrote)]
        vendor.transport.content_type = None
    assert wrong == []


GOOGLES = {"violations": [{"quotaId": "PerDay"}], "reason": "API_KEY_INVALID", "retryDelay": "3s"}
NO: dict[str, Any] = {"error": {"message": "No", "code": "x", "type": "y"}}
REFUSALS = {
    "gemini": {"error": {"message": "No", "details": [GOOGLES]}},
    "vertex": {"error": {"message": "No", "details": [GOOGLES]}},
    "bedrock": {"__type": "Throttling", "message": "No"},
    "sagemaker": {"__type": "Throttling", "Message": "No"},
}
"""Provider → how it refuses, where that is another form than most have."""


@pytest.mark.parametrize("status", [400, 429, 500])
@pytest.mark.parametrize("provider", [*MODELS, "sagemaker"])
async def test_a_refusal_may_be_of_any_form(provider: str, status: int) -> None:
    """Whatever stands where a vendor tells why, the refusal is one error that can be shown."""
    case = CASES[f"{provider}-list"]
    vendor, job, asked = await exchanges(case)
    vendor.transport.target, vendor.transport.status = asked[-1][0], status
    honest = REFUSALS.get(provider, NO)
    bodies = [body for _, body in Piece(b"", honest, b"").spoiled()]
    wrong = []
    for body in (*bodies, *(change(orjson.dumps(honest)) for change in WHOLES.values())):
        vendor.transport.body = body
        try:
            async with asyncio.timeout(WITHIN_S):
                await case.act(vendor, job)
        except CallError as error:
            orjson.dumps(error.payload())
            if len(error.message) >= LONGEST_ERROR or str(NUMBER) in error.message:
                wrong.append(f"{body[:100]!r}: {error}")
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            wrong.append(f"{body[:100]!r}: {error!r}")
        else:
            wrong.append(f"{body[:100]!r} is a success")
    assert wrong == []


def test_every_value_is_another_than_an_honest_one() -> None:
    assert len(VALUES) == len({repr(each) for each in VALUES.values()})
