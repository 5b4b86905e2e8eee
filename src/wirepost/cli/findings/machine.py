"""Findings about the machine: versions, the data directory, the disk under it."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from wirepost import __version__
from wirepost.cli.findings.finding import Finding, Section
from wirepost.core.clock import Clock
from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.settings import Settings

PROGRAMS = Section("programs")
DATA = Section("data directory")
POSTGRES = Section("PostgreSQL")

LITTLE_DISK = 1024**3
NO_DISK = 50 * 1024**2
SYNCS = 200
SYNC_BUDGET_S = 5.0
"""A disk so slow that this is not enough is measured with fewer writes."""
SLOW_SYNC_S = 0.005
_NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "glusterfs", "virtiofs"}
)


def programs(sqlite: str | None = None) -> Iterator[Finding]:
    """Wirepost, Python, SQLite (by default the one that is loaded)."""
    from wirepost.store.sqlite.session import check_library, library_version

    yield PROGRAMS.ok(f"Wirepost {__version__}")
    yield PROGRAMS.ok(f"Python {platform.python_version()}")  # an older one cannot even read this source
    sqlite = sqlite or library_version()
    try:
        check_library(sqlite)
        yield PROGRAMS.ok(f"SQLite {sqlite}")
    except ConfigError as error:
        yield PROGRAMS.error(f"SQLite {sqlite}", error.message, "pip install --force-reinstall apsw")


def data_directory(path: Path, clock: Clock, report: Callable[[str], None]) -> Iterator[Finding]:
    """Who may read it, what it lies on, how much room there is, how long a commit takes."""
    if not path.is_dir():
        yield from _missing(path)
        return
    yield from _permissions(path)
    yield from file_system(path, _mounts())
    yield room(shutil.disk_usage(path).free, path)
    if os.access(path, os.W_OK | os.X_OK):
        report("measuring how long the disk takes to make a write durable")
        yield _syncs(path, clock)
        yield from _database(path)


def _missing(path: Path) -> Iterator[Finding]:
    if path.exists():
        yield DATA.error(f"{path} is no directory", "the database must lie in it", f"mv {path} {path}.old")
        return
    above = next(folder for folder in path.parents if folder.exists())
    if os.access(above, os.W_OK | os.X_OK):
        yield DATA.ok(f"{path} will be made at the first start")
    else:
        yield DATA.error(
            f"{path} cannot be made",
            f"you may not write to {above}",
            "wirepost serve --data-dir DIR, or set WIREPOST__DATA_DIR",
        )


def _permissions(path: Path) -> Iterator[Finding]:
    about = path.stat()
    if about.st_uid != os.geteuid():
        yield DATA.error(
            f"{path} belongs to user {about.st_uid}",
            "the server could not protect its files there",
            f"sudo chown -R {os.geteuid()} {path}",
        )
    elif not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        yield DATA.error(f"{path} cannot be written", "the database must lie in it", f"chmod 700 {path}")
    elif stat.S_IMODE(about.st_mode) & 0o077:
        yield DATA.warning(
            f"{path} is open to other users",
            "it holds business records and the secret that signs confirmations",
            f"chmod 700 {path}",
        )
    else:
        yield DATA.ok(f"{path} is yours alone")


def file_system(path: Path, mounts: str) -> Iterator[Finding]:
    """What speaks against the file system below a path."""
    kind = file_system_of(path, mounts)
    if kind in _NETWORK_FILE_SYSTEMS:
        yield DATA.error(
            f"it lies on a network file system ({kind})",
            "SQLite's write-ahead log needs a local disk (sqlite.org/wal.html)",
            "wirepost serve --data-dir DIR on a local disk",
        )
    elif kind in {"tmpfs", "ramfs"}:
        yield DATA.warning(
            f"it lies in memory ({kind})", "all of it is gone after a restart", "choose a directory on a disk"
        )


def _mounts() -> str:
    try:
        return Path("/proc/self/mounts").read_text(encoding="utf-8")
    except OSError:
        return ""  # only Linux tells


def file_system_of(path: Path, mounts: str) -> str | None:
    """The kind of file system below a path, from the text of /proc/self/mounts."""
    best, kind = "", None
    for line in mounts.splitlines():
        parts = line.split(" ")
        if len(parts) < 3:  # noqa: PLR2004 - device, mount point, kind
            continue
        point = parts[1].encode().decode("unicode_escape")
        if path.resolve().is_relative_to(point) and len(point) >= len(best):
            best, kind = point, parts[2]
    return kind


def room(free: int, path: Path) -> Finding:
    """Whether so many free bytes will do."""
    shown = f"{free / 1024**3:.1f} GiB free"
    if free < NO_DISK:
        return DATA.error(shown, "calls are refused once the audit cannot be written", f"df -h {path}")
    if free < LITTLE_DISK:
        return DATA.warning(shown, "a full disk stops all calls", f"df -h {path}")
    return DATA.ok(shown)


def _syncs(path: Path, clock: Clock) -> Finding:
    """Each commit waits for the disk once, so this is the floor of what a write costs."""
    took = []
    sync = getattr(os, "fdatasync", os.fsync)
    started = clock.monotonic()
    with tempfile.TemporaryFile(dir=path) as file:
        for _ in range(SYNCS):
            before = clock.monotonic()
            os.write(file.fileno(), bytes(4096))
            sync(file.fileno())
            took.append(clock.monotonic() - before)
            if clock.monotonic() - started > SYNC_BUDGET_S:
                break
    middle, worst = median(took), max(took)
    shown = f"a durable write takes {middle * 1000:.2f} ms (worst of {len(took)}: {worst * 1000:.1f} ms)"
    if middle > SLOW_SYNC_S:
        return DATA.warning(shown, "each call waits for the disk at least once", "choose a faster local disk")
    return DATA.ok(shown)


def _database(path: Path) -> Iterator[Finding]:
    from wirepost.store.owner import DataDirectory
    from wirepost.store.sqlite.session import check_readable

    file = DataDirectory(path).database_path
    if not file.exists():
        return
    try:
        check_readable(file)
        yield DATA.ok(f"the database is readable ({file.stat().st_size / 1024**2:.1f} MiB)")
    except ConfigError as error:
        yield DATA.error(
            f"the database cannot be used: {error.message}", error.hint or "nothing can be stored"
        )


async def shared_database(settings: Settings) -> list[Finding]:
    """Whether PostgreSQL, where it is configured, can be reached and has the tables this program reads."""
    from wirepost.store.database import Database
    from wirepost.store.owner import DataDirectory
    from wirepost.store.place import place_of

    if settings.store.url is None:
        return []
    try:
        reader = await Database.open_reader(place_of(settings.store, DataDirectory(settings.data_dir)))
    except ConfigError as error:
        why = "nothing can be stored, so no call is answered"
        return [POSTGRES.error(error.message, why, error.hint or "see docs/how-to/use-postgresql.md")]
    await reader.close()
    return [POSTGRES.ok("it can be read, and its tables are up to date")]
