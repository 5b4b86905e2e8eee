"""Where configuration and data live; built-in modules only: the thin stdio front must start at once."""

# Importing pathlib alone would double the start of the front.
# ruff: noqa: PTH100, PTH101, PTH103, PTH111, PTH113, PTH116, PTH118, PTH120, PTH123

from __future__ import annotations

import os
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG_NAME = "wirepost.yaml"
CONFIG_VARIABLE = "WIREPOST_CONFIG"
DATA_VARIABLE = "WIREPOST__DATA_DIR"
MAX_SOCKET_PATH = 100
"""Bytes; the kernel refuses longer socket addresses (108 on Linux, 104 on macOS, with the closing zero)."""

_PLAIN = r"""data_dir:[ \t]+(?:"([^"\\]+)"|'([^']+)'|([^\s#"'&*!|>%@`{\[][^#]*?))[ \t]*(?:#.*)?$"""
_EMPTY = ("", "~", "null")


def find_config(option: str | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """The configuration file: the option, the environment, `wirepost.yaml` where we are, or none.

    Raises `ConfigError` when a file that was asked for is not there.
    """
    for asked, key in ((option, "--config"), (environment.get(CONFIG_VARIABLE), CONFIG_VARIABLE)):
        if asked:
            path = os.path.abspath(os.path.expanduser(asked))
            if not os.path.isfile(path):
                raise _wrong(
                    "there is no such file", path, key=key, hint="write one with: wirepost config init"
                )
            return path
    path = os.path.abspath(CONFIG_NAME)
    return path if os.path.isfile(path) else None


def find_data_directory(
    option: str | None, config: str | None, environment: Mapping[str, str] = os.environ
) -> str:
    """The data directory: the option, the environment, `data_dir` of the configuration file, or the user's.

    A relative `data_dir` in the file is relative to the file. Raises `ConfigError` for an unreadable file.
    """
    asked = option or environment.get(DATA_VARIABLE)
    if asked:
        return os.path.abspath(os.path.expanduser(asked))
    written = _data_dir_in(config) if config else None
    if config and written:
        return os.path.normpath(os.path.join(os.path.dirname(config), os.path.expanduser(written)))
    home = environment.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return os.path.join(os.path.abspath(home), "wirepost")


def socket_path(data_directory: str, environment: Mapping[str, str] = os.environ) -> str:
    """The local socket of the server that owns a data directory.

    It lies in the directory; where that makes the address too long for the kernel, in a private directory of
    the user elsewhere, named after the data directory. Make its folder with `private_directory`.
    """
    path = os.path.join(data_directory, "wirepost.sock")
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        return path
    real = os.fsencode(os.path.realpath(data_directory))
    runtime = environment.get("XDG_RUNTIME_DIR")
    folder = os.path.join(runtime, "wirepost") if runtime else f"/tmp/wirepost-{os.getuid()}"  # noqa: S108 - made private
    return os.path.join(folder, f"{zlib.crc32(real):08x}{zlib.adler32(real):08x}.sock")


def private_directory(path: str) -> str:
    """Make a directory that only this user can enter; refuse one that belongs to somebody else."""
    os.makedirs(path, mode=0o700, exist_ok=True)
    found = os.stat(path)
    if found.st_uid != os.getuid():
        raise _wrong("the directory belongs to another user", path, hint="choose another one with --data-dir")
    if found.st_mode & 0o077:
        os.chmod(path, 0o700)
    return path


def _data_dir_in(config: str) -> str | None:
    """The value of `data_dir`, found without a YAML parser; any other form is refused."""
    try:
        with open(config, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.startswith("data_dir:") and line[9:].partition(" #")[0].strip() not in _EMPTY:
                    return _one_path(line.rstrip("\r\n"), config, number)
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "is not UTF-8 text"
        raise _wrong(f"cannot be read: {reason}", config) from None
    return None


def _one_path(line: str, config: str, number: int) -> str:
    import re

    found = re.match(_PLAIN, line)
    if found is None:
        raise _wrong("must be one plain or quoted path on one line", config, line=number, key="data_dir")
    return next(group for group in found.groups() if group)


def _wrong(
    message: str, file: str, line: int | None = None, key: str | None = None, hint: str | None = None
) -> Exception:
    from wirepost.core.errors import ConfigError

    return ConfigError(message, file=file, line=line, key=key, hint=hint)
