"""Which configuration, which data directory; built-in modules only, as the thin front must start at once."""

# Importing pathlib alone would double the start of the front.
# ruff: noqa: PTH100, PTH111, PTH113, PTH118, PTH120, PTH123

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG_NAME = "wirepost.yaml"
CONFIG_VARIABLE = "WIREPOST_CONFIG"
DATA_VARIABLE = "WIREPOST__DATA_DIR"

_PLAIN = (
    r"""data_dir:[ \t]+(?:"([^"\\]+)"|'([^']+)'|([^\s#"'&*!|>%@`{\[](?:[^#]|(?<![ \t])#)*?))"""
    r"""[ \t]*(?:(?<=[ \t])#.*)?$"""
)
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
