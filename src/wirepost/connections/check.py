"""Asking a provider who a connection is, what it may do, and how far the clocks are apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from wirepost.connections.accounts import SHARED
from wirepost.core.errors import NotConnected
from wirepost.upstream.scope import Scope

if TYPE_CHECKING:
    from wirepost.connections.connections import Connection
    from wirepost.contracts.provider import Probe, Provider
    from wirepost.tools.tool import AnyTool
    from wirepost.upstream.upstream import Upstream

CHECK_S = 15.0


@dataclass(frozen=True)
class Checked:
    """What a check found out."""

    probe: Probe
    took_s: float
    skew_s: float | None
    """How far this machine's clock is ahead of the provider's; `None` where it does not say its time."""


async def check(connection: Connection, caller_id: str = SHARED) -> Checked:
    """Ask the provider about the account that a caller uses.

    Raises `CallError`, also where the account is of another environment than is declared.
    """
    clock, access = connection.clock, await connection.access(caller_id)
    access.upstream.cache.forget()  # what was said some minutes ago may not hold any more
    started = clock.monotonic()
    probe = await connection.provider.probe(access.client(Scope(started + CHECK_S, interactive=False)))
    declared = connection.environment
    if probe.environment not in {None, declared} and declared != "sandbox":
        raise NotConnected(
            "not_connected",
            f"The connection is declared as {declared}, but the account is {probe.environment}",
            hint="Give the connection a key of its own environment, or declare the account's",
        )
    return Checked(probe, clock.monotonic() - started, _skew_s(access.upstream))


def missing_scopes(
    provider: Provider, tools: Iterable[AnyTool], granted: Collection[str] | None
) -> dict[str, list[str]]:
    """Tool → permissions it lacks. Where the granted ones are not known (`None`), none is missing."""
    if granted is None:
        return {}
    held = set(granted)
    lacking = {
        tool.name: [needed for needed in provider.scopes_of(tool) if held.isdisjoint(needed.split("|"))]
        for tool in tools
        if tool.is_provider_tool and tool.runs_on(provider)
    }
    return {name: needed for name, needed in lacking.items() if needed}


def _skew_s(upstream: Upstream) -> float | None:
    said = upstream.said_at
    if said is None:
        return None
    text, ours = said
    try:
        return (ours - parsedate_to_datetime(text)).total_seconds()
    except ValueError:
        return None
