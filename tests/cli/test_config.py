"""`wirepost config`: check, show, explain, init."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

STRIPE_KEY = "sk_live_" + "51Abcdefghijklmnop"


def test_a_fine_configuration_is_called_so(cli, configure) -> None:
    assert cli("config", "check").out == "fine: no file, the defaults; 7 connections\n"
    path = configure("connections:\n  a: {provider: stripe, environment: sandbox}\n")
    assert cli("config", "check").out == f"fine: {path}; 1 connection\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("read_onyl: true\nserver:\n  port: x\n", "wirepost.yaml:3: server.port: must be a whole number"),
        (
            "connections:\n  a:\n    provider: strip\n    environment: sandbox\n",
            "wirepost.yaml:3: connections.a.provider: there is no provider 'strip' (did you mean stripe?)",
        ),
        ("tools:\n  preset: suport\n", "wirepost.yaml:2: tools.preset: there is no 'suport'"),
        ("tools:\n  include: [stripe_get_paiment]\n", "wirepost.yaml:2: tools.include: there is no"),
        (
            "policy:\n  rules:\n    - {id: x, effect: deny, tools: [nothing_*]}\n",
            "wirepost.yaml:3: policy.rules[x]: matches no tool",
        ),
        (
            "policy:\n  rules:\n    - {id: x, effect: confirm, tools: [stripe_save_customer]}\n",
            "wirepost.yaml:3: policy.rules[x]: asks to confirm stripe_save_customer, which has no preview",
        ),
    ],
)
def test_what_keeps_a_server_from_starting_is_listed_by_line(cli, configure, text: str, says: str) -> None:
    configure(text)
    result = cli("config", "check")
    assert result.code == 2
    assert says in result.err


def test_a_key_of_the_wrong_environment_is_refused_and_not_shown(cli, configure, monkeypatch) -> None:
    configure("connections:\n  a: {provider: stripe, environment: test, key: env:KEY}\n")
    monkeypatch.setenv("KEY", STRIPE_KEY)
    result = cli("config", "check")
    assert result.code == 2
    assert "wirepost.yaml:2: connections.a.key: the key belongs to production" in result.err
    assert STRIPE_KEY not in result.err


def test_a_missing_key_is_a_warning(cli, configure) -> None:
    configure("connections:\n  a: {provider: stripe, environment: test, key: env:KEY}\n")
    result = cli("config", "check")
    assert result.code == 0
    assert "warning: connections.a: the environment variable KEY is not set" in result.err


def test_problems_are_listed_as_json(cli, configure) -> None:
    configure("server: {port: x}\nlogging: {level: x}\n")
    result = cli("config", "check", "--json")
    assert result.code == 2
    assert [(each["key"], each["line"]) for each in result.json["problems"]] == [
        ("server.port", 1),
        ("logging.level", 2),
    ]
    assert result.json["ok"] is False


def test_what_is_in_force_is_shown_with_who_set_it(cli, configure, monkeypatch) -> None:
    configure("server: {port: 5}\npolicy:\n  rules:\n    - {id: a, effect: deny}\n")
    monkeypatch.setenv("WIREPOST__READ_ONLY", "true")
    lines = {line.split()[0]: line.split()[1:] for line in cli("config", "show").out.splitlines()[1:]}
    assert lines["server.port"] == ["5", "file", "wirepost.yaml:1"]
    assert lines["policy.rules[0].effect"] == ["deny", "file", "wirepost.yaml:4"]
    assert lines["read_only"] == ["true", "environment", "WIREPOST__READ_ONLY"]
    assert lines["server.host"] == ["127.0.0.1", "default"]


def test_no_secret_is_shown(cli, configure, monkeypatch) -> None:
    configure("connections:\n  a: {provider: stripe, environment: production, key: env:KEY}\n")
    monkeypatch.setenv("KEY", STRIPE_KEY)
    for arguments in (("show",), ("show", "--json"), ("explain", "connections.a.key"), ("check",)):
        result = cli("config", *arguments)
        assert result.code == 0
        assert STRIPE_KEY not in result.out + result.err
    assert cli("config", "show", "--json").json["settings"]["connections"]["a"]["key"] == "env:KEY"


def test_an_option_is_explained(cli, configure) -> None:
    configure("server: {port: 5}\n")
    assert cli("config", "explain", "server.port").out.splitlines() == [
        "key:      server.port",
        "meaning:  Port to listen on; 0: any free one",
        "kind:     whole number",
        "default:  8484",
        "value:    5",
        "set by:   file wirepost.yaml:1",
        "variable: WIREPOST__SERVER__PORT",
    ]


def test_options_inside_lists_and_groups_are_explained(cli, configure) -> None:
    configure("policy:\n  rules:\n    - {id: a, effect: deny}\n")
    assert cli("config", "explain", "policy.rules[0].effect", "--json").json["value"] == "deny"
    found = cli("config", "explain", "connections.stripe-sandbox.limits.burst", "--json").json
    assert found["kind"] == "whole number"
    assert found["variable"] == "WIREPOST__CONNECTIONS__STRIPE_SANDBOX__LIMITS__BURST"
    assert cli("config", "explain", "policy.rules[9].effect", "--json").json["value"] is None


@pytest.mark.parametrize(
    ("key", "says"),
    [("server.prot", "did you mean port?"), ("zzz", "known: "), ("server.port.x", "no such option")],
)
def test_an_unknown_option_is_refused_with_a_suggestion(cli, key: str, says: str) -> None:
    result = cli("config", "explain", key)
    assert result.code == 2
    assert says in result.err


def test_a_written_file_is_fine_and_never_overwritten_unasked(cli) -> None:
    assert cli("config", "init").code == 0
    assert cli("config", "check").out.startswith("fine: ")
    Path("wirepost.yaml").write_text("read_only: true\n")
    result = cli("config", "init")
    assert result.code == 2
    assert "is there already (--yes overwrites it)" in result.err
    assert Path("wirepost.yaml").read_text() == "read_only: true\n"
    assert cli("config", "init", "--yes").code == 0
    assert cli("config", "init", "no/such/folder.yaml").code == 2


def test_the_schema_is_json(cli) -> None:
    assert json.loads(cli("config", "schema").out)["title"] == "Configuration of Wirepost"


def test_each_secret_is_looked_up_and_told_by_its_length_and_a_part_of_its_hash(
    cli, configure, monkeypatch
) -> None:
    """The beginning of the SHA-256 of abc (FIPS 180-4), the smallest example there is."""
    configure("secrets: {aws: {region: eu-central-1, access_key_id: env:ID, secret_access_key: env:KEY}}\n")
    monkeypatch.setenv("ID", "abc")
    monkeypatch.setenv("KEY", STRIPE_KEY)
    result = cli("config", "check")
    assert "secrets.aws.access_key_id: ok len=3 sha256:ba78…\n" in result.out
    assert f"secrets.aws.secret_access_key: ok len={len(STRIPE_KEY)} sha256:" in result.out
    assert STRIPE_KEY not in result.out
    shown = cli("config", "check", "--json").json["secrets"]
    assert shown[0] == {
        "key": "secrets.aws.access_key_id",
        "reference": "env:ID",
        "ok": True,
        "length": 3,
        "sha256": "ba78",
    }


def test_a_secret_that_is_not_there_is_a_warning_and_a_key_of_the_server_an_error(cli, configure) -> None:
    configure("secrets: {aws: {region: eu-central-1, access_key_id: env:ID}}\n")
    result = cli("config", "check")
    assert result.code == 0
    assert "warning: secrets.aws.access_key_id: the environment variable ID is not set" in result.err
    configure("secrets: {keys: [env:ID]}\n")
    result = cli("config", "check")
    assert result.code == 2
    assert "error: secrets.keys[0]: the environment variable ID is not set" in result.err
    shown = cli("config", "check", "--json").json["secrets"][0]
    assert (shown["ok"], shown["problem"]) == (False, "the environment variable ID is not set")


def test_a_secret_of_a_vault_is_looked_up_there(cli, configure) -> None:
    configure(
        "connections:\n  a: {provider: stripe, environment: test, key: 'vault:secret/data/a#key'}\n"
        "secrets: {vault: {address: 'http://127.0.0.1:9', token: env:TOKEN}}\n"
    )
    result = cli("config", "check")
    assert result.code == 0
    assert (
        "connections.a.key: the secret vault:secret/data/a#key cannot be read: the environment" in result.err
    )
