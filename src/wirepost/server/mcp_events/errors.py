"""Errors of the Events extension, with the numbers that the client knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

Kind = Literal["NotFound", "Forbidden", "ResourceExhausted", "Unsupported", "CallbackEndpointError"]

FINAL: dict[Kind, int] = {
    "NotFound": -32023,
    "Forbidden": -32024,
    "ResourceExhausted": -32025,
    "Unsupported": -32026,
    "CallbackEndpointError": -32027,
}
"""Of SEP-3415."""
DRAFT: dict[Kind, int] = {
    "NotFound": -32011,
    "Forbidden": -32012,
    "ResourceExhausted": -32013,
    "Unsupported": -32014,
    "CallbackEndpointError": -32015,
}
"""Of the draft before it, which some clients were built on."""
BUILT_ON_DRAFT = ("chatgpt", "openai")
"""How the names of such clients begin."""


def numbers_for(client: str | None) -> dict[Kind, int]:
    """The numbers that a client knows, by its name."""
    return DRAFT if client and client.lower().startswith(BUILT_ON_DRAFT) else FINAL


def client_name(ctx: ServerRequestContext[Any, Any]) -> str | None:
    """The name a client gives itself, if it does."""
    params = ctx.session.client_params
    return None if params is None else params.client_info.name


def error(ctx: ServerRequestContext[Any, Any], kind: Kind, message: str, /, **details: Any) -> MCPError:
    """The error for the client that asked; `details` are what programs tell cases apart by."""
    number = numbers_for(client_name(ctx))[kind]
    return MCPError(number, f"{kind}: {message}", details or None)


def invalid(message: str) -> MCPError:
    """What is wrong whoever asks; the number is that of JSON-RPC."""
    return MCPError(INVALID_PARAMS, f"InvalidParams: {message}")
