"""What is the same in all AI tools: arguments with their descriptions, and the models of a call."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from wirepost.contracts.ai import Models
from wirepost.tools.context import Call
from wirepost.toolsets.ai.accounted import AccountedModels
from wirepost.toolsets.ai.refusing import refusal

MOST_TEXT = 100_000
"""Characters of one text."""

Model = Annotated[
    str | None, Field(max_length=200, description="default, fast, careful, or a model of the connection")
]


def models_of(call: Call[Models]) -> AccountedModels:
    """The models that a call may use; nothing asks a provider around its account."""
    if not isinstance(call.api, AccountedModels):
        msg = "a tool was given models that nobody counts"
        raise TypeError(msg)
    return call.api


def checked_text(text: str, path: str) -> str:
    """A text that there is something to say about; raises `InvalidCall` for others."""
    if not text.strip():
        raise refusal(path, "must not be empty")
    if len(text) > MOST_TEXT:
        raise refusal(path, f"must have at most {MOST_TEXT} characters")
    return text
