"""Which model is meant: by alias or by name, and whether callers may use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, get_args

from wirepost.contracts.ai import Models
from wirepost.core.errors import ConfigError, InvalidCall, NotAllowed
from wirepost.settings.ai import AiSettings, Alias

if TYPE_CHECKING:
    from wirepost.connections.connections import Connection
    from wirepost.settings import ConnectionSettings, ModelSettings
    from wirepost.tools.tool import AnyTool

TIMEOUT_S = 40.0
"""For models that are no alias's."""
NAMES: tuple[str, ...] = get_args(Alias)


@dataclass(frozen=True)
class Choice:
    """A model that may be asked."""

    model: str
    """Its name at the provider."""
    alias: str = ""
    """Empty where the model was named itself."""
    timeout_s: float = TIMEOUT_S


class Aliases:
    """The models of the configuration."""

    def __init__(self, settings: AiSettings, connections: Mapping[str, ConnectionSettings]) -> None:
        self._settings, self._connections = settings, connections
        self.by_name: dict[str, ModelSettings] = {str(name): each for name, each in settings.aliases.items()}

    def check(self) -> None:
        """Refuse what cannot be used: raises `ConfigError` with the option."""
        for alias, chosen in self._settings.models.items():
            key, connection = f"ai.models.{alias}", self._connections.get(chosen.connection)
            if connection is None:
                raise ConfigError(
                    f"there is no connection {chosen.connection!r}",
                    key=f"{key}.connection",
                    hint=f"known: {', '.join(self._connections)}",
                )
            if chosen.local_only and not connection.is_on_this_machine:
                message = f"{chosen.connection} is not on this machine"
                raise ConfigError(message, key=f"{key}.local_only", hint="name another connection")
        unknown = next(
            (name for name in self._settings.per_connection if name not in self._connections), None
        )
        if unknown is not None:
            raise ConfigError(f"there is no connection {unknown!r}", key=f"ai.per_connection.{unknown}")

    def prefer(self, tool: AnyTool, own: Mapping[str, Any]) -> str | None:
        """The connection of a call that names none: that of the alias it asks for, if any."""
        if tool.needs is not Models or "endpoint" in own:
            return None
        alias = own.get("model") or self._usual(tool.name)
        chosen = self.by_name.get(alias)
        return chosen.connection if chosen and chosen.connection in self._connections else None

    def choose(self, connection: Connection, asked: str, tool: str = "") -> Choice:
        """The model that a call means; an empty `asked` means the usual one of the connection.

        Raises `InvalidCall` where it is not clear which, and `NotAllowed` for one that callers may not use.
        """
        if asked in NAMES:
            return self._of_alias(connection, asked)
        if not asked:
            return self._usual_of(connection, tool)
        alias = next((name for name, each in self._at(connection).items() if each.model == asked), None)
        if alias is not None:
            return self._of_alias(connection, alias)
        if not self.may_use(connection, asked):
            raise NotAllowed(
                "forbidden_by_policy",
                f"The model {asked[:80]!r} is not allowed on {connection.name}",
                hint=f"Leave out model, or name one of: {', '.join(self.offered(connection)) or 'none'}; an "
                "operator allows more under ai.per_connection in wirepost.yaml",
                detail={"rule": "ai.allow"},
            )
        return Choice(asked)

    def may_use(self, connection: Connection, model: str) -> bool:
        """Whether callers may name this model; what costs nothing is free unless there is a list."""
        patterns = self._patterns(connection)
        if any(each.model == model for each in self._at(connection).values()):
            return True
        if not patterns:
            return connection.settings.is_free
        return any(fnmatchcase(model, pattern) for pattern in patterns)

    def is_limited(self, connection: Connection) -> bool:
        """Whether an operator said which models of a connection may be used, or what they may cost."""
        return bool(self._patterns(connection)) or self.budget(connection.name) is not None

    def offered(self, connection: Connection) -> list[str]:
        """What `model` may be on a connection: aliases, and the patterns of its list."""
        return [*self._at(connection), *self._patterns(connection)]

    def budget(self, connection: str) -> str | None:
        """US dollars that the models of a connection may cost in a day."""
        found = self._settings.per_connection.get(connection)
        return found.max_cost_per_day if found else None

    def budgets_of(self, connection: str, model: str) -> list[str]:
        """US dollars that a model may cost in a day, once for each alias that says so."""
        return [
            each.max_cost_per_day
            for each in self.by_name.values()
            if (each.connection, each.model) == (connection, model) and each.max_cost_per_day is not None
        ]

    def _patterns(self, connection: Connection) -> list[str]:
        found = self._settings.per_connection.get(connection.name)
        return list(found.allow) if found else []

    def _at(self, connection: Connection) -> dict[str, ModelSettings]:
        return {name: each for name, each in self.by_name.items() if each.connection == connection.name}

    def _usual(self, tool: str) -> str:
        return "embed" if tool == "ai_embed_text" and "embed" in self.by_name else "default"

    def _of_alias(self, connection: Connection, alias: str) -> Choice:
        chosen = self.by_name.get(alias)
        if chosen is None:
            raise InvalidCall(
                "invalid_arguments",
                f"The alias {alias} is not configured",
                hint=f"Configured: {', '.join(self.by_name)}",
                fields=[{"path": "model", "problem": "is not configured", "allowed": list(self.by_name)}],
            )
        if chosen.connection != connection.name:
            raise InvalidCall(
                "invalid_arguments",
                f"The alias {alias} is a model of {chosen.connection}",
                hint="Leave out connection",
                fields=[{"path": "connection", "problem": f"does not serve the alias {alias}"}],
            )
        return Choice(chosen.model, alias, chosen.timeout_s)

    def _usual_of(self, connection: Connection, tool: str) -> Choice:
        """The alias that is usual, else any of this connection, else the first model that is allowed."""
        here = self._at(connection)
        usual = self._usual(tool)
        for alias in (usual, *NAMES):
            if alias in here and (alias != "embed" or alias == usual):
                return self._of_alias(connection, alias)
        named = next((each for each in self._patterns(connection) if "*" not in each), None)
        if named is not None:
            return Choice(named)
        raise InvalidCall(
            "invalid_arguments",
            f"No model is configured for {connection.name}; say which",
            hint="ai_list_models lists those that may be used",
            fields=[{"path": "model", "problem": "is required"}],
        )
