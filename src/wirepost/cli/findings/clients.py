"""Findings about MCP clients: which have Wirepost, and whether what they start is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from wirepost.cli.clients.jsonc import CannotEdit
from wirepost.cli.clients.reach import REACHES
from wirepost.cli.clients.targets import ENTRY_NAME, TARGETS, Place, Target
from wirepost.cli.findings.finding import Finding, Section

CLIENTS, REACH = Section("clients"), Section("events reach")


def clients(place: Place) -> Iterator[Finding]:
    """Every client whose configuration is on this machine."""
    for target in TARGETS.values():
        found = [_look(target, place, in_project=each) for each in (True, False)]
        yield from filter(None, found)
        if not any(found):
            yield CLIENTS.skipped(
                f"{target.title} has no Wirepost", "none was added", f"wirepost install {target.name}"
            )


def reaches() -> Iterator[Finding]:
    """What events reach whom, and what starts a client while nobody is there."""
    for each in REACHES:
        waking = each.woken_by or "nothing; tell a person, by a sink"
        version = f" ({each.version})" if each.version else ""
        yield REACH.ok(f"{each.client}{version}: tools; woken by {waking} [{each.checked}]")


def _look(target: Target, place: Place, *, in_project: bool) -> Finding | None:
    file = target.file(place, in_project=in_project)
    if file is None or not file.is_file():
        return None
    try:
        entry = target.form.find(file.read_bytes().decode(errors="replace"), ENTRY_NAME)
    except OSError as error:
        return CLIENTS.warning(f"{file} cannot be read", error.strerror or "unknown", f"ls -l {file}")
    except CannotEdit as problem:
        return CLIENTS.warning(
            f"{file} cannot be read",
            f"{target.title} may not understand it either: {problem}",
            f"edit {file}",
        )
    if entry is None:
        return None
    broken = _broken(entry)
    if broken:
        return CLIENTS.error(
            f"{target.title} cannot start Wirepost: {broken}",
            f"the entry in {file} is stale",
            f"wirepost install {target.name}{' --project' if in_project and target.user_file else ''}",
        )
    return CLIENTS.ok(f"{target.title} has Wirepost ({file})")


def _broken(entry: Any) -> str | None:
    """What an entry names and is not there."""
    if not isinstance(entry, dict):
        return "its entry is not a group of options"
    if "url" in entry:
        return None
    command, arguments = entry.get("command"), entry.get("args", [])
    if not isinstance(command, str) or not isinstance(arguments, list):
        return "its entry has no command"
    if os.sep in command and not os.access(command, os.X_OK):
        return f"{command} is not there"
    for option, value in pairwise(arguments):
        if option == "--config" and not Path(str(value)).expanduser().is_file():
            return f"the configuration {value} is not there"
    return None
