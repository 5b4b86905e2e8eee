"""Where the store is: by reference, or by an address that holds no secret."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from wirepost.core.secret_refs import SecretRef
from wirepost.settings import StoreSettings


@pytest.mark.parametrize("url", ["env:DATABASE_URL", "file:/run/secrets/database"])
def test_a_reference_stays_one(url: str) -> None:
    assert StoreSettings.model_validate({"url": url}).url == SecretRef(url)
    assert StoreSettings(url=SecretRef(url)).url == SecretRef(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://wirepost@db.example.com/wirepost",
        "postgres://db.example.com:5433/wirepost?sslmode=verify-full",
        "postgresql:///wirepost?host=/var/run/postgresql",
    ],
)
def test_an_address_without_a_password_may_stand_in_the_file(url: str) -> None:
    assert StoreSettings.model_validate({"url": url}).url == url


def test_without_one_the_store_is_a_file() -> None:
    assert StoreSettings().url is None
    assert StoreSettings(url=None).url is None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://wirepost:hunter22@db.example.com/wirepost", "must not hold a password"),
        ("postgresql://db.example.com/wirepost?user=a&password=hunter22", "must not hold a password"),
        ("postgresql://[::1/wirepost", "must be an address such as postgresql://user@host/database"),
        ("mysql://hunter22@db.example.com/wirepost", "must be env:NAME, file:/absolute/path, or an address"),
        ("host=db password=hunter22", "must be env:NAME, file:/absolute/path, or an address"),
        (22, "must be env:NAME, file:/absolute/path, or an address"),
    ],
)
def test_anything_else_is_refused_and_not_repeated(url: Any, says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        StoreSettings.model_validate({"url": url})
    (problem,) = refused.value.errors()
    assert says in problem["msg"]
    assert "hunter22" not in problem["msg"]
