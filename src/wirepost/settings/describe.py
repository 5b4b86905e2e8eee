"""The configuration described from its models: commented example file, reference page, JSON Schema."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from types import UnionType
from typing import Any, get_args, get_origin

import orjson
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from wirepost.core.yaml import Path
from wirepost.settings import shape
from wirepost.settings.connections import default_connections
from wirepost.settings.models import Settings
from wirepost.settings.overlay import PREFIX

_WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z][\w-]*(:[A-Z_]+)?", re.ASCII)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
_HEAD = """\
# Configuration of Wirepost. Every option is here: a line with # and no space is an option with its default
# or an example; remove the # to set it. Each can also be set by a variable, such as
# WIREPOST__SERVER__PORT=9000. Secrets do not belong here: write env:NAME or file:/absolute/path.
"""
_SANDBOXES = "\n".join(
    [
        "  # Without an account: imitations of the vendors, all with the data of the same small shop.",
        *(
            f"  {name}: {{provider: {each.provider}, environment: {each.environment}}}"
            for name, each in default_connections().items()
        ),
        "",
    ]
)
_SAID_OTHERWISE: dict[Path, str] = {
    ("data_dir",): "see meaning",
    ("connections",): ", ".join(f"`{name}`" for name in default_connections()),
}
_NAMES = {
    "connections": "stripe-test",
    "webhooks": "default",
    "jobs": "export",
    "subscriptions": "refunds",
    "http": "our-service",
    "slack": "support-room",
    "command": "agent",
    "claude_routine": "routine",
    "email": "support-mail",
    "models": "fast",
    "per_connection": "openai-live",
}
"""What the element in the example is called, by the group it belongs to."""


def example() -> str:
    """The configuration file with every option commented; as it stands it changes nothing."""
    lines = [_HEAD]
    for name, field in Settings.model_fields.items():
        lines += ["", *_described(field, 0)]
        lines += _option(name, field, 0, is_live=True)
    return "\n".join(lines) + "\n"


def _option(name: str, field: FieldInfo, indent: int, *, is_live: bool) -> Iterator[str]:
    bare, _ = shape.inner(field.annotation)
    model, element = shape.model_of(bare), _element(bare)
    mark = " " * indent + ("" if is_live else "#")
    if element is not None and not field.examples:
        yield f"{mark}{name}:"
        yield from _elements(name, bare, element, indent + 2)
    elif model is not None and not field.examples:
        yield f"{mark}{name}:"
        for below, about in model.model_fields.items():
            yield from _described(about, indent + 2)
            yield from _option(below, about, indent + 2, is_live=False if _is_leaf(about) else is_live)
    else:
        yield f"{' ' * indent}#{name}: {_shown(field)}".rstrip()


def _elements(name: str, bare: Any, element: type[BaseModel], indent: int) -> Iterator[str]:
    """One commented element of a group by name or of a list."""
    is_list = get_origin(bare) is list
    if name in _NAMES:
        if name == "connections":
            yield _SANDBOXES
        yield f"{' ' * indent}#{_NAMES[name]}:"
    for number, (below, about) in enumerate(element.model_fields.items()):
        yield from _described(about, indent + 2)
        lines = list(_option(below, about, indent + 2, is_live=False))
        if is_list and number == 0:
            lines[0] = f"{' ' * indent}#- {lines[0].strip().removeprefix('#')}"
        yield from lines


def _described(field: FieldInfo, indent: int) -> list[str]:
    text = field.description or ""
    words = shape.choices(field.annotation)
    if words:
        text += f" ({', '.join(words)})"
    prefix = " " * indent + "# "
    return textwrap.wrap(text, _WIDTH, initial_indent=prefix, subsequent_indent=prefix)


def _element(bare: Any) -> type[BaseModel] | None:
    """The group that stands in a list or by name, where it may also be written shorter."""
    if get_origin(bare) not in (dict, list):
        return None
    below = get_args(bare)[-1]
    kinds = get_args(below) if get_origin(below) is UnionType else (below,)
    return next(filter(None, map(shape.model_of, kinds)), None)


def _is_leaf(field: FieldInfo) -> bool:
    bare, _ = shape.inner(field.annotation)
    return (shape.model_of(bare) or _element(bare)) is None or bool(field.examples)


def _shown(field: FieldInfo) -> str:
    if field.examples:
        return _flow(field.examples[0])
    return _flow(default_of(field))


def default_of(field: FieldInfo) -> Any:
    """The default as plain data; `None` where there is none."""
    if field.is_required():
        return None
    value = field.get_default(call_default_factory=True)
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _flow(value: Any) -> str:
    """A value as YAML on one line."""
    if value is None:
        return ""
    if isinstance(value, list):
        return f"[{', '.join(_flow(each) for each in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_flow(each)}" for name, each in value.items()) + "}"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value not in _WORDS:
        return value
    return orjson.dumps(value, default=str).decode()


def reference() -> str:
    """The reference page: every option with type, default and variable."""
    parts = [_REFERENCE_HEAD, _section((), Settings)]
    for path, field in shape.options(Settings):
        bare, _ = shape.inner(field.annotation)
        model = shape.model_of(bare) or _element(bare)
        if model is not None:
            below: Path = path if shape.model_of(bare) else (*path, _placeholder(bare))
            parts.append(_section(below, model))
    return "\n".join(parts)


_REFERENCE_HEAD = f"""\
# Configuration

<!-- Generated from the models in `src/wirepost/settings/`; change them and run `make generate`. -->

Wirepost reads `wirepost.yaml` in the working directory, the file named by `--config`, or the one named by
`WIREPOST_CONFIG`.
Without a file it serves the sandbox.
The command line wins over the environment, the environment over the file, the file over the defaults.

- **Variables** are named after the option: `server.port` is `{PREFIX}SERVER__PORT`.
  In names a dash is written as an underscore:
  `connections.stripe-live.key` is `{PREFIX}CONNECTIONS__STRIPE_LIVE__KEY`.
  Lists are separated by commas or written as JSON, groups are written as JSON.
  An empty variable counts as not set.
- **Secrets** are references: `env:NAME` reads a variable, `file:/absolute/path` a file;
  [keep secrets](../how-to/keep-secrets.md) lists the other places.
  A secret in the file itself is refused.
- **Mistakes** are named by file, line and key: `wirepost config check` lists all of them.
- **Commands**: `wirepost config init` writes a file with every option commented,
  `wirepost config explain KEY` explains one option,
  and `wirepost config show` prints what is in force and who set it.
"""


def _placeholder(bare: Any) -> str:
    return "<name>" if get_origin(bare) is dict else "[]"


def _section(path: Path, model: type[BaseModel]) -> str:
    title = "Top level" if not path else f"`{'.'.join(str(part) for part in path).replace('.[]', '[]')}`"
    lines = [f"## {title}", "", " ".join((model.__doc__ or "").split()), ""]
    lines += ["| Option | Type | Default | Meaning |", "| --- | --- | --- | --- |"]
    for name, field in model.model_fields.items():
        cells = (
            f"`{name}`",
            type_of(field),
            _default_cell((*path, name), field),
            (field.description or "").replace("|", "\\|"),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def type_of(field: FieldInfo) -> str:
    """The kind of value in a person's words."""
    return _type(field.annotation)


def _type(annotation: Any) -> str:
    bare, _ = shape.inner(annotation)
    words = shape.choices(bare)
    if words:
        return ", ".join(f"`{word}`" for word in words)
    if shape.model_of(bare) is not None:
        return "group"
    if get_origin(bare) is list:
        return f"list of {_type(get_args(bare)[0]).replace('group', 'groups').replace('text', 'texts')}"
    if get_origin(bare) is dict:
        return "group by name" if shape.model_of(get_args(bare)[1]) else "group of texts"
    if get_origin(bare) is UnionType:
        return " or ".join(_type(each) for each in get_args(bare))
    kinds = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}
    return kinds.get(
        bare.__name__,
        {"Path": "path", "SecretRef": "reference", "datetime": "time"}.get(bare.__name__, "text"),
    )


def _default_cell(path: Path, field: FieldInfo) -> str:
    bare, _ = shape.inner(field.annotation)
    if field.is_required():
        return "required"
    if shape.model_of(bare) is not None and field.default_factory is not None:
        return "see below"
    if path in _SAID_OTHERWISE:
        return _SAID_OTHERWISE[path]
    shown = _flow(default_of(field))
    return f"`{shown}`" if shown not in ("", "[]", "{}") else "empty"


def json_schema() -> str:
    """JSON Schema of the file, for editors."""
    schema = Settings.model_json_schema()
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of Wirepost",
        **{key: value for key, value in schema.items() if key != "title"},
    }
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode() + "\n"
