"""Request → `Caller`: who asks, as far as the way in can tell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wirepost.calls.caller import LOCAL, Caller

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

CALLER = "wirepost.caller"
"""Where the caller of a request over HTTP is in its ASGI scope; a request without one is never served."""
_LONGEST = 80


def caller_of(ctx: ServerRequestContext[Any, Any]) -> Caller:
    """The caller of one MCP request.

    Over HTTP it is the one whose token came with this very request (`server.auth.access`); stdio and the
    local socket belong to the person who owns this machine account. What the client says of itself is kept
    for the audit and decides nothing.
    """
    caller: Caller = LOCAL if ctx.request is None else ctx.request.scope[CALLER]
    params = ctx.session.client_params
    if params is None:
        return caller
    stated = f"{params.client_info.name} {params.client_info.version}"
    return replace(caller, client="".join(letter for letter in stated if letter.isprintable())[:_LONGEST])
