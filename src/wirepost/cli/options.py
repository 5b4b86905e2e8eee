"""Options that many commands have, and the settings they lead to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wirepost.core.errors import ConfigError
    from wirepost.settings import Loaded

WANTS_JSON = "wirepost.wants_json"
HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


def _remember(context: typer.Context, value: bool) -> bool:  # noqa: FBT001 - the signature of an option's callback
    """Errors, too, are told in the form that was asked for."""
    context.meta[WANTS_JSON] = value
    return value


Config = Annotated[
    Path | None, typer.Option("--config", help="Configuration file.", show_default="wirepost.yaml")
]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Data directory.", show_default="the configured one")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.", callback=_remember, is_eager=True)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def command_group(summary: str) -> typer.Typer:
    """The commands of one noun."""
    return typer.Typer(
        help=summary,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        context_settings=HELP_OPTIONS,
    )


def single_command() -> typer.Typer:
    """A command without subcommands."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=HELP_OPTIONS)


def nobody_to_ask() -> ConfigError:
    """For a command that would ask first, where input is no terminal or a program reads the output."""
    from wirepost.core.errors import ConfigError

    return ConfigError("nobody can be asked here", hint="--yes goes ahead")


def confirm(question: str, *, as_json: bool) -> None:
    """Ask whether to go ahead, and end the command if not; raises `ConfigError` where JSON is printed."""
    if as_json:
        raise nobody_to_ask()
    typer.confirm(question, abort=True, err=True)


def moment(text: str, option: str) -> float:
    """A time that was given for an option, in seconds since 1970; raises `ConfigError`."""
    from wirepost.core.clock import Clock
    from wirepost.core.errors import CallError, ConfigError
    from wirepost.core.times import parse

    try:
        return parse(text, now=Clock().now(), path=option).timestamp()
    except CallError as error:
        raise ConfigError(f"{option}: {error.message}", hint=error.hint) from None


def read_settings(
    config: Path | None, data_dir: Path | None = None, overrides: Mapping[str, object] | None = None
) -> Loaded:
    """The configuration as the options ask for it; raises `ConfigError`."""
    from wirepost.settings import load

    return load(config, overrides={"data_dir": str(data_dir) if data_dir else None, **(overrides or {})})
