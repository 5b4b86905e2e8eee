"""Options of the store: where what must not be lost is kept."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, field_validator

from wirepost.core.secret_refs import SecretRef
from wirepost.settings.section import Section

SCHEMES = ("postgresql", "postgres")


class StoreSettings(Section):
    """Where ledger, audit, money counters and accounts are kept."""

    url: SecretRef | str | None = Field(
        default=None,
        description="PostgreSQL in place of the file in data_dir: a reference to its address, or the address "
        "if no password is in it; several servers may share one",
        examples=["env:DATABASE_URL"],
    )

    @field_validator("url", mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if not isinstance(value, str) or not value.startswith(tuple(f"{scheme}:" for scheme in SCHEMES)):
            return value if value is None else _reference(value)
        try:
            parts = urlsplit(value)
            password = parts.password or parse_qs(parts.query).get("password")
        except ValueError:
            raise ValueError("must be an address such as postgresql://user@host/database") from None
        if password:
            raise ValueError("must not hold a password; keep the address elsewhere and write env:NAME")
        return value


def _reference(value: Any) -> SecretRef:
    if isinstance(value, SecretRef):
        return value
    try:
        return SecretRef(value)
    except (AttributeError, ValueError):
        raise ValueError(
            "must be env:NAME, file:/absolute/path, or an address such as postgresql://user@host/database"
        ) from None
