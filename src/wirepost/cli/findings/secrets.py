"""Findings about secrets: whether each is where the configuration says, and what seals stored ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from wirepost.cli.findings.finding import Finding, Section
from wirepost.cli.secret_checks import look_up

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.settings import Settings

SECRETS = Section("secrets")


async def secrets(settings: Settings, clock: Clock, *, is_offline: bool) -> AsyncIterator[Finding]:
    """Each reference, looked up as the server would."""
    for looked in await look_up(settings, clock, is_offline=is_offline):
        if looked.error is None:
            yield SECRETS.ok(looked.told)
        elif not (looked.reference.is_local and looked.key.startswith("connections.")):  # told with those
            why = "the server does not start" if looked.is_vital else "what needs it does not work"
            yield SECRETS.error(f"{looked.key}: {looked.error.message}", why, looked.error.hint)
