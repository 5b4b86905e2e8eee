"""One finding."""

from __future__ import annotations

from wirepost.cli.findings.finding import Section


def test_a_finding_says_what_why_and_how() -> None:
    section = Section("server")
    assert section.error("down", "it crashed", "wirepost serve").shown() == {
        "section": "server",
        "status": "error",
        "what": "down",
        "why": "it crashed",
        "fix": "wirepost serve",
    }
    assert section.ok("up").shown() == {"section": "server", "status": "ok", "what": "up"}
    assert [section.warning("a", "b").status, section.skipped("a", "b").status] == ["warning", "skipped"]
