"""What pyproject.toml asks for is what the lock files hold, and no file names a package host."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support.sources import ROOT, shown, tracked

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = PROJECT["project"]["dependencies"]
DEVELOPMENT = PROJECT["dependency-groups"]["dev"]
HOSTS = re.compile(rb"registry[.](npm|yarn)|\bpypi[.](org|python)|python[h]osted[.]")
"""In brackets where it would otherwise name one itself."""


def pins(lock: str) -> dict[str, str]:
    """Name → version of a lock file."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    }


@pytest.mark.parametrize(
    ("lock", "asked"),
    [("requirements.lock", [*RUNTIME, *DEVELOPMENT]), ("requirements-runtime.lock", RUNTIME)],
)
def test_the_lock_holds_every_requirement(lock: str, asked: list[str]) -> None:
    held = pins(lock)
    unmet = [
        text
        for text in asked
        if held.get(canonicalize_name((wanted := Requirement(text)).name), "none") not in wanted.specifier
    ]
    assert unmet == [], "run scripts/lock"


def test_users_get_the_versions_that_were_tested() -> None:
    assert pins("requirements-runtime.lock").items() <= pins("requirements.lock").items()


def test_the_build_uses_the_locked_backend() -> None:
    assert PROJECT["build-system"]["requires"] == [f"hatchling=={pins('requirements.lock')['hatchling']}"]


def test_no_file_names_a_package_host() -> None:
    assert [shown(path) for path in tracked() if HOSTS.search(path.read_bytes())] == []
