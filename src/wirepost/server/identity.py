"""Request → `Caller`: who asks, as far as the way in can tell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wirepost.calls.caller import LOCAL, Caller

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

_LONGEST = 80


def caller_of(ctx: ServerRequestContext[Any, Any]) -> Caller:
    """The caller of one MCP request.

    Every way in without authentication (stdio, the local socket, loopback HTTP) belongs to the person who
    owns this machine account. What the client says of itself is kept for the audit and decides nothing.
    """
    params = ctx.session.client_params
    if params is None:
        return LOCAL
    stated = f"{params.client_info.name} {params.client_info.version}"
    return replace(LOCAL, client="".join(letter for letter in stated if letter.isprintable())[:_LONGEST])
