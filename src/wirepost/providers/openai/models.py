"""`OpenAiModels`: OpenAI's models, and those of servers that speak chat completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson

from wirepost.contracts.ai import Models
from wirepost.contracts.generation import BatchItem, Embeddings, Generation, ModelFacts, Prompt, Usage
from wirepost.core.errors import InvalidCall
from wirepost.providers.openai.client import OpenAiClient
from wirepost.providers.openai.wire import chat_body, of_chat, of_response, response_body
from wirepost.tools.jobs import Started
from wirepost.upstream import faults, parts

RESPONSES = "/v1/responses"
MOST_REQUESTS, MOST_BYTES = 50_000, 200_000_000
"""Of one batch (https://platform.openai.com/docs/guides/batch)."""
PAGE = 100
MOST_PAGES = 5
_LIVE = timedelta(days=1)


class OpenAiModels(Models):
    """With `api: chat` of the connection, chat completions alone."""

    def __init__(self, client: OpenAiClient) -> None:
        self._client = client

    @property
    def is_chat(self) -> bool:
        """Whether the server knows chat completions only."""
        said = self._client.options.api
        own = self._client.options.base_url
        is_own = own is None or (urlsplit(own).hostname or "").endswith(".openai.com")
        return bool(said == "chat" or (said is None and not is_own))

    async def generate(self, prompt: Prompt) -> Generation:
        """Answer at once; OpenAI keeps nothing of it."""
        if self.is_chat:
            return of_chat(await self._client.ask("/v1/chat/completions", chat_body(prompt)))
        return of_response(await self._client.ask(RESPONSES, response_body(prompt, store=False)))

    async def list_models(self) -> list[ModelFacts]:
        """What the key may ask."""
        found = await self._client.get("/v1/models")
        return [ModelFacts(id=parts.name(each.get("id"))) for each in parts.needed_rows(found.get("data"))]

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None) -> Embeddings:
        """Vectors of texts."""
        body: dict[str, Any] = {"model": model, "input": list(texts)}
        if dimensions is not None:
            body["dimensions"] = dimensions
        found = await self._client.ask("/v1/embeddings", body)
        rows = {parts.number(each.get("index")): each for each in parts.rows(found.get("data"))}
        if rows.keys() != set(range(len(texts))):
            raise faults.not_understood(self._client.upstream.name)
        vectors = [parts.vector(rows[index].get("embedding")) for index in range(len(texts))]
        used = parts.count(parts.mapping(found.get("usage")).get("prompt_tokens"))
        return Embeddings(vectors, parts.line(found.get("model")), Usage(input_tokens=used))

    async def submit_batch(self, items: Sequence[BatchItem], *, key: str, intent: str) -> Started:
        """Store the requests as a file, and have them answered within a day."""
        del key  # OpenAI has no idempotency keys; the intent among the metadata finds a lost one
        self._need_responses("take batches")
        lines = b"".join(_line(each) for each in items)
        if len(items) > MOST_REQUESTS or len(lines) > MOST_BYTES:
            raise InvalidCall("invalid_arguments", f"A batch has at most {MOST_REQUESTS} requests and 200 MB")
        file = await self._client.upload(f"{intent}.jsonl", lines)
        body = {
            "input_file_id": file,
            "endpoint": RESPONSES,
            "completion_window": "24h",
            "metadata": {"intent": intent},
        }
        made = await self._client.create("/v1/batches", body)
        with parts.of_write(self._client.upstream.name):
            return _batch(made, len(items))

    async def find_batch(self, intent: str, since: datetime) -> Started | None:
        """The newest batches first, until those that are older than the attempt."""
        after: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = await self._client.get("/v1/batches", limit=str(PAGE), **after)
            rows = parts.needed_rows(page.get("data"))
            for row in rows:
                if parts.mapping(row.get("metadata")).get("intent") == intent:
                    return _batch(row, parts.mapping(row.get("request_counts")).get("total"))
            if not page.get("has_more") or not rows:
                return None
            made_at = parts.moment(rows[-1].get("created_at"))
            if made_at is not None and made_at < since - _LIVE:
                return None
            after = {"after": parts.name(rows[-1].get("id"))}
        raise self._not_to_be_found()

    async def submit_background(self, prompt: Prompt, *, key: str, intent: str) -> Started:
        """Answered and kept until it is fetched; there is no list to find a lost one in."""
        del key
        self._need_responses("answer in the background")
        body = response_body(prompt, background=True, store=True, metadata={"intent": intent})
        found = await self._client.create(RESPONSES, body)
        with parts.of_write(self._client.upstream.name):
            return Started("openai.response", parts.name(found.get("id")), status="queued", total=1)

    def _need_responses(self, what: str) -> None:
        if self.is_chat:
            raise self._cannot(what)


def _line(item: BatchItem) -> bytes:
    line = {
        "custom_id": item.custom_id,
        "method": "POST",
        "url": RESPONSES,
        "body": response_body(item.prompt),
    }
    return orjson.dumps(line) + b"\n"


def _batch(row: Mapping[str, Any], total: object) -> Started:
    return Started(
        "openai.batch",
        parts.name(row.get("id")),
        status="queued",
        total=parts.number(total) or None,
        expires_at=parts.moment(row.get("expires_at")),
    )
