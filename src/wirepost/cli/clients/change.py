"""One change to a file of configuration: shown first, a copy kept, undone without losing what came later."""

from __future__ import annotations

import contextlib
import difflib
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from wirepost.cli.clients.jsonc import CannotEdit, JsonFile
from wirepost.cli.clients.toml import TomlFile
from wirepost.core.errors import ConfigError

_BACKUP = ".wirepost-backup-"
_ABSENT = ".absent"
"""Ends the name of an empty copy that says: there was no file before."""
_MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Change:
    """What a file holds and what it would hold; `None` is no file."""

    path: Path
    before: str | None
    after: str | None
    backup: Path | None = None
    """For an undo: the copy it goes back to, if there is one."""
    is_undo: bool = False

    @property
    def is_needed(self) -> bool:
        """Whether anything would be different."""
        return self.before != self.after

    def diff(self) -> str:
        """The change as a unified diff."""
        before, after = (
            (text or "", str(self.path) if text is not None else os.devnull)
            for text in (self.before, self.after)
        )
        lines = difflib.unified_diff(
            before[0].splitlines(), after[0].splitlines(), before[1], after[1], lineterm=""
        )
        return "\n".join(lines)

    def carry_out(self, now: datetime) -> Path | None:
        """Keep a copy, then replace the file in one step; returns the copy. An undo uses its copy up."""
        copy = None if self.is_undo else _keep(self.path, self.before, now)
        if self.after is None:
            self.path.unlink(missing_ok=True)
        else:
            _replace(self.path, self.after)
        if self.backup:
            self.backup.unlink(missing_ok=True)
        return copy


def plan_edit(path: Path, edit: Callable[[str], str]) -> Change:
    """What `edit` makes of a file's text; raises what it raises."""
    path = _real(path)
    before = _read(path)
    return Change(path, before, edit(before or ""))


def plan_install(path: Path, form: JsonFile | TomlFile, name: str, entry: Mapping[str, Any]) -> Change:
    """Put an entry in; raises `CannotEdit` when the file cannot be edited safely."""
    return plan_edit(path, lambda text: form.put(text, name, entry))


def plan_undo(path: Path, form: JsonFile | TomlFile, name: str) -> Change:
    """Go back to the newest copy; where the file was changed since, only the entry is taken back."""
    path = _real(path)
    current, backup = _read(path), _newest_backup(path)
    was_absent = backup is not None and backup.name.endswith(_ABSENT)
    original = _read(backup) if backup and not was_absent else None
    if current is None:
        return Change(path, None, original, backup, is_undo=True)
    earlier = form.find(original, name) if original is not None else None
    restored = form.put(current, name, earlier) if earlier is not None else form.remove(current, name)
    if original is not None and _filled(form, restored) == _filled(form, original):
        restored = original
    if was_absent and not any(form.parse(restored).values()):
        return Change(path, current, None, backup, is_undo=True)
    return Change(path, current, restored, backup, is_undo=True)


def _filled(form: JsonFile | TomlFile, text: str) -> dict[str, Any]:
    """The content; no servers are the same as no place for them, which an install may have made."""
    return {key: value for key, value in form.parse(text).items() if value or key != form.key}


def _real(path: Path) -> Path:
    """Where a link leads, so that the file is edited and the link stays."""
    try:
        return path.resolve() if path.is_symlink() else path
    except (OSError, RuntimeError):
        raise ConfigError("is a link that leads nowhere", file=str(path)) from None


def _read(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", file=str(path)) from None
    if len(raw) > _MAX_BYTES:
        raise CannotEdit("it is larger than 4 MiB")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise CannotEdit("it is not text in UTF-8") from None


def _keep(path: Path, text: str | None, now: datetime) -> Path:
    stamp = now.strftime("%Y%m%dT%H%M%S%f")
    copy = path.with_name(f"{path.name}{_BACKUP}{stamp}{'' if text is not None else _ABSENT}")
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        _replace(copy, text or "", like=path)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", file=str(copy)) from None
    return copy


def _replace(path: Path, text: str, like: Path | None = None) -> None:
    """Write beside it and rename, with the mode of the file that was there."""
    temporary = path.with_name(f".{path.name}.wirepost-new")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    try:
        mode = stat.S_IMODE((like or path).stat().st_mode)
    except FileNotFoundError:
        mode = 0o600
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ConfigError(f"cannot be written: {error.strerror}", file=str(path)) from None


def _newest_backup(path: Path) -> Path | None:
    # Names sort by time; a folder that is not there has none.
    if not path.parent.is_dir():
        return None
    prefix = f"{path.name}{_BACKUP}"
    return max((each for each in path.parent.iterdir() if each.name.startswith(prefix)), default=None)
