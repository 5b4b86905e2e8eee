"""Who runs in a data directory: one process owns it, others find it; imports next to nothing."""

# pathlib would cost more than everything else this module imports:
# ruff: noqa: PTH103, PTH111, PTH112, PTH118, PTH120

from __future__ import annotations

import fcntl
import os

TYPE_CHECKING = False  # `typing` itself would cost a tenth of the start
if TYPE_CHECKING:
    from pathlib import Path

    from wirepost.core.clock import Clock

LONGEST_SOCKET = 100
"""Bytes of a socket's path that work everywhere: sun_path holds 104 on macOS, 108 on Linux, final zero in."""


class Owner:
    """The process that runs in a data directory."""

    __slots__ = ("pid", "socket", "started_at")

    def __init__(self, pid: int, started_at: str, socket: str) -> None:
        self.pid, self.started_at, self.socket = pid, started_at, socket


class DataDirectory:
    """One data directory: where its files are, and which process may use them.

    Two locks, both gone the moment their process is. `owner.lock` decides who owns the directory; only those
    who want to own it touch it. `owner.json` is locked by the owner as well and says who that is; those who
    only look try that one, so that looking can never keep anybody from becoming the owner.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.path.realpath(os.path.expanduser(os.fspath(path)))
        self._held: list[int] = []

    @property
    def database_path(self) -> Path:
        """The database file."""
        return self._file("wirepost.db")

    @property
    def log_path(self) -> Path:
        """What a server started in the background writes."""
        return self._file("wirepost.log")

    @property
    def socket_path(self) -> str:
        """Where local clients reach the owner: in the directory or, if that is too long, elsewhere."""
        inside = os.path.join(self.path, "wirepost.sock")
        if len(os.fsencode(inside)) <= LONGEST_SOCKET:
            return inside
        from hashlib import sha256

        name = sha256(os.fsencode(self.path)).hexdigest()[:20]
        return os.path.join(_runtime_directory(), f"wirepost-{name}", "wirepost.sock")

    def create(self) -> None:
        """Make the directory, and the one of the socket, for this user alone."""
        try:
            os.makedirs(self.path, mode=0o700, exist_ok=True)
            beside = os.path.dirname(self.socket_path)
            if beside != self.path:
                os.makedirs(beside, mode=0o700, exist_ok=True)
                _check_private(beside)
        except OSError as error:
            raise self._refuse(f"the data directory cannot be used: {error.strerror}", _PERMISSION) from None

    def acquire(self, clock: Clock) -> None:
        """Become the owner; raises `ConfigError` naming the process that is it already."""
        if self._held:
            raise RuntimeError("this process owns the data directory already")
        self.create()
        try:
            about, lock = self._held = [self._open("owner.json"), self._open("owner.lock")]
        except OSError as error:
            raise self._refuse(f"the data directory cannot be used: {error.strerror}", _PERMISSION) from None
        if not _try_lock(lock, fcntl.LOCK_EX):
            owner = _read(about)
            self.release()
            who = f"process {owner.pid} (since {owner.started_at})" if owner else "another process"
            raise self._refuse(f"{who} runs in this data directory", "Stop it, or choose another directory")
        from json import (
            dumps,
        )  # takes longer than the rest of a quick start, which needs the socket's path only

        os.ftruncate(about, 0)
        note = {"pid": os.getpid(), "started_at": clock.now().isoformat(), "socket": self.socket_path}
        os.pwrite(about, dumps(note).encode(), 0)
        fcntl.flock(about, fcntl.LOCK_EX)

    def release(self) -> None:
        """Stop being the owner."""
        for descriptor in self._held:
            os.close(descriptor)
        self._held = []

    def find_owner(self) -> Owner | None:
        """The process that owns the directory now, if there is one."""
        try:
            about = os.open(os.path.join(self.path, "owner.json"), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            return None if _try_lock(about, fcntl.LOCK_SH) else _read(about)
        finally:
            os.close(about)

    def _open(self, name: str) -> int:
        return os.open(os.path.join(self.path, name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _file(self, name: str) -> Path:
        from pathlib import Path

        return Path(self.path, name)

    def _refuse(self, message: str, hint: str) -> Exception:
        from wirepost.core.errors import ConfigError

        return ConfigError(message, file=self.path, hint=hint)


_PERMISSION = "Let this user read and write it, or choose another data directory"


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(descriptor: int) -> Owner | None:
    from json import loads

    try:
        note = loads(os.pread(descriptor, 4096, 0))
        return Owner(note["pid"], note["started_at"], note["socket"])
    except (ValueError, KeyError):
        return None  # its owner is writing it this moment


def _runtime_directory() -> str:
    """Not from the environment: a client started by a desktop program has another one than the server."""
    user = f"/run/user/{os.getuid()}"
    return user if os.path.isdir(user) else "/tmp"  # noqa: S108 - made private, and checked, in `create`


def _check_private(directory: str) -> None:
    """Refuse a directory that somebody else made under a public one."""
    about = os.lstat(directory)
    if about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise PermissionError(1, f"{directory} belongs to somebody else or is open to others")
