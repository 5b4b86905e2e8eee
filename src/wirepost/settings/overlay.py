"""Layers of the configuration: file, environment and command line put on top of each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_origin

from wirepost.core import yaml
from wirepost.core.errors import ConfigError
from wirepost.core.yaml import Path
from wirepost.settings import shape
from wirepost.settings.models import Settings

PREFIX = "WIREPOST__"


@dataclass(frozen=True)
class Origin:
    """Which layer set an option: a file, a variable, an option of the command line, or nobody."""

    layer: Literal["default", "file", "environment", "command line"]
    place: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.place, self.line) if part is not None)
        return f"{self.layer} {place}".strip()


@dataclass
class Layers:
    """The merged values so far, and where each came from."""

    tree: dict[str, Any] = field(default_factory=dict)
    origins: dict[Path, Origin] = field(default_factory=dict)

    def origin_of(self, path: Path) -> Origin:
        """Where the value at a path came from; the nearest section that is known speaks for it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                return self.origins[path[:length]]
        return Origin("default")

    def put(self, path: Path, value: Any, origin: Origin) -> None:
        """Set one value, over whatever lower layers said."""
        level: Any = self.tree
        for part in path[:-1]:
            below = level.get(part)
            if not isinstance(below, dict):
                below = level[part] = {}
            level = below
        level[path[-1]] = value
        stale = [known for known in self.origins if known[: len(path)] == path]
        for known in stale:
            del self.origins[known]
        self.origins[path] = origin

    def put_document(self, document: yaml.Document, shown: str) -> None:
        """The file; an option without a value keeps its default."""
        if document.value is None:
            return
        if not isinstance(document.value, dict):
            raise ConfigError("must consist of `option: value` lines", file=shown, line=1)
        self.tree = _without_empty(document.value, Settings)
        for path, line in document.lines.items():
            self.origins[path] = Origin("file", shown, line)

    def put_environment(self, environ: Mapping[str, str]) -> None:
        """`WIREPOST__SERVER__PORT` and the like; an empty variable counts as not set."""
        for variable in sorted(environ):
            text = environ[variable].strip()
            if variable in _MISSPELT and text:
                raise ConfigError(
                    "is not read: options are set by names with two underscores",
                    file=variable,
                    hint=f"set {_MISSPELT[variable]} instead",
                )
            if variable.startswith(PREFIX) and text:
                path = self._path_of(variable)
                value = _parse(text, shape.annotation_at(Settings, path), variable)
                self.put(path, value, Origin("environment", variable))

    def put_overrides(self, overrides: Mapping[str, Any]) -> None:
        """Options of the command line, by dotted path."""
        for key, value in overrides.items():
            if value is not None:
                self.put(tuple(key.split(".")), value, Origin("command line"))

    def _path_of(self, variable: str) -> Path:
        path: Path = ()
        annotation: Any = Settings
        level: Any = self.tree
        for part in variable.removeprefix(PREFIX).lower().split("__"):
            name = _existing(part, level) if get_origin(shape.inner(annotation)[0]) is dict else part
            path = (*path, name)
            annotation = shape.step(annotation, name)
            if annotation is None:
                hint = shape.suggestion(Settings, path)
                raise ConfigError("is not a known option", file=variable, key=yaml.dotted(path), hint=hint)
            level = level.get(name) if isinstance(level, dict) else None
        return path


_PLAIN = [[str(part).upper() for part in path] for path, _ in shape.options(Settings)]
_MISSPELT = {
    "_".join(("WIREPOST", *path)): PREFIX + "__".join(path)
    for path in _PLAIN
    if all(part.isidentifier() for part in path)
}
"""How options are called by habit → how they are called."""


def _existing(part: str, level: Any) -> str:
    """A name as the file spells it: variables cannot contain dashes."""
    known = [name for name in level or () if str(name).replace("-", "_").lower() == part]
    return str(known[0]) if known else part.replace("_", "-")


def _parse(text: str, annotation: Any, variable: str) -> Any:
    bare, _ = shape.inner(annotation)
    is_list, is_group = get_origin(bare) is list, get_origin(bare) is dict or shape.model_of(bare) is not None
    if is_list and not text.startswith("["):
        return [part.strip() for part in text.split(",")]
    return yaml.read(text, variable).value if is_list or is_group else text


def _without_empty(value: Any, annotation: Any) -> Any:
    """Drop keys without a value, so that all lines of a section may be comments."""
    if isinstance(value, list):
        return [_without_empty(element, shape.step(annotation, 0)) for element in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, below in value.items():
        expected = shape.step(annotation, key)
        if below is None and expected is not None and not shape.inner(expected)[1]:
            continue
        kept[key] = _without_empty(below, expected)
    return kept
