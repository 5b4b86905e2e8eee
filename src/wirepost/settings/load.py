"""Reads the configuration: defaults, then file, environment and command line; mistakes by place and name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from wirepost.core import yaml
from wirepost.core.errors import ConfigError
from wirepost.core.paths import DATA_VARIABLE, find_config, find_data_directory
from wirepost.core.secret_refs import has_known_secret
from wirepost.core.yaml import Path
from wirepost.settings.models import Settings
from wirepost.settings.overlay import Layers, Origin
from wirepost.settings.problems import problems_in

_KEY = re.compile(r"[^.\[\]]+")
_SECRET_HINT = "keep it elsewhere and write env:NAME or file:/absolute/path"  # noqa: S105 - says where secrets go


@dataclass(frozen=True)
class Loaded:
    """Settings together with where each came from."""

    settings: Settings
    file: str | None
    layers: Layers

    def origin_of(self, key: str) -> Origin:
        """Who set an option, by its dotted key; nobody, where only its group was set."""
        path = self._path(key)
        level: Any = self.layers.tree
        for part in path:
            if not isinstance(level, dict | list):
                break  # a line that stands for a whole group, or nothing
            level = _below(level, part)
        return Origin("default") if level is None else self.layers.origin_of(path)

    def locate(self, error: ConfigError) -> ConfigError:
        """The same error with file and line, for checks that only knew the key."""
        if error.file is not None or error.key is None:
            return error
        origin = self.layers.origin_of(self._path(error.key))
        return ConfigError(error.message, file=origin.place, line=origin.line, key=error.key, hint=error.hint)

    def _path(self, key: str) -> Path:
        path: Path = ()
        level: Any = self.layers.tree
        for part in _KEY.findall(key):
            step: str | int = part
            if isinstance(level, list):
                ids = [element.get("id") if isinstance(element, dict) else None for element in level]
                step = ids.index(part) if part in ids else int(part) if part.isdecimal() else part
            path = (*path, step)
            level = _below(level, step)
        return path


def _below(level: Any, part: str | int) -> Any:
    try:
        return level[part]
    except (KeyError, IndexError, TypeError):
        return None


def load_settings(
    path: FilePath | str | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings; raises the first `ConfigError` by line. `overrides` are by dotted key (`server.port`)."""
    return load(path, environ, overrides).settings


def load(
    path: FilePath | str | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Loaded:
    """The settings and their origins; raises the first `ConfigError` by line."""
    loaded = collect(path, environ, overrides)
    if isinstance(loaded, list):
        raise loaded[0]
    return loaded


def collect(
    path: FilePath | str | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Loaded | list[ConfigError]:
    """The settings, or everything that is wrong with them."""
    environ = os.environ if environ is None else environ
    overrides = overrides or {}
    try:
        file = find_config(str(path) if path else None, environ)
        layers = _layers(file, environ, overrides)
    except ConfigError as error:
        return [error]
    secrets = list(_literal_secrets(layers))
    if secrets:
        return secrets
    try:
        settings = Settings.model_validate(layers.tree)
    except ValidationError as error:
        return problems_in(error, layers)
    return Loaded(settings, file, layers)


def _layers(file: str | None, environ: Mapping[str, str], overrides: Mapping[str, Any]) -> Layers:
    layers = Layers()
    if file:
        shown = _shown(file)
        layers.put_document(yaml.read(_text(file, shown), shown), shown)
    layers.put_environment(environ)
    layers.put_overrides(overrides)
    _settle_data_dir(layers, file, environ, overrides)
    return layers


def _text(file: str, shown: str) -> str:
    try:
        with FilePath(file).open("rb") as stream:
            raw = stream.read(yaml.MAX_BYTES + 1)
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", file=shown) from None
    except UnicodeDecodeError:
        raise ConfigError("is not text in UTF-8", file=shown) from None


def _shown(file: str) -> str:
    """The file as the person would name it."""
    relative = os.path.relpath(file)
    return file if relative.startswith("..") else relative


def _settle_data_dir(
    layers: Layers, file: str | None, environ: Mapping[str, str], overrides: Mapping[str, Any]
) -> None:
    """The same answer as the thin front finds without a YAML parser, or an error."""
    written = layers.tree.get("data_dir")
    if written is not None and not isinstance(written, (str, FilePath)):
        return
    option = overrides.get("data_dir")
    found = find_data_directory(str(option) if option else None, file, environ)
    origin = layers.origin_of(("data_dir",))
    if file and origin.layer == "file" and written:
        # `Path.expanduser` raises for a user that does not exist, this one leaves the text as it is.
        expanded = os.path.expanduser(str(written))  # noqa: PTH111
        expected = os.path.normpath(FilePath(file).parent / expanded)
        if found != expected:
            raise ConfigError(
                "must be one plain or quoted path on one line",
                file=origin.place,
                line=origin.line,
                key="data_dir",
            )
    if origin.layer == "default" and environ.get(DATA_VARIABLE):
        origin = Origin("environment", DATA_VARIABLE)
    layers.put(("data_dir",), found, origin)


def _literal_secrets(layers: Layers) -> Iterator[ConfigError]:
    """Secrets that stand in the open anywhere; the message never repeats them."""
    # A path may hold words that look like a secret, and is none.
    values = {name: value for name, value in layers.tree.items() if name != "data_dir"}
    for path, is_key in _texts(values, ()):
        origin = layers.origin_of(path)
        shown = None if is_key or any(has_known_secret(str(part)) for part in path) else yaml.dotted(path)
        yield ConfigError(
            "a secret stands here in the open",
            file=origin.place,
            line=origin.line,
            key=shown,
            hint=_SECRET_HINT,
        )


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, bool]]:
    if isinstance(value, dict):
        for key, below in value.items():
            if has_known_secret(str(key)):
                yield (*path, key), True
            yield from _texts(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _texts(below, (*path, index))
    elif isinstance(value, str) and has_known_secret(value):
        yield path, False
