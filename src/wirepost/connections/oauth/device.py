"""Consent on another device: a code is shown here and typed there (RFC 8628)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from wirepost.connections.oauth.flows import refusal
from wirepost.connections.oauth.party import Asked, Party
from wirepost.connections.oauth.reply import TokenRefused
from wirepost.core.errors import NotConnected

if TYPE_CHECKING:
    from wirepost.connections.oauth.endpoint import DeviceCode
    from wirepost.connections.oauth.reply import Granted
    from wirepost.core.clock import Clock

SLOWER_S = 5.0
"""What each `slow_down` adds to the time between two questions (RFC 8628 §3.5)."""


async def consent_elsewhere(
    party: Party, asked: Asked, clock: Clock, show: Callable[[DeviceCode], None]
) -> Mapping[str, Granted]:
    """Show a code, then ask in the rhythm that the server wants until a person has decided.

    Raises `NotConnected` when they say no, when the code ends, or when the server has no such flow.
    """
    if party.method.device_url is None:
        raise NotConnected(
            "not_connected",
            f"{party.title} has no consent on another device",
            hint=f"wirepost connections authorize {party.connection} --paste works from any machine",
        )
    try:
        code = await party.endpoint.start_device(asked.scopes)
        show(code)
        return await _poll(party, code, clock)
    except TokenRefused as refused:
        raise refusal(party, refused) from refused


async def _poll(party: Party, code: DeviceCode, clock: Clock) -> Mapping[str, Granted]:
    interval, until = code.interval_s, clock.monotonic() + code.expires_in_s
    while clock.monotonic() + interval < until:
        await clock.sleep(interval)
        try:
            granted = await party.endpoint.poll_device(code)
        except TokenRefused as refused:
            if refused.code == "slow_down":
                interval += SLOWER_S
            elif refused.kind == "retry":
                interval *= 2  # RFC 8628 §3.5 wants this after a timeout
            else:
                raise
            continue
        if granted is not None:
            return granted
    raise NotConnected(
        "not_connected", "The code ended before anybody typed it", hint="Run the command again for a new code"
    )
