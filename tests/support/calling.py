"""Short ways to call tools, for whatever has a call path."""

from __future__ import annotations

from typing import Any, Protocol

import orjson

from wirepost.calls.attempt import Outcome
from wirepost.calls.call_tool import Calls
from wirepost.calls.caller import LOCAL, Caller


class HasCalls(Protocol):
    """What calls tools."""

    @property
    def calls(self) -> Calls:
        """The call path."""
        ...


class Calling:
    """Mixed into what has a call path."""

    async def outcome(self: HasCalls, name: str, /, caller: Caller = LOCAL, **arguments: Any) -> Outcome:
        """Call a tool; the envelope must be JSON, as every client gets it."""
        outcome = await self.calls.call(caller, name, arguments)
        assert orjson.loads(orjson.dumps(outcome.envelope)) == outcome.envelope
        return outcome

    async def ok(self, name: str, /, caller: Caller = LOCAL, **arguments: Any) -> dict[str, Any]:
        """Call a tool that must succeed; the whole envelope."""
        outcome = await self.outcome(name, caller, **arguments)  # type: ignore[misc]
        assert not outcome.is_error, outcome.envelope
        return outcome.envelope

    async def error(self, name: str, /, caller: Caller = LOCAL, **arguments: Any) -> dict[str, Any]:
        """Call a tool that must fail; the error object."""
        outcome = await self.outcome(name, caller, **arguments)  # type: ignore[misc]
        assert outcome.is_error, outcome.envelope
        error: dict[str, Any] = outcome.envelope["error"]
        return error
