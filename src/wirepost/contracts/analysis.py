"""`Analysis`: short texts judged without a prompt, by whatever a provider has for it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from wirepost.tools.contract import Contract

Task = Literal["sentiment", "category", "summary", "language", "urgency", "extract"]

SENTIMENTS = ("positive", "neutral", "negative")
URGENCIES = ("low", "normal", "high")


@dataclass(frozen=True)
class Finding:
    """What is said about one text.

    `label` is one of the labels of the task: the caller's for `category`, `SENTIMENTS`, `URGENCIES`, or an
    ISO 639-1 code for `language`; `None` where nothing could be said (a text without a word) and for
    `summary`. A summary consists of words of the text, so it is as untrusted as the text.
    """

    model: str
    """What has judged, with its version."""
    label: str | None = None
    score: float | None = None
    """How sure it is of the label, 0 to 1."""
    language: str | None = None
    """ISO 639-1 of the text, where it was recognised."""
    summary: str | None = None


class Analysis(Contract):
    """A provider that judges texts itself, without a language model."""

    @abstractmethod
    async def analyze(
        self, task: Task, texts: Sequence[str], *, labels: Sequence[str] = (), summary_words: int = 50
    ) -> list[Finding]:
        """One finding for each text, in their order.

        `labels` are the choices of `category` (two or more), `summary_words` the length of a summary. Raises
        `InvalidCall`: `unsupported_by_provider` for a task it cannot do, `invalid_arguments` for a lack of
        labels.
        """
