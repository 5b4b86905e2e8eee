"""Common arguments, declared once: which tools have them follows from risk, result and connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from wirepost.tools.tool import Option, Risk

if TYPE_CHECKING:
    from wirepost.tools.tool import AnyTool

MAX_LIMIT = 100
DEFAULT_LIMIT = 20
DEFAULT_MAX_TOKENS = 6000

# What these mean is said once, in the server's instructions: a description would be paid for in every tool.
CONNECTION = Option("connection", Annotated[str | None, Field()])
LIMIT = Option("limit", Annotated[int, Field(ge=1, le=MAX_LIMIT)], DEFAULT_LIMIT)
CURSOR = Option("cursor", Annotated[str | None, Field()])
FIELDS = Option("fields", Annotated[list[str] | None, Field()])
MAX_TOKENS = Option("max_tokens", Annotated[int, Field(ge=500, le=20000)], DEFAULT_MAX_TOKENS)
INTENT = Option(
    "intent",
    Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=80,
            description="Your short name for this action; the same in a retry",
        ),
    ],
)
MODE = Option("mode", Annotated[Literal["preview", "execute"], Field()], "execute")
CONFIRMATION = Option("confirmation", Annotated[str | None, Field()])
REASON = Option("reason", Annotated[str | None, Field(max_length=300)])


def options_for(tool: AnyTool) -> tuple[Option, ...]:
    """The common arguments of one tool, in the order in which they are listed."""
    chosen: list[Option] = []
    if tool.is_provider_tool:
        chosen.append(CONNECTION)
    if tool.risk is Risk.READ:
        if tool.starts_job:
            return (*chosen, INTENT)
        if tool.is_page:
            chosen += [LIMIT, CURSOR]
        if tool.is_provider_tool:
            chosen += [FIELDS, MAX_TOKENS]
        return tuple(chosen)
    chosen.append(INTENT)
    if tool.risk.has_preview:
        chosen += [MODE, CONFIRMATION, REASON]
    return tuple(chosen)
