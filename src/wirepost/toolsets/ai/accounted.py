"""`AccountedModels`: a provider's models as a call may use them: allowed, within budget, counted, kept."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from wirepost.calls.remembering import account_key
from wirepost.contracts.ai import Models
from wirepost.contracts.analysis import Analysis
from wirepost.contracts.generation import (
    BatchItem,
    Embeddings,
    Endpoint,
    Generation,
    Invocation,
    ModelFacts,
    Prompt,
    Usage,
)
from wirepost.core.errors import Unavailable
from wirepost.toolsets.ai import structured
from wirepost.toolsets.ai.prices import cost_nano, dollars
from wirepost.toolsets.ai.settling import ACCOUNT
from wirepost.toolsets.ai.usage import Used

if TYPE_CHECKING:
    from wirepost.calls.attempt import Attempt
    from wirepost.connections.connections import Connection
    from wirepost.tools.jobs import Started
    from wirepost.toolsets.ai.aliases import Choice
    from wirepost.toolsets.ai.opening import Books

T = TypeVar("T")


class AccountedModels(Models):
    """Every way to the provider's models passes through here; `model` may be an alias, or empty."""

    def __init__(self, models: Models, books: Books, attempt: Attempt) -> None:
        if attempt.connection is None:
            msg = "models are asked on a connection"
            raise RuntimeError(msg)
        self._models, self._books, self._attempt = models, books, attempt
        self._connection: Connection = attempt.connection
        self._used: list[Usage] = []
        self._hits = self._misses = 0

    async def generate(self, prompt: Prompt) -> Generation:
        """Answer at once, or as before; with a schema the answer fits it. Raises `CallError`."""
        choice = self._choose(prompt.model)
        prompt = dataclasses.replace(prompt, model=choice.model)
        key = self._key("generate", prompt=_shown(prompt))
        kept = await self._remembered(key)
        if kept is not None:
            return Generation(**kept, usage=Usage())

        async def ask(asked: Prompt) -> Generation:
            return await self._ask(choice, asked)

        answer = await (structured.fitting(prompt, ask) if prompt.json_schema else ask(prompt))
        if answer.finish_reason == "stop":
            found = {"text": answer.text, "finish_reason": answer.finish_reason, "model": answer.model}
            await self._books.cache.put(key, found, self._books.settings.cache.ttl_s)
        return answer

    async def list_models(self) -> list[ModelFacts]:
        """Those that callers may use; an hour's list is as good as a new one. Raises `CallError`."""
        key = self._key("list_models")
        kept = await self._remembered(key)
        if kept is None:
            found = await self._models.list_models()
            kept = [each.model_dump(mode="json", exclude_none=True) for each in found]
            await self._books.cache.put(key, kept, self._books.settings.cache.lists_ttl_s)
        models = [ModelFacts.model_validate(each) for each in kept]
        return [each for each in models if self._books.aliases.may_use(self._connection, each.id)]

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None) -> Embeddings:
        """Vectors of texts. Raises `CallError`."""
        choice = self._choose(model)
        await self._check_budget(choice)
        answer = await self._in_time(
            choice, self._models.embed(texts, model=choice.model, dimensions=dimensions)
        )
        return dataclasses.replace(answer, usage=await self._count(choice, answer.usage))

    async def submit_batch(self, items: Sequence[BatchItem], *, key: str, intent: str) -> Started:
        """Have many requests answered; their tokens are counted when the job has ended."""
        choice = self._choose(items[0].prompt.model)
        await self._check_budget(choice)
        named = [
            dataclasses.replace(each, prompt=dataclasses.replace(each.prompt, model=choice.model))
            for each in items
        ]
        return _on_account(choice, await self._models.submit_batch(named, key=key, intent=intent))

    async def find_batch(self, intent: str, since: datetime) -> Started | None:
        """The batch that an attempt created whose answer was lost."""
        found = await self._models.find_batch(intent, since)
        return found and _on_account(self._choose(self._asked), found)

    async def submit_background(self, prompt: Prompt, *, key: str, intent: str) -> Started:
        """Have one request answered while nobody waits; counted when the job has ended."""
        choice = self._choose(prompt.model)
        await self._check_budget(choice)
        named = dataclasses.replace(prompt, model=choice.model)
        return _on_account(choice, await self._models.submit_background(named, key=key, intent=intent))

    async def find_background(self, intent: str, since: datetime) -> Started | None:
        """The same for `submit_background`."""
        found = await self._models.find_background(intent, since)
        return found and _on_account(self._choose(self._asked), found)

    async def invoke(self, endpoint: Endpoint) -> Invocation:
        """Ask a hosted model in its own format; what that costs only its owner knows."""
        await self._check_endpoint(endpoint)
        return await self._models.invoke(endpoint)

    async def submit_invocation(self, endpoint: Endpoint, *, key: str, intent: str) -> Started:
        """The same, answered later."""
        await self._check_endpoint(endpoint)
        return await self._models.submit_invocation(endpoint, key=key, intent=intent)

    async def find_invocation(self, intent: str, since: datetime) -> Started | None:
        """The job that an attempt created whose answer was lost."""
        return await self._models.find_invocation(intent, since)

    async def analysis(self) -> Analysis | None:
        """What the provider judges texts with itself, where it has such a thing."""
        if not self._connection.provider.can_serve(Analysis):
            return None
        found: Analysis = await self._connection.api(Analysis, self._attempt.scope, self._attempt.caller.id)
        return found

    async def keep(self, rows: AsyncIterator[Mapping[str, Any]]) -> str:
        """Keep rows as a file of the caller; the reference to it. Raises `Unavailable`."""
        written = await self._books.files.write(self._attempt.caller.id, self._attempt.name, rows)
        return written.file.id

    @property
    def _asked(self) -> str:
        reading = self._attempt.reading
        return (reading.own.get("model") or "") if reading else ""

    def _choose(self, asked: str) -> Choice:
        choice = self._books.aliases.choose(self._connection, asked, self._attempt.name)
        self._attempt.notes["model"] = choice.model
        return choice

    async def _ask(self, choice: Choice, prompt: Prompt) -> Generation:
        await self._check_budget(choice)
        answer = await self._in_time(choice, self._models.generate(prompt))
        return dataclasses.replace(answer, usage=await self._count(choice, answer.usage))

    async def _check_endpoint(self, endpoint: Endpoint) -> None:
        """Where models are chosen by the operator, or paid for by the day, hosted ones are too."""
        if self._books.aliases.is_limited(self._connection):
            await self._check_budget(self._books.aliases.choose(self._connection, endpoint.name))

    async def _check_budget(self, choice: Choice) -> None:
        await self._books.usages.check(self._books.aliases, self._connection.name, choice.model)

    async def _in_time(self, choice: Choice, answer: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(choice.timeout_s):
                return await answer
        except TimeoutError:
            message = f"{choice.model} had no answer within {choice.timeout_s:g} s"
            hint = "Ask for less, or use ai_submit_background"
            raise Unavailable("timeout", message, hint=hint, retry_after_s=5) from None

    async def _count(self, choice: Choice, usage: Usage) -> Usage:
        """Note what was used; the same with its cost."""
        at = self._attempt
        nano = cost_nano(self._connection, choice.model, usage, self._books.clock.now())
        tokens = (usage.input_tokens, usage.output_tokens)
        await self._books.usages.add(
            Used(self._connection.name, choice.model, choice.alias, 1, *tokens, nano or 0)
        )
        if nano is None:
            told = "The price of the model is not known, so its cost is not counted"
            at.warnings.extend([told] if told not in at.warnings else [])
        usage = usage.model_copy(update={"cost": None if nano is None else dollars(nano)})
        self._used.append(usage)
        at.notes["usage"] = structured.total(self._used).model_dump(exclude_none=True)
        return usage

    async def _remembered(self, key: str) -> Any:
        kept = await self._books.cache.get(key)
        self._hits, self._misses = self._hits + (kept is not None), self._misses + (kept is None)
        self._attempt.notes["cache"] = "miss" if self._misses else "hit"
        return kept

    def _key(self, what: str, **asked: Any) -> str:
        return account_key(self._attempt, what, asked)


def _shown(prompt: Prompt) -> Any:
    """Everything that an answer depends on; with its secrets, or two of them would share one answer.

    Only a digest of it is kept.
    """
    return {**vars(prompt), "data": list(prompt.data), "json_schema": dict(prompt.json_schema or {})}


def _on_account(choice: Choice, started: Started) -> Started:
    account = {"model": choice.model, "alias": choice.alias}
    return dataclasses.replace(started, details={**started.details, ACCOUNT: account})
