"""Secrets come out of files that the real SOPS decrypts, with a key of age."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from support.secret_stores import new_age_key, sops
from wirepost.core.errors import ConfigError
from wirepost.core.secret_refs import SecretRef
from wirepost.secrets import sops as backend
from wirepost.secrets.answers import Unreachable

PLAIN = """\
crm:
  client_secret: the secret of the crm
  "odd \\"name": under an odd name
list: [first, second]
lines: |
  one
  two
"""


def program(directory: Path, script: str) -> str:
    """A program in the place of SOPS."""
    file = directory / "sops"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(stat.S_IRWXU)
    return str(file)


@pytest.mark.services("sops")
class TestAgainstSops:
    """The program itself."""

    @pytest.fixture
    def encrypted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        key, recipient = new_age_key()
        monkeypatch.setenv("SOPS_AGE_KEY", key)
        monkeypatch.setenv("PATH", f"{sops().parent}{os.pathsep}{os.environ['PATH']}")
        (tmp_path / "plain.yaml").write_text(PLAIN)
        command = ["sops", "encrypt", "--age", recipient, str(tmp_path / "plain.yaml")]
        made = subprocess.run(command, check=True, capture_output=True)
        file = tmp_path / "keys.yaml"
        file.write_bytes(made.stdout)
        assert b"the secret of the crm" not in file.read_bytes()
        return file

    @pytest.mark.parametrize(
        ("field", "value"),
        [("crm.client_secret", "the secret of the crm"), ("list.1", "second"), ("lines", "one\ntwo")],
    )
    async def test_a_value_is_read_by_its_path(self, encrypted: Path, field: str, value: str) -> None:
        assert await backend.read(SecretRef(f"sops:{encrypted}#{field}")) == value

    async def test_a_path_that_leads_nowhere_is_told_in_its_words(self, encrypted: Path) -> None:
        with pytest.raises(ConfigError, match=r"keys.yaml#crm.none cannot be read: .*not found"):
            await backend.read(SecretRef(f"sops:{encrypted}#crm.none"))

    async def test_without_the_key_nothing_is_read(
        self, encrypted: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOPS_AGE_KEY", new_age_key()[0])
        with pytest.raises(ConfigError, match=r"cannot be read: .*ailed to get the data key") as caught:
            await backend.read(SecretRef(f"sops:{encrypted}#crm.client_secret"))
        assert caught.value.hint == f"try: sops decrypt {encrypted}"


async def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"/nowhere/sops does not start .No such file"):
        await backend.read(SecretRef("sops:/a.yaml#b"), "/nowhere/sops")


async def test_no_shell_sees_the_reference(tmp_path: Path) -> None:
    shown = await backend.read(
        SecretRef("sops:/a b/$(id).yaml#x;id.0"),
        program(tmp_path, 'for each; do printf "<%s>" "$each"; done'),
    )
    assert shown == '<decrypt><--extract><["x;id"][0]></a b/$(id).yaml>'


async def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="takes too long"):
        await backend.read(
            SecretRef("sops:/a.yaml#b"), program(tmp_path, "exec tail -f /dev/null"), run_s=0.1
        )
