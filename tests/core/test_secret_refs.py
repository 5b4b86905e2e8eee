"""References to secrets name where a secret is kept, and never show it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from wirepost.core.errors import ConfigError
from wirepost.core.secret_refs import SecretRef, has_known_secret, looks_secret

STRIPE_KEY = "sk_test_" + "4eC39HqLyjWDarjtT1zdp7dc"


def test_a_variable_is_read_when_it_is_asked_for() -> None:
    reference = SecretRef("env:STRIPE_KEY")
    assert reference.resolve({"STRIPE_KEY": " one \n"}) == "one"
    assert reference.resolve({"STRIPE_KEY": "two"}) == "two"


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("one\n")
    reference = SecretRef(f"file:{file}")
    assert reference.resolve() == "one"
    file.write_text("two")
    assert reference.resolve() == "two"


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        SecretRef("env:STRIPE_KEY").resolve({})
    assert "the environment variable STRIPE_KEY is not set" in str(caught.value)


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    with pytest.raises(ConfigError, match="is empty"):
        SecretRef(f"file:{tmp_path}/key").resolve()
    with pytest.raises(ConfigError, match="is empty"):
        SecretRef("env:KEY").resolve({"KEY": " "})


@pytest.mark.parametrize("content", [b"a\nb", b"a\rb", b"a\x00b"])
def test_a_secret_that_could_extend_a_header_is_refused_unseen(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ConfigError, match="line break or a control character"):
        SecretRef(f"file:{tmp_path}/key").resolve()


def test_files_that_are_no_secrets_are_named(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 70_000)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, says in (
        ("none", "does not exist"),
        ("big", "larger than 64 KiB"),
        ("binary", "not text in UTF-8"),
    ):
        with pytest.raises(ConfigError, match=says):
            SecretRef(f"file:{tmp_path}/{name}").resolve()
    with pytest.raises(ConfigError, match="cannot be read"):
        SecretRef(f"file:{tmp_path}").resolve()


@pytest.mark.parametrize(
    "text", ["", "STRIPE_KEY", "env:", "env:A-B", "env:1A", "file:relative", "file:", "vault:x"]
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be env:NAME or file:/absolute/path"):
        SecretRef(text)


@pytest.mark.parametrize(
    "text", [STRIPE_KEY, f"env:{STRIPE_KEY}", "whsec_" + "a1b2c3d4", "aZ3kd93kdkd9dj3kdk3kdkdkd9dk3"]
)
def test_a_secret_in_the_place_of_a_reference_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="a secret must not stand here") as caught:
        SecretRef(text)
    assert text.removeprefix("env:") not in str(caught.value)


def test_what_looks_like_a_secret_is_told_from_words() -> None:
    assert has_known_secret(f"x {STRIPE_KEY} y")
    assert looks_secret("0123456789abcdef0123456789abcdef")
    assert not looks_secret("https://api.stripe.com/some/long/path")
    assert not looks_secret("a-long-name-of-a-connection-for-tests")


def test_a_reference_shows_its_name_only() -> None:
    reference = SecretRef("env:STRIPE_KEY")
    assert repr(reference) == "SecretRef('env:STRIPE_KEY')"
    assert str(reference) == "env:STRIPE_KEY"
    assert reference == SecretRef(" env:STRIPE_KEY ")
    assert len({reference, SecretRef("env:STRIPE_KEY"), SecretRef("env:OTHER")}) == 2


def test_a_file_that_everybody_may_read_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("x")
    reference = SecretRef(f"file:{file}")
    file.chmod(0o600)
    assert not reference.is_world_readable()
    file.chmod(0o644)
    assert reference.is_world_readable()
    assert not SecretRef(f"file:{tmp_path}/none").is_world_readable()
    assert not SecretRef("env:KEY").is_world_readable()


def test_a_model_reads_and_writes_references() -> None:
    class Model(BaseModel):
        key: SecretRef

    model = Model.model_validate({"key": "env:A"})
    assert model.key == SecretRef("env:A")
    assert model.model_dump(mode="json") == {"key": "env:A"}
    assert Model(key=SecretRef("env:A")) == model
    assert Model.model_json_schema()["properties"]["key"]["pattern"]
    with pytest.raises(ValueError, match="must be env:NAME"):
        Model.model_validate({"key": 5})
