"""Findings about ways on which events leave: what failed lately, and what was given up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from wirepost.cli.findings.finding import Finding, Section

if TYPE_CHECKING:
    from wirepost.cli.post import Post
    from wirepost.notifications.history import Trouble

SINKS = Section("sinks")
DAY_S = 86400.0

_DEAD = "SELECT sink, count(*) FROM deliveries WHERE state = 'dead' GROUP BY sink ORDER BY sink LIMIT 200"


async def sinks(post: Post) -> AsyncIterator[Finding]:
    """Each sink of the configuration, and every other way on which something went wrong."""
    from wirepost.notifications.history import History

    now = post.clock.now().timestamp()
    troubles = await History(post.database, post.clock).troubles(now - DAY_S)
    dead: dict[str, int] = {str(sink): int(count) for sink, count in await post.database.read(_DEAD)}
    for name in sorted({*post.settings.sinks.names, *dead, *(each.sink for each in troubles)}):
        failed = [each for each in troubles if each.sink == name]
        if failed:
            yield _failed(name, failed, now)
        if name in dead:
            why = "nobody acknowledged them" if name == "pull" else "they were tried for the last time"
            fix = f"wirepost events dead list --sink {name}"
            yield SINKS.warning(f"{name}: {dead[name]} deliveries were given up", why, fix)
        if not failed and name not in dead:
            yield SINKS.ok(f"{name}: nothing has failed in a day")


def _failed(name: str, troubles: list[Trouble], now: float) -> Finding:
    count = sum(each.count for each in troubles)
    reasons = ", ".join(each.outcome for each in troubles)
    ago_h = (now - max(each.last_at for each in troubles)) / 3600
    what = f"{name}: {count} attempts failed in a day, the last {ago_h:,.1f} h ago ({reasons})"
    return SINKS.warning(
        what, "what may pass is tried again for some hours", "look whether the other side answers"
    )
