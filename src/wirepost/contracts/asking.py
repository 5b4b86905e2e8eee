"""`Asking`: a chat in which people are asked a question with buttons, and whose answer comes as a job."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wirepost.tools.contract import Contract
from wirepost.tools.jobs import Started


@dataclass(frozen=True)
class Question:
    """What is asked, and whose answer counts."""

    name: str
    """Unique; it finds the question again, and is the job's name at the provider."""
    place: str
    """A channel, as its readers call it."""
    text: str
    """Plain text, in lines; what is too long for the chat is cut."""
    options: tuple[str, ...]
    allowed: tuple[str, ...]
    """Ids of those whose answer counts."""
    asked_at: datetime
    ends: datetime


class Asking(Contract):
    """A chat with buttons. The result of the job is one row: `answer`, `by` (an id) and `at`."""

    @abstractmethod
    async def ask(self, question: Question) -> Started:
        """Put the question; done again it may stand there twice, so look for it first."""

    @abstractmethod
    async def find(self, question: Question) -> Started | None:
        """The question where it was put already, by whoever did not get to note it."""

    @abstractmethod
    async def close(self, details: Mapping[str, Any], text: str, *, key: str) -> None:
        """Put a text in the place of a question that is over; `details` are those of its job."""
