"""Reading the configuration: layers, secrets, and mistakes by file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.core.errors import ConfigError
from wirepost.settings import Settings, collect, load, load_settings

STRIPE_KEY = "sk_live_" + "51Abcdefghijklmnop"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problems(text: str, environ: dict[str, str] | None = None) -> list[str]:
    Path("wirepost.yaml").write_text(text)
    found = collect(None, environ or {})
    assert isinstance(found, list), "the configuration was accepted"
    return [str(problem) for problem in found]


def test_without_a_file_the_sandbox_is_there() -> None:
    settings = load_settings(environ={})
    own = settings.connections.pop("embedded")
    assert (own.provider, own.key) == ("embedded", None), (
        "its models are in the server, so nothing is imitated"
    )
    assert {each.environment for each in settings.connections.values()} == {"sandbox"}
    assert {f"{each.provider}-sandbox" for each in settings.connections.values()} == set(settings.connections)
    assert "stripe-sandbox" in settings.connections
    assert settings.tools.preset == "support"
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8484)


def test_each_layer_wins_over_the_one_below() -> None:
    Path("wirepost.yaml").write_text("server: {port: 1111, host: 10.0.0.1}\nlogging: {level: debug}\n")
    loaded = load(environ={"WIREPOST__SERVER__PORT": "2222", "WIREPOST__READ_ONLY": "true"})
    assert (loaded.settings.server.port, loaded.settings.server.host) == (2222, "10.0.0.1")
    assert loaded.settings.read_only is True
    assert str(loaded.origin_of("server.port")) == "environment WIREPOST__SERVER__PORT"
    assert str(loaded.origin_of("server.host")) == "file wirepost.yaml:1"
    assert str(loaded.origin_of("logging.level")) == "file wirepost.yaml:2"
    assert str(loaded.origin_of("limits.call_s")) == "default"
    loaded = load(
        environ={"WIREPOST__SERVER__PORT": "2222"}, overrides={"server.port": 3333, "server.host": None}
    )
    assert (loaded.settings.server.port, loaded.settings.server.host) == (3333, "10.0.0.1")
    assert str(loaded.origin_of("server.port")) == "command line"


def test_a_file_is_found_by_option_and_by_variable(tmp_path: Path) -> None:
    for name, port in (("a.yaml", 1), ("b.yaml", 2)):
        (tmp_path / name).write_text(f"server: {{port: {port}}}")
    environ = {"WIREPOST_CONFIG": str(tmp_path / "b.yaml")}
    assert load_settings(environ=environ).server.port == 2
    assert load_settings("a.yaml", environ).server.port == 1


def test_a_file_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings("none.yaml", {})
    assert str(caught.value).startswith(f"{tmp_path}/none.yaml: --config: there is no such file")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("server:\n  prot: 1\n", "wirepost.yaml:2: server.prot: is not a known option (did you mean port?)"),
        ("read_onyl: true", "wirepost.yaml:1: read_onyl: is not a known option (did you mean read_only?)"),
        ("port: 99\n", "wirepost.yaml:1: port: is not a known option (did you mean server.port?)"),
        (
            "logging:\n  zzz: 1\n",
            "wirepost.yaml:2: logging.zzz: is not a known option (known: level, format)",
        ),
        ("server:\n  port: abc\n", "wirepost.yaml:2: server.port: must be a whole number"),
        ("server: {port: true}", "wirepost.yaml:1: server.port: must be a number"),
        ("server: {port: 1.5}", "wirepost.yaml:1: server.port: must be a whole number"),
        ("server: {port: 70000}", "wirepost.yaml:1: server.port: must be at most 65535"),
        ("server: {host: 5}", "wirepost.yaml:1: server.host: must be a text; put it in quotes"),
        ("server: {host: ''}", "wirepost.yaml:1: server.host: must not be empty"),
        ("server: {url: ftp://x}", "wirepost.yaml:1: server.url: must be an address such as https://"),
        ("limits: {call_s: 0}", "wirepost.yaml:1: limits.call_s: must be more than 0"),
        ("limits: {call_s: x}", "wirepost.yaml:1: limits.call_s: must be a number"),
        ("limits: {max_tokens: 5}", "wirepost.yaml:1: limits.max_tokens: must be at least 500"),
        ("read_only: 7", "wirepost.yaml:1: read_only: must be true or false"),
        ("server: 5", "wirepost.yaml:1: server: must be a group of `option: value` lines"),
        ("connections: 5", "wirepost.yaml:1: connections: must be a group of `name: value` lines"),
        ("tools: {include: 5}", "wirepost.yaml:1: tools.include: must be a list"),
        ("- a", "wirepost.yaml:1: must consist of `option: value` lines"),
        ("data_dir: 5.5\nread_only: x", "wirepost.yaml:1: data_dir: must be a path"),
        ("data_dir: a\n  b\n", "wirepost.yaml:1: data_dir: must be one plain or quoted path on one line"),
        ('"data_dir": x\n', "wirepost.yaml:1: data_dir: must be one plain or quoted path on one line"),
        ("logging: {level: INFO}", "one of debug, info, warning, error (did you mean info?)"),
        (
            "connections:\n  My Shop: {provider: stripe, environment: sandbox}",
            "wirepost.yaml:2: connections.My Shop:",
        ),
        (
            "connections:\n  a: {provider: stripe}",
            "connections.a.environment: is required (one of production, test",
        ),
    ],
)
def test_a_mistake_is_named_by_file_line_and_key(text: str, says: str) -> None:
    assert says in problems(text)[0]


def test_all_mistakes_are_found_at_once_in_the_order_of_the_file() -> None:
    text = "logging: {level: loud}\nserver:\n  port: x\nconnections:\n  a:\n    environment: prod\n"
    found = [problem.split(": ")[:2] for problem in problems(text)]
    assert found == [
        ["wirepost.yaml:1", "logging.level"],
        ["wirepost.yaml:3", "server.port"],
        ["wirepost.yaml:5", "connections.a.provider"],
        ["wirepost.yaml:6", "connections.a.environment"],
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"connections:\n  a:\n    key: {STRIPE_KEY}\n", 3),
        (f"server: {{host: {STRIPE_KEY}}}", 1),
        (f"tools:\n  include:\n    - {STRIPE_KEY}\n", 3),
        (f"{STRIPE_KEY}: 1", 1),
        (f"connections:\n  {STRIPE_KEY}:\n    provider: stripe", 2),
        ("connections:\n  a:\n    provider: stripe\n    base_url: https://user:hunter2@example.com\n", 4),
    ],
)
def test_a_secret_in_the_open_is_refused_by_line_and_not_repeated(text: str, line: int) -> None:
    found = problems(text)
    assert found[0].startswith(f"wirepost.yaml:{line}: ")
    assert "env:NAME or file:/absolute/path" in found[0]
    assert STRIPE_KEY not in str(found)
    assert "hunter2" not in str(found)


def test_a_random_value_in_the_place_of_a_reference_is_refused_and_not_repeated() -> None:
    random = "aZ3kd93kdkd9dj3kdk3kdkdkd9dk3"
    text = f"connections:\n  a: {{provider: stripe, environment: test, key: {random}}}\n"
    found = problems(text)
    assert "wirepost.yaml:2: connections.a.key: a secret must not stand here" in found[0]
    assert random not in found[0]


def test_no_message_repeats_a_value() -> None:
    odd = "correct-horse"
    text = f"server: {{port: {odd}, url: {odd}}}\nlogging: {{level: {odd}}}\n"
    text += f"connections: {{a: {{base_url: {odd}, environment: {odd}, key: {odd}, "
    text += f"money: {{max_per_day: {{eur: {odd}}}}}}}}}\n"
    found = problems(text)
    assert len(found) >= 6
    assert odd not in str(found)


def test_a_file_that_is_not_text_is_refused() -> None:
    Path("wirepost.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"^wirepost\.yaml: is not text in UTF-8$"):
        load(environ={})


def test_a_data_directory_in_the_file_is_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "w.yaml").write_text("data_dir: ../store # here\n")
    assert load_settings("etc/w.yaml", {}).data_dir == tmp_path / "store"


def test_a_data_directory_may_come_from_everywhere(tmp_path: Path) -> None:
    Path("wirepost.yaml").write_text("data_dir: from-file\n")
    environ = {"WIREPOST__DATA_DIR": "from-variable"}
    assert load(None, {}).settings.data_dir == tmp_path / "from-file"
    assert load(None, environ).settings.data_dir == tmp_path / "from-variable"
    assert load(None, environ, {"data_dir": "from-option"}).settings.data_dir == tmp_path / "from-option"
    assert str(load(None, environ).origin_of("data_dir")) == "environment WIREPOST__DATA_DIR"
    Path("wirepost.yaml").unlink()
    assert load(None, {"XDG_DATA_HOME": "/x"}).settings.data_dir == Path("/x/wirepost")


def test_errors_of_later_checks_get_file_and_line() -> None:
    Path("wirepost.yaml").write_text(
        "policy:\n  rules:\n    - {id: one, effect: allow}\n    - id: two\n      effect: deny\n"
    )
    loaded = load(environ={})
    located = loaded.locate(ConfigError("matches no tool", key="policy.rules[two]"))
    assert str(located) == "wirepost.yaml:4: policy.rules[two]: matches no tool"
    assert loaded.locate(ConfigError("x", key="server.port")).line is None
    assert loaded.locate(ConfigError("x")).key is None
    placed = ConfigError("x", file="other", key="policy")
    assert loaded.locate(placed) is placed


@given(
    st.dictionaries(
        st.sampled_from(["server", "connections", "tools", "policy", "limits", "logging", "data_dir", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("env:A"),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from(
                        ["rules", "stripe", "provider", "environment", "key", "money", "id", "amount", "port"]
                    ),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=12,
        ),
        max_size=3,
    )
)
def test_any_values_are_accepted_or_refused_with_config_errors(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    import json

    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(json.dumps(value, allow_nan=True))
    found = collect(file, {})
    assert isinstance(found, list) or isinstance(found.settings, Settings)
