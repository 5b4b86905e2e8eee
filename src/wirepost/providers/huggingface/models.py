"""`HuggingFaceModels`: chat, vectors, and jobs on Hugging Face's machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from wirepost.contracts.ai import Models
from wirepost.contracts.generation import (
    Embeddings,
    Endpoint,
    FinishReason,
    Generation,
    Invocation,
    ModelFacts,
    Prompt,
    Usage,
)
from wirepost.contracts.prompting import blocks
from wirepost.core.errors import InvalidCall
from wirepost.providers.huggingface.client import HuggingFaceClient
from wirepost.tools.jobs import Started
from wirepost.upstream import parts

LABEL = "wirepost-intent"
"""By which a job is found whose answer was lost."""
_ENDS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos_token": "stop",
    "length": "length",
    "tool_calls": "tool",
}
_FIELDS = frozenset({"command", "arguments", "environment", "flavor", "timeoutSeconds"})


class HuggingFaceModels(Models):
    """Models are named as at the hub, with `:provider` behind it where one is to be chosen."""

    def __init__(self, client: HuggingFaceClient) -> None:
        self._client = client

    async def generate(self, prompt: Prompt) -> Generation:
        """Answer at once."""
        messages: list[dict[str, Any]] = []
        if prompt.instructions:
            messages.append({"role": "system", "content": prompt.instructions})
        content = [{"type": "text", "text": text} for text in blocks(prompt)]
        messages.append({"role": "user", "content": content})
        body: dict[str, Any] = {
            "model": prompt.model,
            "messages": messages,
            "max_tokens": prompt.max_output_tokens,
        }
        if prompt.json_schema is not None:
            form = {"name": "answer", "schema": prompt.json_schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        found = parts.needed(await self._client.ask("/v1/chat/completions", body))
        choice = parts.needed(next(iter(parts.rows(found.get("choices"))), None))
        usage = parts.mapping(found.get("usage"))
        return Generation(
            text=parts.text(parts.needed(choice.get("message")).get("content")),
            finish_reason=_ENDS.get(parts.text(choice.get("finish_reason")), "other"),
            model=parts.line(found.get("model")) or prompt.model,
            usage=Usage(
                input_tokens=parts.count(usage.get("prompt_tokens")),
                output_tokens=parts.count(usage.get("completion_tokens")),
            ),
        )

    async def list_models(self) -> list[ModelFacts]:
        """What the router serves."""
        found = parts.needed(await self._client.router_list())
        return [ModelFacts(id=parts.name(each.get("id"))) for each in parts.needed_rows(found.get("data"))]

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None) -> Embeddings:
        """Vectors of texts; their size is the model's."""
        if dimensions is not None:
            raise InvalidCall(
                "invalid_arguments",
                "Hugging Face's models have one size of vectors",
                fields=[{"path": "dimensions", "problem": "cannot be chosen"}],
            )
        path = f"/hf-inference/models/{model}/pipeline/feature-extraction"
        vectors = [await self._client.ask(path, {"inputs": text}) for text in texts]
        return Embeddings([_flat(each) for each in vectors], model, Usage())

    async def invoke(self, endpoint: Endpoint) -> Invocation:
        """Ask a task model in its own form."""
        body = _object(endpoint.payload)
        found = await self._client.ask(f"/hf-inference/models/{endpoint.name}", body)
        return Invocation(body=parts.dumped(found), content_type="application/json")

    async def submit_invocation(self, endpoint: Endpoint, *, key: str, intent: str) -> Started:
        """Run a container as a job; the payload has its command, environment, flavor and timeoutSeconds."""
        del key  # there is none; a label finds a lost one
        asked = _object(endpoint.payload)
        if unknown := sorted(asked.keys() - _FIELDS):
            raise _wrong(f"has the unknown field {unknown[0][:40]}")
        if not asked.get("command"):
            raise _wrong('needs a command, such as ["python", "-c", "print(1)"]')
        image = {"spaceId": endpoint.name.removeprefix("hf.co/spaces/")}
        if not endpoint.name.startswith("hf.co/spaces/"):
            image = {"dockerImage": endpoint.name}
        spec = {"arguments": [], "environment": {}, "flavor": "cpu-basic", **asked, **image}
        spec["labels"] = {LABEL: intent}
        namespace = await self._namespace()
        found = await self._client.hub("POST", f"/api/jobs/{namespace}", spec, is_write=True)
        with parts.of_write(self._client.upstream.name):
            return _started(namespace, parts.needed(found))

    async def find_invocation(self, intent: str, since: datetime) -> Started | None:
        """The job with the label of the intent."""
        del since
        namespace = await self._namespace()
        found = await self._client.hub("GET", f"/api/jobs/{namespace}", label=f"{LABEL}={intent}")
        for each in parts.needed_rows(found):
            if parts.mapping(each.get("labels")).get(LABEL) == intent:
                return _started(namespace, each)
        return None

    async def _namespace(self) -> str:
        return parts.name(parts.needed(await self._client.hub("GET", "/api/whoami-v2")).get("name"))


def _started(namespace: str, job: Mapping[str, Any]) -> Started:
    return Started("hf.job", f"{namespace}/{parts.name(job.get('id'))}", status="queued", total=1)


def _flat(found: Any) -> list[float]:
    """The vector of a text, which some models put into a list of its own."""
    is_nested = isinstance(found, list) and found and isinstance(found[0], list)
    return parts.vector(found[0] if is_nested else found)


def _object(payload: str) -> dict[str, Any]:
    try:
        found = orjson.loads(payload)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _wrong("must be a JSON object")
    return found


def _wrong(problem: str) -> InvalidCall:
    fields = [{"path": "payload", "problem": problem}]
    return InvalidCall("invalid_arguments", f"payload {problem}", fields=fields)  # type: ignore[arg-type]
