"""Finds the endpoint of a request; a literal segment wins over a parameter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wirepost.providers.stripe.sandbox.state import Route


class Router:
    """A tree over the segments of the paths."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root: dict[str, Any] = {}
        for route in routes:
            node = self._root
            for segment in [*route.path.strip("/").split("/"), f" {route.method}"]:
                key = "{}" if segment.startswith("{") else segment
                node = node.setdefault(key, {})
            names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
            node["route"] = (route, names)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The endpoint and the values of its path parameters."""
        return self._find(self._root, path.strip("/").split("/"), f" {method}", [])

    def _find(
        self, node: dict[str, Any], segments: list[str], method: str, values: list[str]
    ) -> tuple[Route, dict[str, str]] | None:
        if not segments:
            leaf = node.get(method)
            if leaf is None:
                return None
            route, names = leaf["route"]
            return route, dict(zip(names, values, strict=True))
        segment, rest = segments[0], segments[1:]
        if segment in node and (found := self._find(node[segment], rest, method, values)):
            return found
        if segment and "{}" in node:
            return self._find(node["{}"], rest, method, [*values, segment])
        return None
