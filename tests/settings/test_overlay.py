"""Variables: how they are named, read and refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from wirepost.core import yaml
from wirepost.core.errors import ConfigError
from wirepost.settings import Settings, load_settings
from wirepost.settings.connections import default_connections
from wirepost.settings.overlay import Layers


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(text: str = "", **environ: str) -> Settings:
    if text:
        Path("wirepost.yaml").write_text(text)
    return load_settings(environ={f"WIREPOST__{name}": value for name, value in environ.items()})


def refused(text: str = "", **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        settings(text, **environ)
    return str(caught.value)


def test_a_variable_reaches_into_a_connection_of_the_file() -> None:
    text = "connections:\n  stripe-live: {provider: stripe, environment: production, key: env:A}\n"
    found = settings(text, CONNECTIONS__STRIPE_LIVE__KEY="env:B", CONNECTIONS__STRIPE_LIVE__COMPACT="true")
    assert str(found.connections["stripe-live"].key) == "env:B"
    assert found.connections["stripe-live"].compact is True


def test_variables_alone_make_a_connection() -> None:
    found = settings(CONNECTIONS__SHOP_EU__PROVIDER="stripe", CONNECTIONS__SHOP_EU__ENVIRONMENT="sandbox")
    assert list(found.connections) == ["shop-eu"]


def test_a_name_with_underscores_in_the_file_is_met() -> None:
    text = "connections:\n  shop_eu: {provider: stripe, environment: sandbox}\n"
    assert settings(text, CONNECTIONS__SHOP_EU__COMPACT="true").connections["shop_eu"].compact is True


def test_lists_are_separated_by_commas_or_json() -> None:
    assert settings(TOOLS__INCLUDE="a, b").tools.include == ["a", "b"]
    assert settings(TOOLS__INCLUDE='["a", "b"]').tools.include == ["a", "b"]


def test_groups_are_json() -> None:
    rules = settings(POLICY__RULES='[{"id": "a", "effect": "deny"}]').policy.rules
    assert [(rule.id, rule.effect) for rule in rules] == [("a", "deny")]
    assert settings(SERVER="{port: 5}").server.port == 5
    money = settings(
        CONNECTIONS__A='{provider: stripe, environment: sandbox, money: {max_per_day: {eur: "5"}}}'
    )
    assert money.connections["a"].money.max_per_day == {"eur": "5"}
    nested = settings(
        CONNECTIONS__A__PROVIDER="stripe",
        CONNECTIONS__A__ENVIRONMENT="sandbox",
        CONNECTIONS__A__MONEY__MAX_PER_DAY__EUR="5",
    )
    assert nested.connections["a"].money.max_per_day == {"eur": "5"}


def test_an_empty_variable_counts_as_not_set() -> None:
    assert settings("server: {port: 5}", SERVER__PORT=" ").server.port == 5


def test_an_unknown_variable_is_refused_with_a_suggestion() -> None:
    assert (
        refused(SERVR__PORT="1")
        == "WIREPOST__SERVR__PORT: servr: is not a known option (did you mean server?)"
    )
    assert "server.port.x: is not a known option" in refused(SERVER__PORT__X="1")


def test_a_wrong_value_names_its_variable_and_not_itself() -> None:
    found = refused(SERVER__PORT="correct-horse")
    assert found == "WIREPOST__SERVER__PORT: server.port: must be a whole number"
    assert "WIREPOST__POLICY__RULES:1: is not YAML" in refused(POLICY__RULES="[{")


def test_a_variable_over_a_broken_group_of_the_file_is_no_crash() -> None:
    assert settings("server: 5", SERVER__PORT="6").server.port == 6


def test_an_option_without_a_value_keeps_its_default() -> None:
    found = settings("server:\n  port:\nconnections:\ntools:\n  include:\npolicy:\n  rules:\n")
    assert found.server.port == 8484
    assert list(found.connections) == list(default_connections())
    assert settings("tools: {preset: null}").tools.preset is None, "where nothing is a value, it is one"


def test_a_higher_layer_replaces_a_group_as_a_whole() -> None:
    layers = Layers()
    layers.put_document(yaml.read("server: {port: 1, host: a}", "f"), "f")
    layers.put(("server",), {"port": 2}, layers.origin_of(("server",)))
    assert layers.tree == {"server": {"port": 2}}
    assert layers.origin_of(("server", "host")).line == 1
    layers.put_document(yaml.read("", "f"), "f")
    assert layers.tree == {"server": {"port": 2}}


@pytest.mark.parametrize(
    ("variable", "meant"),
    [("WIREPOST_DATA_DIR", "WIREPOST__DATA_DIR"), ("WIREPOST_SERVER_PORT", "WIREPOST__SERVER__PORT")],
)
def test_a_variable_with_single_underscores_is_not_silently_ignored(variable: str, meant: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(environ={variable: "x"})
    assert meant in (refused.value.hint or "")
    assert load_settings(environ={variable: "", "WIREPOST_HOME": "anything"})
