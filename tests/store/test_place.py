"""The place of the database follows from the configuration, and no password is shown on the way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wirepost.core.errors import ConfigError
from wirepost.core.redact import SECRETS
from wirepost.core.secret_refs import SecretRef
from wirepost.settings import StoreSettings
from wirepost.store.owner import DataDirectory
from wirepost.store.place import place_of


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    return DataDirectory(tmp_path)


def test_without_an_address_it_is_the_file_in_the_data_directory(directory, tmp_path):
    assert place_of(StoreSettings(), directory) == tmp_path / "wirepost.db"


def test_an_address_may_be_written_down_and_is_named_for_people(directory):
    place = place_of(StoreSettings(url="postgresql://wirepost@db.example.com:5433/books"), directory)
    assert place.label == "PostgreSQL, books at db.example.com:5433"


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("postgresql:///books?host=/run/postgresql", "PostgreSQL, books at /run/postgresql:5432"),
        ("postgresql://", "PostgreSQL, its default database at the local socket:5432"),
        ("postgresql://anna@db", "PostgreSQL, anna at db:5432"),
    ],
)
def test_what_is_left_out_is_named_as_the_driver_understands_it(directory, url, label):
    assert place_of(StoreSettings(url=url), directory).label == label


def test_a_password_comes_by_reference_and_is_shown_nowhere(directory, monkeypatch):
    url = "postgresql://wirepost:canary-7f3e@db.example.com/books"
    monkeypatch.setenv("DATABASE_URL", url)
    place = place_of(StoreSettings(url=SecretRef("env:DATABASE_URL")), directory)
    assert place.address == url
    assert "canary-7f3e" not in f"{place!r} {place} {place.label}"
    assert SECRETS.text("refused for canary-7f3e") == "refused for [redacted]"


def test_what_is_no_address_is_refused_without_repeating_it(directory, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:canary-7f3e@db:port:9/x?nonsense=1")
    with pytest.raises(ConfigError, match=r"store\.url: is not an address of PostgreSQL") as refused:
        place_of(StoreSettings(url=SecretRef("env:DATABASE_URL")), directory)
    assert "canary" not in str(refused.value)


WITHOUT_DRIVER = """
import sys
sys.modules["psycopg"] = None
from wirepost.settings import StoreSettings
from wirepost.store.owner import DataDirectory
from wirepost.store.place import place_of
try:
    place_of(StoreSettings(url="postgresql://db/books"), DataDirectory(sys.argv[1]))
except Exception as error:
    print(type(error).__name__, error)
"""


def test_a_driver_that_is_missing_is_named_with_the_command_that_installs_it(tmp_path):
    program = [sys.executable, "-c", WITHOUT_DRIVER, str(tmp_path)]
    said = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    problem = "store.url: the driver of PostgreSQL is not installed (pip install 'wirepost[postgres]')"
    assert said == f"ConfigError {problem}\n"
