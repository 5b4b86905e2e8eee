"""`wirepost config`: what is configured, by whom, and whether it can work."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wirepost.cli.options import Config, Json, Yes, command_group, read_settings
from wirepost.cli.output import MISUSED, print_json, print_note, print_table
from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from wirepost.cli.secret_checks import Looked
    from wirepost.settings import Loaded

app = command_group("Check, show and explain the configuration.")


@app.command()
def check(*, config: Config = None, as_json: Json = False) -> None:
    """List everything that is wrong with the configuration, and look up every secret where it is kept."""
    from wirepost.cli.checks import configuration_problems

    loaded, problems, missing = configuration_problems(config)
    looked = _look_up(loaded)
    told = "\n".join(missing)
    for each in looked:
        if each.error and each.is_vital:
            problems.append(ConfigError(each.error.message, key=each.key, hint=each.error.hint))
        elif each.error and each.error.message not in told:
            missing.append(f"{each.key}: {each.error.message}")
    if as_json:
        print_json(
            {
                "ok": not problems,
                "problems": [
                    {
                        "file": each.file,
                        "line": each.line,
                        "key": each.key,
                        "problem": each.message,
                        "hint": each.hint,
                    }
                    for each in problems
                ],
                "missing": missing,
                "secrets": [each.shown() for each in looked],
            }
        )
    else:
        for problem in problems:
            print_note(f"error: {problem}")
        for text in missing:
            print_note(f"warning: {text}")
        typer.echo("".join(f"{each.told}\n" for each in looked if each.error is None), nl=False)
        if loaded and not problems:
            _call_fine(loaded)
    if problems:
        raise typer.Exit(MISUSED)


@app.command()
def show(*, config: Config = None, as_json: Json = False) -> None:
    """Show every option in force, and who set it."""
    loaded = read_settings(config)
    values = loaded.settings.model_dump(mode="json")
    if as_json:
        print_json({"file": loaded.file, "settings": values})
        return
    print_table(
        ("option", "value", "set by"),
        [(key, _text(value), str(loaded.origin_of(key))) for key, value in _flat(values, "")],
    )


@app.command()
def explain(
    key: Annotated[str, typer.Argument(help="An option, such as server.port.")],
    *,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Explain one option: meaning, kind, default, value in force, variable."""
    from wirepost.core.yaml import dotted
    from wirepost.settings.describe import default_of, type_of
    from wirepost.settings.overlay import PREFIX

    loaded = read_settings(config)
    path, field = _find(key)
    value = _value_at(loaded, key)
    facts = {
        "key": dotted(path),
        "meaning": field.description,
        "kind": type_of(field).replace("`", ""),
        "default": "required" if field.is_required() else _text(default_of(field)),
        "value": _text(value),
        "set by": str(loaded.origin_of(key)),
        "variable": PREFIX + "__".join(str(part).upper().replace("-", "_") for part in path),
    }
    if as_json:
        print_json({**facts, "value": value})
        return
    for name, fact in facts.items():
        typer.echo(f"{name + ':':<10}{fact}")


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="File to write.")] = Path("wirepost.yaml"), *, yes: Yes = False
) -> None:
    """Write a configuration file with every option, commented."""
    from wirepost.settings.describe import example

    if path.exists() and not yes:
        raise ConfigError("is there already", file=str(path), hint="--yes overwrites it")
    try:
        path.write_text(example(), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", file=str(path)) from None
    typer.echo(f"wrote {path}; it changes nothing yet. Check it with: wirepost config check")


@app.command()
def schema() -> None:
    """Print the JSON Schema of the file, for editors."""
    from wirepost.settings.describe import json_schema

    typer.echo(json_schema(), nl=False)


def _call_fine(loaded: Loaded) -> None:
    count = len(loaded.settings.connections)
    source = loaded.file or "no file, the defaults"
    typer.echo(f"fine: {source}; {count} connection{'' if count == 1 else 's'}")


def _look_up(loaded: Loaded | None) -> list[Looked]:
    from wirepost.cli.secret_checks import look_up
    from wirepost.core.clock import Clock

    return asyncio.run(look_up(loaded.settings, Clock())) if loaded else []


def _find(key: str) -> tuple[tuple[str | int, ...], FieldInfo]:
    """The option a key names; elements of lists and groups by name are stepped over."""
    from wirepost.settings import Settings, shape

    path: tuple[str | int, ...] = ()
    annotation: Any = Settings
    field: FieldInfo | None = None
    for part in key.replace("[", ".").replace("]", "").split("."):
        step = int(part) if part.isdecimal() else part
        path = (*path, step)
        model = shape.model_of(annotation)
        field = model.model_fields.get(part) if model else field
        annotation = shape.step(annotation, step)
        if annotation is None or field is None:
            raise ConfigError("there is no such option", key=key[:80], hint=shape.suggestion(Settings, path))
    if field is None:
        raise ConfigError("there is no such option", key=key[:80])
    return path, field


def _value_at(loaded: Loaded, key: str) -> Any:
    value: Any = loaded.settings.model_dump(mode="json")
    for part in key.replace("[", ".").replace("]", "").split("."):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return value


def _flat(value: Any, key: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        return [pair for name, below in value.items() for pair in _flat(below, f"{key}.{name}".lstrip("."))]
    if isinstance(value, list) and any(isinstance(element, dict) for element in value):
        return [pair for index, below in enumerate(value) for pair in _flat(below, f"{key}[{index}]")]
    return [(key, value)]


def _text(value: Any) -> str:
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
