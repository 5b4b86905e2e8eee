"""Who runs in a data directory: one process owns it, others find it; imports next to nothing."""

# pathlib would cost more than everything else this module imports:
# ruff: noqa: PTH103, PTH111, PTH112, PTH106, PTH118, PTH120

from __future__ import annotations

import fcntl
import os

TYPE_CHECKING = False  # `typing` itself would cost a tenth of the start
if TYPE_CHECKING:
    from pathlib import Path

    from wirepost.core.clock import Clock

LONGEST_SOCKET = 100
"""Bytes of a socket's path that work everywhere: sun_path holds 104 on macOS, 108 on Linux, final zero in."""
LONGEST_NOTE = 4096
READ_AGAIN = 3
"""Tries at a note that is half written, which it is for less than it takes to read it."""


class Owner:
    """The process that runs in a data directory.

    `url` is where programs on this machine reach it over HTTP, `None` if it does not serve that (yet);
    `ends_within_s` how many seconds it takes at most to finish running calls once it accepts nobody any more.
    """

    __slots__ = ("ends_within_s", "pid", "socket", "started_at", "url")

    def __init__(
        self, pid: int, started_at: str, socket: str, url: str | None = None, ends_within_s: float = 0.0
    ) -> None:
        self.pid, self.started_at, self.socket = pid, started_at, socket
        self.url, self.ends_within_s = url, ends_within_s


class DataDirectory:
    """One data directory: where its files are, and which process may use them.

    Two locks, both gone the moment their process is. `owner.lock` decides who owns the directory; only those
    who want to own it touch it. `owner.json` is locked by the owner as well and says who that is; those who
    only look try that one, so that looking can never keep anybody from becoming the owner.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.path.realpath(os.path.expanduser(os.fspath(path)))
        self._held: list[int] = []
        self._note: dict[str, object] = {}

    @property
    def database_path(self) -> Path:
        """The database file."""
        return self._file("wirepost.db")

    @property
    def unsaved_path(self) -> Path:
        """Sealed tokens that the database did not take."""
        return self._file("unsaved")

    @property
    def log_path(self) -> str:
        """What a server started in the background writes."""
        return os.path.join(self.path, "wirepost.log")

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
        """Make the directory, for this user alone; raises `ConfigError`."""
        try:
            os.makedirs(self.path, mode=0o700, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from None

    def acquire(self, clock: Clock) -> None:
        """Become the owner; raises `ConfigError` naming the process that is it already."""
        if self._held:
            raise RuntimeError("this process owns the data directory already")
        self.create()
        try:
            for name in ("owner.json", "owner.lock"):
                self._held.append(self._open(name))
            about, lock = self._held
            is_free = _try_lock(lock, fcntl.LOCK_EX)
            if is_free:
                self._create_beside()
        except OSError as error:
            self._close()
            raise self._unusable(error) from None
        if not is_free:
            owner = _read(about)
            self._close()
            who = f"process {owner.pid} (since {owner.started_at})" if owner else "another process"
            raise self._refuse(f"{who} runs in this data directory", "Stop it, or choose another directory")
        self._tell(pid=os.getpid(), started_at=clock.now().isoformat(), socket=self.socket_path)
        fcntl.flock(about, fcntl.LOCK_EX)

    def announce(self, url: str, ends_within_s: float) -> None:
        """As the owner, let others know where HTTP is served, and how long ending takes (see `Owner`)."""
        self._tell(url=url, ends_within_s=ends_within_s)

    def release(self) -> None:
        """Stop being the owner, and leave nothing outside the directory."""
        if self._held and self._beside:
            try:  # noqa: SIM105 - contextlib would be the largest import of this module
                os.rmdir(self._beside)
            except OSError:
                pass  # somebody put something into it
        self._close()

    def find_owner(self) -> Owner | None:
        """The process that owns the directory now, if there is one; raises `ConfigError` if none can tell."""
        try:
            about = os.open(os.path.join(self.path, "owner.json"), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from None
        try:
            return None if _try_lock(about, fcntl.LOCK_SH) else _read(about)
        finally:
            os.close(about)

    @property
    def _beside(self) -> str | None:
        """The directory of the socket, where that is another one."""
        directory = os.path.dirname(self.socket_path)
        return None if directory == self.path else directory

    def _create_beside(self) -> None:
        # Only with the lock: the owner before removes it as long as it has the lock.
        if self._beside:
            os.makedirs(self._beside, mode=0o700, exist_ok=True)
            _check_private(self._beside)

    def _tell(self, **facts: object) -> None:
        from json import dumps  # costs more than a quick start, which needs the socket's path only

        self._note |= facts
        note = dumps(self._note).encode()
        os.pwrite(self._held[0], note, 0)
        os.ftruncate(self._held[0], len(note))

    def _close(self) -> None:
        for descriptor in self._held:
            os.close(descriptor)
        self._held, self._note = [], {}

    def _open(self, name: str) -> int:
        return os.open(os.path.join(self.path, name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _file(self, name: str) -> Path:
        from pathlib import Path

        return Path(self.path, name)

    def _unusable(self, error: OSError) -> Exception:
        return self._refuse(f"the data directory cannot be used: {error.strerror}", _PERMISSION)

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

    for _ in range(READ_AGAIN):
        try:
            note = loads(os.pread(descriptor, LONGEST_NOTE, 0))
            address = note.get("url"), note.get("ends_within_s", 0.0)
            return Owner(note["pid"], note["started_at"], note["socket"], *address)
        except (ValueError, KeyError):
            continue  # its owner is writing it this moment
    return None


def _runtime_directory() -> str:
    """Not from the environment: a client started by a desktop program has another one than the server."""
    user = f"/run/user/{os.getuid()}"
    return user if os.path.isdir(user) else "/tmp"  # noqa: S108 - made private, and checked, in `create`


def _check_private(directory: str) -> None:
    """Refuse a directory that somebody else made under a public one."""
    about = os.lstat(directory)
    if about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise PermissionError(1, f"{directory} belongs to somebody else or is open to others")
