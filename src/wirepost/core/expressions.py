"""Conditions in CEL: checked when they are written, bounded in time and size when they are asked.

The runtime is Google's own in C++: it stops after its budget of iterations, and its regular expressions are
linear. Implementations without such a budget must not take its place: three nested loops stop the process.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from wirepost.core.text import clean_line

if TYPE_CHECKING:
    from cel_expr_python import cel  # type: ignore[import-untyped]

LONGEST = 2000
"""Characters of one condition."""
LONGEST_LIST = 10_000
LONGEST_TEXT = 1 << 20
SLOW_S = 0.035
"""Seconds of processor time after which a condition was too slow; the runtime cannot be told a time."""
STRIKES = 3
"""A condition that was too slow so often is not asked any more."""
_DEEPEST = 20
_LARGEST_INT = 1 << 63

Kind: TypeAlias = Literal["text", "time", "map", "any"]

_PLACE = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*?)(?: \(in container '[^']*'\))?(?:\n|$)", re.DOTALL)
_STATUS = re.compile(r"^[A-Z_]+: (.*?)(?: \[[A-Z_]+\])?$", re.DOTALL)


class BadExpression(ValueError):
    """A condition that cannot be understood; line and column begin at 1, and are 0 where it has no place."""

    def __init__(self, problem: str, line: int = 0, column: int = 0) -> None:
        self.problem, self.line, self.column = problem, line, column
        super().__init__(f"line {line}, column {column}: {problem}" if line else problem)


class CannotTell(ValueError):
    """A condition without an answer: a field is missing or of another type, or it takes too long."""


class Facts:
    """What conditions are asked about; made once for all that are asked."""

    def __init__(self, activation: cel.Activation) -> None:
        self.activation = activation


class Language:
    """CEL with the variables of one kind of thing; `event.type` and `type` mean the same."""

    def __init__(self, name: str, variables: Mapping[str, Kind]) -> None:
        from cel_expr_python import cel

        types: dict[Kind, cel.Type] = {
            "text": cel.Type.STRING,
            "time": cel.Type.TIMESTAMP,
            "map": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
            "any": cel.Type.DYN,
        }
        self._prefix = f"{name}."  # a plain `type` would be CEL's own
        declared = {f"{name}.{variable}": types[kind] for variable, kind in variables.items()}
        self._env = cel.NewEnv(variables=declared, container=name)

    def condition(self, text: str) -> Condition:
        """Understand a condition; raises `BadExpression`."""
        if len(text) > LONGEST:
            raise BadExpression(f"has {len(text)} characters; at most {LONGEST} are read")
        try:
            expression = self._env.compile(text)
        except RuntimeError as error:
            raise _refusal(str(error)) from None
        found = expression.return_type().name()
        if found not in {"BOOL", "DYN"}:
            raise BadExpression(f"gives {found.lower()}, where true or false is needed", 1, 1)
        return Condition(text, expression)

    def facts(self, values: Mapping[str, Any]) -> Facts:
        """Values of variables; one that is absent makes a condition that needs it impossible to tell."""
        return Facts(
            self._env.Activation({self._prefix + name: _bounded(value, 0) for name, value in values.items()})
        )


class Condition:
    """One condition, understood."""

    def __init__(self, text: str, expression: cel.Expression) -> None:
        self.text, self._expression = text, expression
        self._strikes = 0

    def holds(self, facts: Facts) -> bool:
        """The answer; raises `CannotTell`."""
        if self._strikes >= STRIKES:
            raise CannotTell(
                f"it took longer than {SLOW_S * 1000:g} ms {STRIKES} times and is not asked any more"
            )
        began = time.thread_time()
        try:
            answer = self._expression.eval(facts.activation)
        except RuntimeError as error:
            raise CannotTell(_plain(str(error))) from None
        finally:
            self._strikes += time.thread_time() - began > SLOW_S
        value = answer.value()
        if not isinstance(value, bool):
            raise CannotTell(_plain(str(value)))
        return value


def _bounded(value: Any, depth: int) -> Any:
    """The value as CEL can hold it: long ones are cut, whole numbers beyond 64 bits become texts."""
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, int) and not -_LARGEST_INT <= value < _LARGEST_INT:
        return str(value)
    if isinstance(value, dict | list) and depth >= _DEEPEST:
        return None
    if isinstance(value, dict):
        return {str(name): _bounded(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_bounded(item, depth + 1) for item in value[:LONGEST_LIST]]
    return value if isinstance(value, bool | int | float | datetime) else None


def _refusal(message: str) -> BadExpression:
    found = _PLACE.search(message)
    if found is None:
        return BadExpression(_plain(message))
    line, column, problem = found.groups()
    shown = clean_line(problem.split("expecting {")[0], 200).removeprefix("Syntax error: ")
    return BadExpression(shown, max(int(line), 0), max(int(column), 0))


def _plain(message: str) -> str:
    """The runtime's words without its name of the status."""
    found = _STATUS.match(message)
    return clean_line(found[1] if found else message, 200)
