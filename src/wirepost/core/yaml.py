"""YAML 1.2 as plain values with the line of every key; refuses what hides mistakes or costs without bound."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

Path = tuple[str | int, ...]

MAX_BYTES = 1024 * 1024
MAX_NODES = 20_000
"""Counted after aliases are followed, so that a few lines cannot grow into gigabytes."""
MAX_DEPTH = 40

_TAG = "tag:yaml.org,2002:"
_SCALARS = frozenset(_TAG + kind for kind in ("str", "null", "bool", "int", "float", "timestamp", "value"))
_STRING = _TAG + "str"
# The core schema of YAML 1.2.2, section 10.3.2: `yes`, `on` and `1_000` are texts, not booleans and numbers.
_INT = re.compile(r"[-+]?[0-9]+", re.ASCII)
_PREFIXED_INT = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MAX_DIGITS = 400


@dataclass
class Document:
    """The values of one file and where they stand."""

    value: Any
    file: str
    lines: dict[Path, int] = field(default_factory=dict)

    def line_of(self, path: Path) -> int | None:
        """The line of a key or list element, or of the nearest one around it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


def read(text: str, file: str) -> Document:
    """Read one document; raises `ConfigError` with file and line for everything that is wrong with it."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise ConfigError(f"is larger than {MAX_BYTES // 1024} KiB", file=file)
    parser = YAML(typ="safe", pure=True)
    try:
        node = parser.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else None
        raise ConfigError(
            f"is not YAML: {_first_line(error.problem or error.context)}", file=file, line=line
        ) from None
    except (YAMLError, ValueError, IndexError, KeyError, AttributeError, TypeError, AssertionError) as error:
        # The reader reports some kinds of damaged input through such accidents.
        raise ConfigError(f"is not YAML: {_first_line(str(error))}", file=file) from None
    except RecursionError:
        raise ConfigError(f"is nested deeper than {MAX_DEPTH} levels", file=file) from None
    document = Document(None, file)
    if node is not None:
        document.value = _Construction(document).value_of(node, (), 0)
    return document


def _first_line(text: str | None) -> str:
    return (text or "cannot be read").strip().splitlines()[0] if (text or "").strip() else "cannot be read"


class _Construction:
    """Turns nodes into values; aliases are followed and paid for each time."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._nodes = 0

    def value_of(self, node: Any, path: Path, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._error(node, path, f"has more than {MAX_NODES} values")
        if depth > MAX_DEPTH:
            raise self._error(node, path, f"is nested deeper than {MAX_DEPTH} levels")
        if path and path not in self._document.lines:
            self._document.lines[path] = node.start_mark.line + 1
        kind = (node.id, node.tag)
        if kind == ("mapping", _TAG + "map"):
            return self._mapping(node, path, depth)
        if kind == ("sequence", _TAG + "seq"):
            return [self.value_of(child, (*path, index), depth + 1) for index, child in enumerate(node.value)]
        if kind[0] == "scalar" and kind[1] in _SCALARS:
            return _scalar(node)
        raise self._error(
            node, path, f"has the tag {str(node.tag)[:60]!r}", "tags are not used here; remove it"
        )

    def _mapping(self, node: MappingNode, path: Path, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.id != "scalar":
                raise self._error(key_node, path, "has a key that is not a text", "quote the key")
            key = str(key_node.value)
            if key == "<<" and key_node.tag != _STRING:
                raise self._error(key_node, path, "uses a merge key (<<)", "write the keys out")
            if key in result:
                first = self._document.lines[(*path, key)]
                raise self._error(
                    key_node, (*path, key), f"is there twice, first on line {first}", "remove one"
                )
            self._document.lines[(*path, key)] = key_node.start_mark.line + 1
            result[key] = self.value_of(value_node, (*path, key), depth + 1)
        return result

    def _error(self, node: Node, path: Path, message: str, hint: str | None = None) -> ConfigError:
        key = dotted(path) or None
        return ConfigError(
            message, file=self._document.file, line=node.start_mark.line + 1, key=key, hint=hint
        )


def _scalar(node: ScalarNode) -> Any:
    text = str(node.value)
    if node.tag == _STRING or len(text) > _MAX_DIGITS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _PREFIXED_INT.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text


def dotted(path: Path) -> str:
    """A path as people write it: `policy.rules[0].effect`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
