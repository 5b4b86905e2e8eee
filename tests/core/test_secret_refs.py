"""References to secrets name where a secret is kept, and never show it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pydantic import BaseModel

from wirepost.core.errors import ConfigError
from wirepost.core.secret_refs import SecretRef, has_known_secret, looks_secret

STRIPE_KEY = "sk_test_" + "4eC39HqLyjWDarjtT1zdp7dc"


def keep(file: Path, content: bytes) -> SecretRef:
    """The content in a file for this account alone."""
    file.write_bytes(content)
    file.chmod(0o600)
    return SecretRef(f"file:{file}")


def test_a_variable_is_read_when_it_is_asked_for() -> None:
    reference = SecretRef("env:STRIPE_KEY")
    assert reference.resolve({"STRIPE_KEY": " one \n"}) == "one"
    assert reference.resolve({"STRIPE_KEY": "two"}) == "two"


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    reference = keep(tmp_path / "key", b"one\n")
    assert reference.resolve() == "one"
    keep(tmp_path / "key", b"two")
    assert reference.resolve() == "two"


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        SecretRef("env:STRIPE_KEY").resolve({})
    assert "the environment variable STRIPE_KEY is not set" in str(caught.value)


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is empty"):
        keep(tmp_path / "key", b"\n").resolve()
    with pytest.raises(ConfigError, match="is empty"):
        SecretRef("env:KEY").resolve({"KEY": " "})


@pytest.mark.parametrize("content", [b"a\nb", b"a\rb", b"a\x00b"])
def test_a_secret_that_could_extend_a_header_is_refused_unseen(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ConfigError, match="line break or a control character"):
        keep(tmp_path / "key", content).resolve()


def test_files_that_are_no_secrets_are_named(tmp_path: Path) -> None:
    keep(tmp_path / "big", b"x" * 70_000)
    keep(tmp_path / "binary", b"\xff\xfe")
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
    "text",
    [
        *("", "STRIPE_KEY", "env:", "env:A-B", "env:1A", "file:relative", "file:", "file:/a\0b"),
        *("vault:x", "vault:#field", "vault:a b#field", "vault:a#field?version=new", "keyring:service"),
        *(
            "keyring:/user",
            "aws-sm:",
            "aws-sm:#key",
            "aws-sm:a?stage=",
            "sops:/file.yaml",
            "sops:file.yaml#a",
        ),
        *("vault-transit:key#abc", "vault-transit:key", "http://example.com#a", "ENV:A"),
    ],
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be env:NAME or file:/absolute/path"):
        SecretRef(text)


ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/crm-AbCdEf"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("env:A", ("env", "A", None, None)),
        ("file:/run/secrets/x", ("file", "/run/secrets/x", None, None)),
        ("file:/a#1/x.json#/web/client_secret", ("file", "/a#1/x.json", "/web/client_secret", None)),
        ("file:~/x.json#/", ("file", "~/x.json", "/", None)),
        ("keyring:wirepost/stripe", ("keyring", "wirepost/stripe", None, None)),
        ("vault:secret/data/mcp/crm#client_secret", ("vault", "secret/data/mcp/crm", "client_secret", None)),
        ("vault:secret/data/a#b?version=3", ("vault", "secret/data/a", "b", "3")),
        ("vault-transit:wirepost#vault:v1:ab+/=", ("vault-transit", "wirepost", "vault:v1:ab+/=", None)),
        ("aws-sm:prod/crm", ("aws-sm", "prod/crm", None, None)),
        (f"aws-sm:{ARN}#key?stage=AWSPREVIOUS", ("aws-sm", ARN, "key", "AWSPREVIOUS")),
        ("sops:/etc/wirepost/keys.yaml#crm.secret", ("sops", "/etc/wirepost/keys.yaml", "crm.secret", None)),
    ],
)
def test_a_reference_says_what_it_names(text: str, parts: tuple[str | None, ...]) -> None:
    reference = SecretRef(text)
    assert (reference.kind, reference.name, reference.field, reference.option) == parts
    assert str(reference) == text
    assert reference.is_local == (parts[0] in {"env", "file"})


def test_what_another_store_keeps_is_not_read_here() -> None:
    reference = SecretRef("vault:a#b")
    assert reference.peek() is None
    with pytest.raises(ConfigError, match="vault:a#b cannot be had here"):
        reference.resolve()
    with pytest.raises(ConfigError, match="SURELY_NOT_SET is not set"):
        SecretRef("env:SURELY_NOT_SET").peek()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    reference = keep(tmp_path / "key", b"one")
    (tmp_path / "key").chmod(mode)
    with pytest.raises(ConfigError, match="is open to other accounts") as caught:
        reference.resolve()
    assert "one" not in str(caught.value).split()


def test_what_another_account_shows_to_everybody_is_read(tmp_path: Path) -> None:
    """As containers mount secrets: root's, and the server is somebody else."""
    public = Path("/etc/hostname")
    if os.geteuid() == 0:
        public = tmp_path / "mounted"
        public.write_text("one\n")
        os.chown(public, 65534, 65534)
        public.chmod(0o644)
    assert SecretRef(f"file:{public}").resolve() == public.read_text().strip()


def test_a_pointer_takes_one_value_of_a_file(tmp_path: Path) -> None:
    content = {"web": {"client_secret": "one"}, "a/b": {"m~n": "two"}, "": "three", "list": ["four", 5]}
    keep(tmp_path / "x.json", json.dumps(content).encode())
    found = {
        pointer: SecretRef(f"file:{tmp_path}/x.json#{pointer}").resolve()
        for pointer in ("/web/client_secret", "/a~1b/m~0n", "/", "/list/0")
    }
    assert found == {"/web/client_secret": "one", "/a~1b/m~0n": "two", "/": "three", "/list/0": "four"}


@pytest.mark.parametrize(
    "pointer", ["/none", "/web", "/list/1", "/list/9", "/list/x", "/web/client_secret/x"]
)
def test_a_pointer_that_leads_to_no_text_is_named(tmp_path: Path, pointer: str) -> None:
    keep(tmp_path / "x.json", b'{"web": {"client_secret": "one"}, "list": ["four", 5]}')
    with pytest.raises(ConfigError, match=f"has no text at {pointer}"):
        SecretRef(f"file:{tmp_path}/x.json#{pointer}").resolve()


def test_a_file_that_is_not_json_has_no_pointers_and_is_not_quoted(tmp_path: Path) -> None:
    keep(tmp_path / "x", b"abcdef")
    with pytest.raises(ConfigError, match="is not JSON") as caught:
        SecretRef(f"file:{tmp_path}/x#/a").resolve()
    assert "abcdef" not in str(caught.value)


def test_a_key_may_have_lines_but_no_other_control_characters(tmp_path: Path) -> None:
    assert keep(tmp_path / "pem", b"a\r\nb\n").resolve(may_have_lines=True) == "a\r\nb"
    with pytest.raises(ConfigError, match="control character"):
        keep(tmp_path / "pem", b"a\n\x00b").resolve(may_have_lines=True)


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
