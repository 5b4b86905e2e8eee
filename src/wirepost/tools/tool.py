"""`@tool`: the declaration of a tool is its function; everything else is read from it."""

from __future__ import annotations

import enum
import inspect
import typing
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    TypeVar,
    get_args,
    get_origin,
)

from pydantic import BaseModel, ConfigDict, Field, create_model

from wirepost.tools import schema
from wirepost.tools.context import Call
from wirepost.tools.contract import Contract
from wirepost.tools.jobs import JobHandle, Started
from wirepost.tools.results import Page, Plan, Result

if TYPE_CHECKING:
    from wirepost.contracts.provider import Provider

P = ParamSpec("P")
R = TypeVar("R")
Api = TypeVar("Api")


class Risk(enum.StrEnum):
    """What a tool may break; decides its hints, its common arguments and the default policy."""

    READ = "R"
    WRITE = "W1"
    VISIBLE = "W2"
    MONEY = "W3"
    DESTRUCTIVE = "W4"

    @property
    def is_read(self) -> bool:
        """No visible side effect at all."""
        return self is Risk.READ

    @property
    def has_preview(self) -> bool:
        """W2–W4: can be previewed, may need a confirmation."""
        return self not in (Risk.READ, Risk.WRITE)


class Argument(BaseModel):
    """Base of nested argument models (`items[]`, `changes[]`): unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Option:
    """A common argument (`tools.options`) that a tool has because of its risk, result or connection."""

    name: str
    annotation: Any
    default: Any = None


LISTED = ("type", "description", "enum", "items")
"""Keywords of a common argument that are worth their place in every tool."""


@dataclass(frozen=True, eq=False)
class Tool(Generic[Api, P, R]):
    """One tool: the operation, and what clients, policy and documents need to know of it."""

    operation: Callable[Concatenate[Call[Api], P], Awaitable[R]]
    name: str
    title: str
    summary: str
    """First line of the docstring."""
    details: str
    """The rest of the docstring; part of the description."""
    risk: Risk
    scopes: tuple[str, ...]
    """Permissions at the provider, in its own words; each is needed, `a|b` means one of the two."""
    is_idempotent: bool
    example: dict[str, Any]
    """Arguments that work in the sandbox world."""
    long_help: str
    needs: Any
    """What `Call[…]` names: a vendor's client class, or one of our own objects."""
    returns: Any
    """The result model, or the record model of a page."""
    is_page: bool
    starts_job: bool = False
    """The operation returns `Started`, always or sometimes; it happens once for an intent, as writes do."""
    _attached: dict[str, Callable[..., Any]] = field(default_factory=dict)

    @property
    def toolset(self) -> str:
        """The prefix of the name; what only one CRM has belongs with what all have."""
        prefix = self.name.partition("_")[0]
        return "crm" if prefix in {"hubspot", "salesforce"} else prefix

    @property
    def description(self) -> str:
        """What a model reads."""
        return f"{self.summary} {self.details}".strip()

    @property
    def planner(self) -> Callable[..., Awaitable[Plan]] | None:
        """The function attached with `.plan`, if any."""
        return self._attached.get("plan")

    @property
    def reconciler(self) -> Callable[..., Awaitable[R | None]] | None:
        """The function attached with `.reconcile`, if any."""
        return self._attached.get("reconcile")

    def plan(
        self, function: Callable[Concatenate[Call[Api], P], Awaitable[Plan]]
    ) -> Callable[Concatenate[Call[Api], P], Awaitable[Plan]]:
        """Attach what an execution would do; same signature as the operation; reads only."""
        return self._attach("plan", function)

    def reconcile(
        self, function: Callable[Concatenate[Call[Api], P], Awaitable[R | None]]
    ) -> Callable[Concatenate[Call[Api], P], Awaitable[R | None]]:
        """Attach "did it happen?": finds the result of an earlier attempt by reading, or `None`."""
        return self._attach("reconcile", function)

    def _attach(self, role: str, function: Callable[..., Any]) -> Callable[..., Any]:
        if list(inspect.signature(function).parameters) != list(inspect.signature(self.operation).parameters):
            msg = f"{self.name}: .{role} must take the arguments of the operation"
            raise TypeError(msg)
        self._attached[role] = function
        return function

    @cached_property
    def own_arguments(self) -> dict[str, tuple[Any, Any]]:
        """Name → (annotation, default) of the arguments that the operation declares."""
        hints = typing.get_type_hints(self.operation, include_extras=True)
        parameters = list(inspect.signature(self.operation).parameters.values())[1:]
        return {
            p.name: (hints[p.name], ... if p.default is inspect.Parameter.empty else p.default)
            for p in parameters
        }

    @cached_property
    def options(self) -> tuple[Option, ...]:
        """The common arguments this tool has."""
        from wirepost.tools.options import options_for

        return options_for(self)

    @cached_property
    def arguments_model(self) -> type[BaseModel]:
        """Validates a call's arguments, common ones included; unknown names are errors."""
        fields: dict[str, Any] = dict(self.own_arguments)
        taken = sorted(option.name for option in self.options if option.name in fields)
        if taken:
            msg = f"{self.name}: {taken[0]} is a common argument and cannot be declared"
            raise TypeError(msg)
        fields.update({option.name: (option.annotation, option.default) for option in self.options})
        config = ConfigDict(extra="forbid", defer_build=True)  # the validator waits for the first call
        return create_model(f"{self.name}_arguments", __config__=config, **fields)

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """The portable JSON Schema of the arguments.

        Common arguments come in every tool, so only their types are listed; the server's instructions give
        their bounds and defaults once.
        """
        portable = schema.of_model(self.arguments_model)
        listed = portable["properties"]
        for option in self.options:
            listed[option.name] = {
                key: listed[option.name][key] for key in LISTED if key in listed[option.name]
            }
        return portable

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        """The schema of `structuredContent` with the fields of the result, errors included."""
        return schema.envelope(self.returns, is_page=self.is_page)

    @property
    def hints(self) -> dict[str, bool]:
        """The four MCP annotations, all stated."""
        return {
            "readOnlyHint": self.risk.is_read,
            "destructiveHint": self.risk in (Risk.MONEY, Risk.DESTRUCTIVE),
            "idempotentHint": self.is_idempotent,
            "openWorldHint": self.is_provider_tool,
        }

    def runs_on(self, provider: Provider) -> bool:
        """Whether a provider's connections are what this tool needs."""
        return provider.can_serve(self.needs)

    @cached_property
    def is_provider_tool(self) -> bool:
        """Runs on a connection (as against our own tools)."""
        from wirepost.upstream.client import Client

        return isinstance(self.needs, type) and issubclass(self.needs, (Client, Contract))


def tool(
    risk: Risk,
    *,
    scopes: Iterable[str] = (),
    title: str | None = None,
    example: dict[str, Any] | None = None,
    long_help: str = "",
    idempotent: bool | None = None,
) -> Callable[[Callable[Concatenate[Call[Api], P], Awaitable[R]]], Tool[Api, P, R]]:
    """Declare the decorated function as a tool; its name and docstring are the tool's."""

    def declare(operation: Callable[Concatenate[Call[Api], P], Awaitable[R]]) -> Tool[Api, P, R]:
        hints = typing.get_type_hints(operation, include_extras=True)
        call_parameter = next(iter(inspect.signature(operation).parameters))
        returns = hints["return"]
        is_page = get_origin(returns) is Page
        starts_job = Started in (returns, *get_args(returns))
        results = [each for each in get_args(returns) if each is not Started]
        returns = (results[0] if results else JobHandle) if starts_job else returns
        doc = inspect.cleandoc(operation.__doc__ or "")
        summary, _, details = doc.partition("\n")
        name, needs = operation.__name__, get_args(hints[call_parameter])[0]
        if scopes and isinstance(needs, type) and issubclass(needs, Contract):
            msg = f"{name}: what a tool on a contract needs differs by vendor (`Provider.contract_scopes`)"
            raise TypeError(msg)
        prefix, _, words = name.partition("_")
        return Tool(
            operation=operation,
            name=name,
            title=title or f"{words.replace('_', ' ').capitalize()} ({prefix.capitalize()})",
            summary=summary.strip(),
            details=" ".join(details.split()),
            risk=risk,
            scopes=tuple(scopes),
            is_idempotent=True if idempotent is None else idempotent,
            example=example or {},
            long_help=inspect.cleandoc(long_help),
            needs=needs,
            returns=get_args(returns)[0] if is_page else returns,
            is_page=is_page,
            starts_job=starts_job,
        )

    return declare


def tools_in(*modules: ModuleType) -> tuple[Tool[Any, Any, Any], ...]:
    """Every tool that the given modules declare, in order of definition."""
    return tuple(value for module in modules for value in vars(module).values() if isinstance(value, Tool))


AnyTool = Tool[Any, ..., Any]
__all__ = [
    "Annotated",
    "AnyTool",
    "Argument",
    "Field",
    "Option",
    "Result",
    "Risk",
    "Tool",
    "tool",
    "tools_in",
]
