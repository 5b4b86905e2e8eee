"""Refusing arguments that do not go together."""

from __future__ import annotations

from wirepost.core.errors import FieldProblem, InvalidCall


def refusal(path: str, problem: str) -> InvalidCall:
    """The refusal of one argument."""
    return InvalidCall(
        "invalid_arguments", f"{path} {problem}", fields=[FieldProblem(path=path, problem=problem)]
    )
