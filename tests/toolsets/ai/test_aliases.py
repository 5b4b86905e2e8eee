"""Which model a call means, on which connection."""

from __future__ import annotations

from typing import Any

import pytest

from support.ai_desk import TOOLS
from support.clock import ManualClock
from support.sample_vendor import SAMPLE
from support.worlds import world_at
from wirepost.connections.connections import Connection
from wirepost.core.errors import ConfigError, InvalidCall, NotAllowed
from wirepost.settings import AiSettings, ConnectionSettings
from wirepost.toolsets.ai.aliases import Aliases

FAR = {"provider": "openai", "environment": "production"}
NEAR = {"provider": "openai", "environment": "test", "base_url": "http://127.0.0.1:8000/v1"}
SANDBOX = {"provider": "openai", "environment": "sandbox"}
FAST = {"connection": "cloud", "model": "small", "timeout_s": 5}
CAREFUL = {"connection": "cloud", "model": "large"}


def aliases(
    models: dict[str, Any], per_connection: dict[str, Any] | None = None, **connections: Any
) -> Aliases:
    settings = AiSettings.model_validate({"models": models, "per_connection": per_connection or {}})
    given = connections or {"cloud": FAR, "other": FAR}
    return Aliases(settings, {name: ConnectionSettings.model_validate(each) for name, each in given.items()})


def connection(name: str = "cloud", **settings: Any) -> Connection:
    clock = ManualClock()
    chosen = ConnectionSettings.model_validate({**FAR, **settings})
    return Connection(name, SAMPLE, chosen, clock, lambda: world_at(clock.now()))


@pytest.mark.parametrize(
    ("models", "per_connection", "key"),
    [
        ({"fast": {**FAST, "connection": "nowhere"}}, {}, "ai.models.fast.connection"),
        ({"fast": {**FAST, "local_only": True}}, {}, "ai.models.fast.local_only"),
        ({}, {"nowhere": {}}, "ai.per_connection.nowhere"),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_start(
    models: dict[str, Any], per_connection: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        aliases(models, per_connection).check()
    assert refused.value.key == key


@pytest.mark.parametrize("near", [NEAR, SANDBOX, {"provider": "embedded", "environment": "production"}])
def test_local_only_takes_what_is_on_this_machine(near: dict[str, str]) -> None:
    aliases({"fast": {**FAST, "local_only": True}}, cloud=near).check()


@pytest.mark.parametrize(
    ("tool", "own", "name"),
    [
        ("ai_generate_text", {}, "cloud"),
        ("ai_generate_text", {"model": "fast"}, "other"),
        ("ai_generate_text", {"model": "careful"}, None),
        ("ai_generate_text", {"model": "some-model"}, None),
        ("ai_embed_text", {}, "cloud"),
        ("ai_list_models", {}, "cloud"),
        ("ai_invoke_endpoint", {"endpoint": "reviews"}, None),
    ],
)
def test_an_alias_says_which_connection_is_meant(tool: str, own: dict[str, Any], name: str | None) -> None:
    found = aliases({"default": CAREFUL, "fast": {**FAST, "connection": "other"}})
    assert found.prefer(TOOLS.by_name[tool], own) == name


def test_the_alias_for_vectors_is_for_vectors_alone() -> None:
    found = aliases({"default": CAREFUL, "embed": {"connection": "other", "model": "vectors"}})
    assert found.prefer(TOOLS.by_name["ai_embed_text"], {}) == "other"
    assert found.prefer(TOOLS.by_name["ai_generate_text"], {}) == "cloud"
    assert found.choose(connection("other"), "", "ai_embed_text").model == "vectors"
    with pytest.raises(InvalidCall, match="No model is configured for other"):
        found.choose(connection("other"), "", "ai_generate_text")


def test_without_a_connection_for_it_the_default_prefers_none() -> None:
    assert aliases({}).prefer(TOOLS.by_name["ai_generate_text"], {}) is None


@pytest.mark.parametrize(
    ("asked", "model", "alias"),
    [
        ("fast", "small", "fast"),
        ("small", "small", "fast"),
        ("", "small", "fast"),
        ("free-1", "free-1", ""),
    ],
)
def test_a_model_is_named_by_alias_by_name_or_not_at_all(asked: str, model: str, alias: str) -> None:
    found = aliases({"fast": FAST, "careful": CAREFUL}, {"cloud": {"allow": ["free-*"]}})
    chosen = found.choose(connection(), asked, "ai_generate_text")
    assert (chosen.model, chosen.alias) == (model, alias)


def test_an_alias_brings_its_time() -> None:
    assert aliases({"fast": FAST}).choose(connection(), "fast").timeout_s == 5


@pytest.mark.parametrize(
    ("asked", "says"),
    [("careful", "The alias careful is not configured"), ("default", "is a model of embedded")],
)
def test_an_alias_that_is_not_of_this_connection_is_refused(asked: str, says: str) -> None:
    with pytest.raises(InvalidCall, match=says):
        aliases({"fast": FAST}).choose(connection(), asked)


def test_a_model_that_is_not_allowed_is_refused_with_those_that_are() -> None:
    found = aliases({"fast": FAST}, {"cloud": {"allow": ["free-*"]}})
    with pytest.raises(NotAllowed) as refused:
        found.choose(connection(), "large")
    assert "fast, free-*" in (refused.value.hint or "")
    assert refused.value.detail == {"rule": "ai.allow"}


def test_without_a_list_only_what_costs_nothing_may_be_named() -> None:
    found = aliases({})
    with pytest.raises(NotAllowed, match="not allowed on cloud"):
        found.choose(connection(), "large")
    assert found.choose(connection(environment="sandbox"), "large").model == "large"


def test_the_first_model_of_a_list_is_the_usual_one_where_no_alias_is() -> None:
    found = aliases({}, {"cloud": {"allow": ["free-*", "free-1", "free-2"]}})
    assert found.choose(connection(), "").model == "free-1"
