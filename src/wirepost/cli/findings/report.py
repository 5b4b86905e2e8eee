"""Findings on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from wirepost.cli.findings.finding import Finding

_MARKS = {"ok": "ok", "warning": "WARN", "error": "FAIL", "skipped": "-"}


def print_findings(findings: Sequence[Finding]) -> None:
    """All of them by section, and how many are to be mended."""
    section = None
    for finding in findings:
        if finding.section != section:
            section = finding.section
            typer.echo(f"\n{section}")
        typer.echo(f"  {_MARKS[finding.status]:<5}{finding.what}")
        if finding.why:
            typer.echo(f"       {finding.why}")
        if finding.fix and finding.status != "ok":
            typer.echo(f"       → {finding.fix}")
    counts = {status: sum(each.status == status for each in findings) for status in ("error", "warning")}
    typer.echo(f"\n{counts['error']} to mend, {counts['warning']} to look at")


def has_failed(findings: Sequence[Finding]) -> bool:
    """Whether anything does not work."""
    return any(finding.status == "error" for finding in findings)
