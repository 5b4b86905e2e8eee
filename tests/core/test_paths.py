"""Which configuration and which data directory, found the same way by the front and by the settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.core.errors import ConfigError
from wirepost.core.paths import find_config, find_data_directory
from wirepost.settings import load_settings


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_anything_there_is_no_configuration(folder):
    assert find_config(None, {}) is None


def test_the_file_of_the_working_directory_is_found(folder):
    (folder / "wirepost.yaml").touch()
    assert find_config(None, {}) == str(folder / "wirepost.yaml")


def test_the_option_beats_the_environment_and_the_environment_beats_the_working_directory(folder):
    for name in ("wirepost.yaml", "a.yaml", "b.yaml"):
        (folder / name).touch()
    assert find_config(None, {"WIREPOST_CONFIG": "a.yaml"}) == str(folder / "a.yaml")
    assert find_config("b.yaml", {"WIREPOST_CONFIG": "a.yaml"}) == str(folder / "b.yaml")


def test_a_file_that_was_asked_for_and_is_not_there_is_an_error(folder):
    (folder / "wirepost.yaml").touch()
    for option, environment in (("no.yaml", {}), (None, {"WIREPOST_CONFIG": "no.yaml"})):
        with pytest.raises(ConfigError, match=r"no\.yaml"):
            find_config(option, environment)


def test_the_data_directory_of_a_user(folder):
    assert find_data_directory(None, None, {"XDG_DATA_HOME": "/x"}) == "/x/wirepost"
    assert find_data_directory(None, None, {}) == str(Path.home() / ".local" / "share" / "wirepost")


def test_the_option_beats_the_environment_and_the_environment_beats_the_file(folder):
    config = folder / "wirepost.yaml"
    config.write_text("data_dir: from-file\n")
    environment = {"WIREPOST__DATA_DIR": "from-environment"}
    assert find_data_directory("option", str(config), environment) == str(folder / "option")
    assert find_data_directory(None, str(config), environment) == str(folder / "from-environment")
    assert find_data_directory(None, str(config), {}) == str(folder / "from-file")


def test_a_relative_directory_counts_from_the_file(tmp_path):
    (tmp_path / "etc").mkdir()
    config = tmp_path / "etc" / "wirepost.yaml"
    config.write_text("data_dir: ../var\n")
    assert find_data_directory(None, str(config), {}) == str(tmp_path / "var")


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("data_dir: /a/b", "/a/b"),
        ("data_dir:   /a/b   # ours", "/a/b"),
        ('data_dir: "/a b"', "/a b"),
        ("data_dir: '/a#b'", "/a#b"),
        ("data_dir: /a#b", "/a#b"),
        ("data_dir: /a#b # c", "/a#b"),
        ("data_dir: ~", None),
        ("data_dir:", None),
        ("data_dir: null", None),
        ("other:\n  data_dir: /a/b", None),
        ("#data_dir: /a/b", None),
    ],
)
def test_the_line_is_read_as_yaml_reads_it(tmp_path, line, path):
    config = tmp_path / "wirepost.yaml"
    config.write_text(f"{line}\n")
    expected = path or find_data_directory(None, None, {})
    assert find_data_directory(None, str(config), {}) == expected


@pytest.mark.parametrize(
    "value",
    ["|\n  /a", ">\n  /a", "&x /a", "*x", "[/a]", "{a: b}", '"/a\\tb"', "!!str /a", "%a", "@a", "`a`"],
)
def test_what_only_a_parser_can_read_is_refused_with_its_line(tmp_path, value):
    config = tmp_path / "wirepost.yaml"
    config.write_text(f"# first\ndata_dir: {value}\n")
    with pytest.raises(ConfigError) as refused:
        find_data_directory(None, str(config), {})
    assert (refused.value.key, refused.value.line) == ("data_dir", 2)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    config = tmp_path / "wirepost.yaml"
    config.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        find_data_directory(None, str(config), {})
    with pytest.raises(ConfigError, match="cannot be read"):
        find_data_directory(None, str(tmp_path), {})


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20))
def test_the_front_and_the_settings_always_agree_or_both_refuse(tmp_path_factory, value):
    config = tmp_path_factory.mktemp("c") / "wirepost.yaml"
    config.write_text(f"data_dir: {value}\n", encoding="utf-8")
    try:
        settings = load_settings(config, {})
    except ConfigError:
        return
    assert str(settings.data_dir) == find_data_directory(None, str(config), {})
