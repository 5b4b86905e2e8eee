"""Everything about a configuration that can be checked without opening a port or asking a provider."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wirepost.core.errors import ConfigError
from wirepost.settings import collect

if TYPE_CHECKING:
    from wirepost.connections.credentials import Checkable
    from wirepost.settings import Loaded


def configuration_problems(
    config: Path | None, overrides: Mapping[str, object] | None = None
) -> tuple[Loaded | None, list[ConfigError], list[str]]:
    """The configuration if it can be read, what keeps a server from starting, and what is merely missing."""
    found = collect(config, overrides=overrides)
    if isinstance(found, list):
        return None, found, []
    problems = [found.locate(error) for error in _unusable(found)]
    missing = [] if problems else list(_missing(found))
    return found, sorted(problems, key=lambda problem: problem.line or 0), missing


def _unusable(loaded: Loaded) -> Iterator[ConfigError]:
    from wirepost.calls.policy import Policy
    from wirepost.cli.offer import offer
    from wirepost.providers import load_provider
    from wirepost.tools.index import all_tools
    from wirepost.toolsets.ai.opening import aliases_of

    are_providers_known = True
    for name, settings in loaded.settings.connections.items():
        try:
            load_provider(settings.provider).check_environment(settings.environment)
        except ConfigError as error:
            are_providers_known = False
            yield ConfigError(
                error.message, key=f"connections.{name}.{error.key or 'provider'}", hint=error.hint
            )
    if are_providers_known:
        try:
            offer(loaded)
        except ConfigError as error:
            yield error
    try:
        aliases_of(loaded.settings)
    except ConfigError as error:
        yield error
    try:
        Policy(loaded.settings.policy.rules).check_against(all_tools())
    except ConfigError as error:
        yield error
    if are_providers_known:
        yield from _wrong_keys(loaded)


def _wrong_keys(loaded: Loaded) -> Iterator[ConfigError]:
    for _, credential in _credentials(loaded):
        try:
            credential.check()
        except ConfigError as error:
            yield error


def _missing(loaded: Loaded) -> Iterator[str]:
    for name, credential in _credentials(loaded):
        problem = credential.problem
        if problem:
            yield f"connections.{name}: {problem}"


def _credentials(loaded: Loaded) -> Iterator[tuple[str, Checkable]]:
    from wirepost.app import connections_of
    from wirepost.core.clock import Clock

    for connection in connections_of(loaded.settings, Clock()).by_name.values():
        yield connection.name, connection.shared.credential
        if connection.shared.user_credential:
            yield connection.name, connection.shared.user_credential
