"""What pyproject.toml asks for is what the lock files hold, and no file names a package host."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import distributions, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support.sources import ROOT, shown, tracked

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = PROJECT["project"]["dependencies"]
DEVELOPMENT = PROJECT["dependency-groups"]["dev"]
PIN = re.compile(r"^([\w.-]+)(?:\[([^]]+)\])?==([^\s;]+)", re.MULTILINE)
HOSTS = re.compile(rb"registry[.](npm|yarn)|\bpypi[.](org|python)|python[h]osted[.]")
"""In brackets where it would otherwise name one itself."""
INSTALLED = {canonicalize_name(each.name) for each in distributions()}
"""Some that a lock file holds are for other machines."""


def pins(lock: str) -> dict[str, str]:
    """Name → version of a lock file."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {canonicalize_name(name): version for name, _, version in PIN.findall(text)}


def extras(lock: str) -> dict[str, set[str]]:
    """Name → what a lock file installs besides the package itself."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {
        canonicalize_name(name): set(re.findall(r"[\w-]+", named)) for name, named, _ in PIN.findall(text)
    }


def requirements(name: str, chosen: set[str]) -> Iterator[Requirement]:
    """What a package needs on this machine, with its extras that were chosen."""
    for text in requires(name) or ():
        wanted = Requirement(text)
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": each}) for each in ("", *chosen)):
            yield wanted


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


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-runtime.lock"])
def test_the_lock_names_every_extra_without_which_pip_refuses_it(lock: str) -> None:
    held = extras(lock)
    unmet = {
        (name, str(wanted))
        for name, chosen in held.items()
        if name in INSTALLED
        for wanted in requirements(name, chosen)
        if not wanted.extras <= held[canonicalize_name(wanted.name)]
    }
    assert unmet == set()


def test_users_get_the_versions_that_were_tested() -> None:
    assert pins("requirements-runtime.lock").items() <= pins("requirements.lock").items()


def test_the_build_uses_the_locked_backend() -> None:
    assert PROJECT["build-system"]["requires"] == [f"hatchling=={pins('requirements.lock')['hatchling']}"]


def test_no_file_names_a_package_host() -> None:
    assert [shown(path) for path in tracked() if HOSTS.search(path.read_bytes())] == []
