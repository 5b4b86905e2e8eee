"""`wirepost doctor`: the whole report."""

from __future__ import annotations

import pytest

STRIPE_KEY = "sk_live_" + "51Abcdefghijklmnop"


@pytest.fixture(autouse=True)
def any_port(monkeypatch) -> None:
    """Whoever has the usual port on this machine does not matter."""
    monkeypatch.setenv("WIREPOST__SERVER__PORT", "0")


def test_a_fresh_machine_has_nothing_to_mend(cli) -> None:
    result = cli("doctor")
    assert result.code == 0
    for section in (
        "programs",
        "configuration",
        "data directory",
        "server",
        "connections",
        "tools",
        "clients",
    ):
        assert f"\n{section}\n" in result.out
    assert "0 to mend" in result.out


def test_each_finding_is_json_with_what_why_and_fix(cli, configure) -> None:
    configure("connections:\n  shop: {provider: stripe, environment: test, key: env:NOT_SET}\n")
    result = cli("doctor", "--json")
    assert result.code == 1
    assert result.json["ok"] is False
    wrong = [each for each in result.json["findings"] if each["status"] == "error"]
    assert wrong == [
        {
            "section": "connections",
            "status": "error",
            "what": "shop: the environment variable NOT_SET is not set",
            "why": "its calls answer not_connected",
            "fix": "export NOT_SET=…",
        }
    ]


def test_a_broken_configuration_is_a_finding_and_the_rest_is_looked_at(cli, configure) -> None:
    configure("server:\n  prot: 1\n")
    result = cli("doctor", "--offline")
    assert result.code == 1
    assert "server.prot (wirepost.yaml:2) is not a known option" in result.out
    assert "→ did you mean port?" in result.out
    assert "\nclients\n" in result.out


def test_a_key_of_the_wrong_environment_is_told_once_and_not_shown(cli, configure, monkeypatch) -> None:
    configure("connections:\n  shop: {provider: stripe, environment: test, key: env:KEY}\n")
    monkeypatch.setenv("KEY", STRIPE_KEY)
    result = cli("doctor", "--offline")
    assert result.out.count("belongs to production") == 1
    assert STRIPE_KEY not in result.out + result.err
    assert "\ntools\n" in result.out


def test_an_unknown_provider_does_not_stop_the_report(cli, configure) -> None:
    configure("connections:\n  shop: {provider: strip, environment: sandbox}\n")
    result = cli("doctor", "--offline")
    assert result.code == 1
    assert "there is no provider 'strip'" in result.out


def test_a_data_directory_can_be_named(cli, tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    result = cli("doctor", "--offline", "--data-dir", str(tmp_path / "file"))
    assert result.code == 1
    assert "is no directory" in result.out


def test_only_the_parts_that_were_asked_for_are_shown(cli) -> None:
    result = cli("doctor", "--offline", "programs", "secrets")
    assert (result.code, "\nprograms\n" in result.out, "connections" in result.out) == (0, True, False)
    assert "nothing was found out about secrets; there are programs, " in result.err


def test_a_part_that_no_report_has_is_refused_with_those_that_there_are(cli) -> None:
    result = cli("doctor", "--offline", "programs", "nonsense")
    assert (result.code, result.out) == (2, "")
    assert "there is no part 'nonsense' (there are: programs, configuration, " in result.err


def test_every_part_of_a_report_can_be_asked_for(cli) -> None:
    found = {each["section"] for each in cli("doctor", "--offline", "--json").json["findings"]}
    assert "callers" in found
    assert "there is no part" not in cli("doctor", "--offline", *found).err
