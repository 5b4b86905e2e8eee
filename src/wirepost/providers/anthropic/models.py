"""`AnthropicModels`: messages at once, and batches of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import orjson

from wirepost.contracts.ai import Models
from wirepost.contracts.generation import BatchItem, Feature, Generation, ModelFacts, Prompt
from wirepost.core.errors import InvalidCall, OutcomeUnknown
from wirepost.core.text import clean_line
from wirepost.core.times import CLOCKS
from wirepost.providers.anthropic.batches import created_at, started
from wirepost.providers.anthropic.client import BATCHES, AnthropicClient
from wirepost.providers.anthropic.messages import body_of, generation_of
from wirepost.tools.jobs import Started
from wirepost.upstream import parts

PAGE = "1000"
MOST_PAGES = 20
BATCH_PAGE = "100"
# https://platform.claude.com/docs/en/build-with-claude/batch-processing#batch-limitations
MOST_ITEMS = 100_000
MOST_BYTES = 256 * 1024 * 1024
CUSTOM_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_CAPABILITIES: Mapping[str, Literal["json", "batch", "vision"]] = {
    "structured_outputs": "json",
    "batch": "batch",
    "image_input": "vision",
}


class AnthropicModels(Models):
    """The models of one connection."""

    def __init__(self, client: AnthropicClient) -> None:
        self._client = client

    async def generate(self, prompt: Prompt) -> Generation:
        """One message."""
        raw = await self._client.ask("/v1/messages", body_of(prompt))
        return generation_of(raw, self._client.upstream.name)

    async def list_models(self) -> list[ModelFacts]:
        """All pages."""
        found: list[ModelFacts] = []
        after: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = await self._client.get("/v1/models", limit=PAGE, **after)
            found += [_facts(row) for row in parts.needed_rows(page.get("data"))]
            if not page.get("has_more") or not page.get("last_id"):
                break
            after = {"after_id": parts.name(page["last_id"])}
        return found

    async def submit_batch(self, items: Sequence[BatchItem], *, key: str, intent: str) -> Started:
        """A batch; it has no place for `key` or `intent`. Raises `InvalidCall` for one that is too large."""
        del key, intent
        _check(items)
        requests = [{"custom_id": item.custom_id, "params": body_of(item.prompt)} for item in items]
        content = orjson.dumps({"requests": requests})
        if len(content) > MOST_BYTES:
            raise InvalidCall("invalid_arguments", "A batch of Anthropic has at most 256 MB; make several")
        made = await self._client.write(BATCHES, content)
        with parts.of_write(self._client.upstream.name):
            return started(made)

    async def find_batch(self, intent: str, since: datetime) -> Started | None:
        """`None` where no batch was made since then; what a batch holds shows only in its results.

        Raises `OutcomeUnknown` where there are some: one may be the one that is looked for.
        """
        del intent
        page = await self._client.get(BATCHES, limit=BATCH_PAGE)
        rows = parts.needed_rows(page.get("data"))
        first = since - CLOCKS
        made = [parts.name(row.get("id")) for row in rows if (at := created_at(row)) is None or at >= first]
        if not made:
            return None
        some = clean_line(", ".join(made[:5]), 300)
        raise OutcomeUnknown(
            "outcome_unknown",
            f"Anthropic has made batches since then, and does not show what they hold: {some}",
            hint="Follow the right one with job_track; if none is it, submit again under another intent",
        )


def _facts(row: Mapping[str, Any]) -> ModelFacts:
    can = parts.mapping(row.get("capabilities"))
    features: list[Feature] = ["text"]
    features += [
        ours for theirs, ours in _CAPABILITIES.items() if parts.mapping(can.get(theirs)).get("supported")
    ]
    return ModelFacts(
        id=parts.name(row.get("id")),
        input_limit=parts.number(row.get("max_input_tokens")),
        output_limit=parts.number(row.get("max_tokens")),
        features=features if can else None,
    )


def _check(items: Sequence[BatchItem]) -> None:
    if not 1 <= len(items) <= MOST_ITEMS:
        raise InvalidCall("invalid_arguments", "A batch of Anthropic has 1 to 100,000 requests")
    wrong = next((item.custom_id for item in items if not CUSTOM_ID.fullmatch(item.custom_id)), None)
    if wrong is not None:
        raise InvalidCall(
            "invalid_arguments",
            f"Anthropic does not take the id {wrong[:70]!r}",
            fields=[{"path": "custom_id", "problem": "has 1 to 64 letters, digits, _ and -"}],
        )
