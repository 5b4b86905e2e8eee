"""`tools/list` from its finished wire form."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from mcp_types import methods
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

if TYPE_CHECKING:
    from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

METHOD = "tools/list"


class ListMemory:
    """Server middleware that keeps the answer per list and protocol version.

    The SDK makes each answer once, checked against the schema of its version and with everything the version
    wants in it; the same object is then handed out for as long as the list is the same.
    """

    def __init__(self, list_of: Callable[[ServerRequestContext[Any, Any]], object]) -> None:
        self._list_of = list_of
        self._known: WeakKeyDictionary[object, dict[str, dict[str, Any]]] = WeakKeyDictionary()

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Answer ordinary requests from memory; the SDK answers, and refuses, the rest."""
        if ctx.method != METHOD or (ctx.params or {}).get("cursor") is not None or not _is_open(ctx):
            return await call_next(ctx)
        answers = self._known.setdefault(self._list_of(ctx), {})
        known = answers.get(ctx.protocol_version)
        if known is not None:
            methods.validate_client_request(METHOD, ctx.protocol_version, ctx.params)
            return known
        answer = await call_next(ctx)
        if isinstance(answer, dict):
            answers[ctx.protocol_version] = answer
        return answer


def _is_open(ctx: ServerRequestContext[Any, Any]) -> bool:
    """Whether the connection is certainly past its handshake (the modern protocol has none)."""
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS or ctx.session.client_params is not None
