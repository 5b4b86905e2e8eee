"""Findings about the configuration and the tools it offers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from wirepost.cli.findings.finding import Finding, Section
from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.settings import Loaded

CONFIGURATION = Section("configuration")
TOOLS = Section("tools")
_SHOWN = 6


def configuration(loaded: Loaded | None, problems: list[ConfigError]) -> Iterator[Finding]:
    """Every mistake, with its place."""
    for problem in problems:
        fix = problem.hint or (f"wirepost config explain {problem.key}" if problem.key else None)
        place = ":".join(str(part) for part in (problem.file, problem.line) if part is not None)
        where = f"{problem.key or 'the file'}{f' ({place})' if place else ''}"
        yield CONFIGURATION.error(f"{where} {problem.message}", "the server does not start with it", fix)
    if loaded is not None and not problems:
        yield CONFIGURATION.ok(loaded.file or "no file: the defaults, with the sandbox")
        if loaded.settings.read_only:
            yield CONFIGURATION.ok("read only: nothing that writes is offered or allowed")


def tools(loaded: Loaded) -> Iterator[Finding]:
    """How many are offered at which cost, and why the others are not."""
    from wirepost.cli.offer import offer
    from wirepost.tools.catalog import MAX_LISTED, ToolList

    found = offer(loaded)
    listed = ToolList(found.listed)
    shown = f"{len(found.listed)} of {len(found.everything)} tools are offered, {listed.tokens} tokens"
    troubles = []
    if len(found.listed) > MAX_LISTED:
        troubles.append(f"some clients stop at {MAX_LISTED} tools")
    if listed.is_brief:
        troubles.append("the list is too long to describe arguments, which connection_help does")
    if troubles:
        yield TOOLS.warning(shown, "; ".join(troubles), "choose a smaller preset, or exclude tools")
    else:
        yield TOOLS.ok(shown)
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name, reason in found.left_out.items():
        by_reason[reason].append(name)
    for reason, names in by_reason.items():
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield TOOLS.skipped(f"{', '.join(names[:_SHOWN])}{more}", reason)
