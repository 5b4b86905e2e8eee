"""What went wrong with the database file, said so that the operator knows what to do."""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from wirepost.store.problems import BUSY_RETRY_S, Problem
from wirepost.store.tx import NotUnique

_UNIQUE = frozenset({apsw.SQLITE_CONSTRAINT_UNIQUE, apsw.SQLITE_CONSTRAINT_PRIMARYKEY})
_LOCK_FIELDS = 6
"""Fields of a line of /proc/locks that are read: number, class, kind, access, pid, device and inode."""


def translate(error: Exception, path: Path, errno: int = 0) -> Exception:
    """The error a caller of the database sees; a mistake in a statement stays what it is."""
    if isinstance(error, apsw.ConstraintError):
        return NotUnique(str(error)) if _code(error) in _UNIQUE else error
    problem = _describe(error, path, errno)
    return problem.unavailable() if problem else error


def refuse(error: apsw.Error, path: Path) -> Exception:
    """The same for opening: a server that cannot open its store does not start."""
    problem = _describe(error, path, 0)
    return problem.refusal(str(path)) if problem else error


def _code(error: apsw.Error) -> int:
    code: int = getattr(error, "extendedresult", 0)  # missing in the type stubs
    return code


def _describe(error: Exception, path: Path, errno: int) -> Problem | None:
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return _locked(path)
    if isinstance(error, apsw.FullError):
        return Problem("the disk is full", _free(path))
    if isinstance(error, apsw.IOError):
        reason = os.strerror(errno) if errno else "input or output error"
        return Problem(f"the disk refuses ({reason})", _free(path))
    if isinstance(error, (apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError)):
        hint = f"Let user {os.geteuid()} read and write {path} and the directory it is in"
        return Problem("no permission to write the database", hint)
    if isinstance(error, (apsw.CorruptError, apsw.NotADBError)):
        hint = f"Stop the server, keep a copy of {path}, and put back the last backup"
        return Problem("the database file is damaged", hint)
    return None


def _locked(path: Path) -> Problem:
    holder = find_lock_holder(path)
    who = f"process {holder}" if holder else "another process"
    hint = f"Stop {who}, which has {path} locked, then repeat"
    return Problem(f"{who} holds the database", hint, BUSY_RETRY_S)


def _free(path: Path) -> str:
    try:
        room = os.statvfs(path.parent)
    except OSError:
        return f"Check the file system of {path}"
    free_mb = room.f_bavail * room.f_frsize / 1e6
    return f"Free space on the file system of {path} ({free_mb:,.0f} MB free, or a quota), then repeat"


def find_lock_holder(path: Path, table: Path = Path("/proc/locks")) -> int | None:
    """The other process that has the database locked for writing, where the system tells."""
    try:
        inodes = {file.stat().st_ino for suffix in ("", "-shm") if (file := Path(f"{path}{suffix}")).exists()}
        lines = table.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        fields = line.split()
        if len(fields) < _LOCK_FIELDS or fields[3] != "WRITE" or not fields[4].isdecimal():
            continue
        inode, pid = fields[5].rpartition(":")[2], int(fields[4])
        if pid != os.getpid() and inode.isdecimal() and int(inode) in inodes:
            return pid
    return None
