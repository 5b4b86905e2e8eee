"""`expand[]`: objects in place of their ids (https://docs.stripe.com/api/expanding_objects)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wirepost.providers.stripe.sandbox.errors import StripeError
from wirepost.providers.stripe.sandbox.state import State
from wirepost.providers.stripe.sandbox.tables import Row

DEEPEST = 4
References = Mapping[str, Mapping[str, str]]
"""Kind of object → path of a field inside it → table that its ids lead to."""
Includes = Mapping[tuple[str, str], Callable[[State, Row], Row]]
"""Lists that are only there when they are asked for."""


class Expander:
    """Replaces ids by objects along the asked paths, copying only what lies on them."""

    def __init__(self, references: References, includes: Includes) -> None:
        self._references, self._includes = references, includes

    def expand(self, state: State, row: Row, paths: list[str]) -> Row:
        """The object with every path expanded."""
        for path in paths:
            names = path.split(".")
            if len(names) > DEEPEST:
                message = f"You cannot expand more than {DEEPEST} levels of a property: {path}"
                raise StripeError(message, param="expand")
            row = self._walk(state, row, names, ("", ""), path)
        return row

    def _walk(self, state: State, node: Any, names: list[str], place: tuple[str, str], path: str) -> Any:
        if isinstance(node, list):
            return [self._walk(state, item, names, place, path) for item in node]
        if not names or not isinstance(node, dict):
            return node
        name, rest = names[0], names[1:]
        kind = node.get("object", place[0])
        inside = name if "object" in node else f"{place[1]}.{name}"
        child = self._child(state, node, (kind, inside), path)
        return {**node, name: self._walk(state, child, rest, (kind, inside), path)}

    def _child(self, state: State, node: Row, place: tuple[str, str], path: str) -> Any:
        name = place[1].rpartition(".")[2]
        child = node.get(name)
        table = self._references.get(place[0], {}).get(place[1])
        if table is not None:
            return state.table(table).find(child) or child if isinstance(child, str) else child
        if (include := self._includes.get(place)) is not None:
            return include(state, node) if child is None else child
        if isinstance(child, dict | list):
            return child
        if child is None and name in node:
            return None
        message = f"This property cannot be expanded ({path})."
        raise StripeError(message, param="expand")
