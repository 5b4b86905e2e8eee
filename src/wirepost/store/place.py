"""Where the database of a configuration is: a file in the data directory, or a PostgreSQL server."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from wirepost.settings.store import StoreSettings
    from wirepost.store.owner import DataDirectory
    from wirepost.store.postgres.server import Server

    Place: TypeAlias = Path | Server


def place_of(settings: StoreSettings, directory: DataDirectory) -> Place:
    """The place to open; raises `ConfigError` when it is a server whose driver or address is missing."""
    if settings.url is None:
        return directory.database_path
    try:
        from wirepost.store.postgres.server import Server
    except ImportError:
        raise ConfigError(
            "the driver of PostgreSQL is not installed",
            key="store.url",
            hint="pip install 'wirepost[postgres]'",
        ) from None
    return Server.at(settings.url if isinstance(settings.url, str) else settings.url.resolve())
