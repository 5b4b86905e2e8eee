"""Findings on the terminal: by section, with reason and remedy, and counted."""

from __future__ import annotations

from wirepost.cli.findings.finding import Section
from wirepost.cli.findings.report import has_failed, print_findings

ONE, TWO = Section("one"), Section("two")


def test_findings_are_printed_by_section_with_what_mends_them(capsys):
    print_findings(
        [
            ONE.ok("all is well"),
            ONE.error("it is broken", "nothing works", "mend it"),
            TWO.warning("it is odd", "it may break"),
            TWO.skipped("not looked at", "there is none"),
        ]
    )
    assert capsys.readouterr().out == (
        "\none\n"
        "  ok   all is well\n"
        "  FAIL it is broken\n"
        "       nothing works\n"
        "       → mend it\n"
        "\ntwo\n"
        "  WARN it is odd\n"
        "       it may break\n"
        "  -    not looked at\n"
        "       there is none\n"
        "\n1 to mend, 1 to look at\n"
    )


def test_only_errors_are_failures():
    assert has_failed([ONE.ok("x"), ONE.error("y", "z")])
    assert not has_failed([ONE.ok("x"), ONE.warning("y", "z"), ONE.skipped("a", "b")])
