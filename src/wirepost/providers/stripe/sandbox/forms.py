"""Form bodies with brackets, and what each parameter may be (https://docs.stripe.com/api/request-body)."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wirepost.providers.stripe.sandbox.errors import StripeError, missing_parameter, unknown_parameters

Tree = dict[str, "str | Tree"]
Node = str | Tree

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")
_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_MAX_DEPTH = 8


def tree_of(fields: Iterable[tuple[str, str]]) -> Tree:
    """Nest `items[0][price]=p` and `expand[]=a`; lists stay dictionaries of indexes until they are read."""
    root: Tree = {}
    for name, value in fields:
        match = _KEY.fullmatch(name)
        if match is None or match[2].count("[") > _MAX_DEPTH:
            message = f"Invalid parameter name: {name}"
            raise StripeError(message)
        _put(root, [match[1], *_PART.findall(match[2])], value, name)
    return root


def _put(root: Tree, path: list[str], value: str, name: str) -> None:
    node = root
    for part in path[:-1]:
        child = node.setdefault(part or str(len(node)), {})
        if isinstance(child, str):
            raise _not_both(name)
        node = child
    last = path[-1] or str(len(node))
    if isinstance(node.get(last), dict):
        raise _not_both(name)
    node[last] = value


def _not_both(name: str) -> StripeError:
    message = f"Invalid parameter: {name} is a value in one place and an object in another"
    return StripeError(message, param=name)


class Param(ABC):
    """What one parameter may be; `read` returns its value or raises Stripe's error."""

    is_required = False

    @abstractmethod
    def read(self, node: Node, path: str) -> Any:
        """The value at `path`."""

    def children(self) -> Mapping[str, Param]:
        """Named parts."""
        return {}


class Text(Param):
    """A string; an empty one unsets where that is possible."""

    def __init__(self, longest: int = 5000, *, can_unset: bool = False, is_required: bool = False) -> None:
        self.longest, self.can_unset, self.is_required = longest, can_unset, is_required

    def read(self, node: Node, path: str) -> str | None:
        """The string, `None` for an empty one."""
        if not isinstance(node, str):
            message = f"Invalid string: {path} must not be an object"
            raise StripeError(message, param=path)
        if not node:
            if self.can_unset:
                return None
            message = (
                f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset "
                f"a parameter; however '{path}' cannot be unset. You should remove '{path}' from your "
                "request or supply a non-empty value."
            )
            raise StripeError(message, code="parameter_invalid_empty", param=path)
        if len(node) > self.longest:
            message = f"Invalid string: {node[:8]}…; must be at most {self.longest} characters"
            raise StripeError(message, param=path)
        return node


class Choice(Text):
    """One of a few strings."""

    def __init__(self, *allowed: str, can_unset: bool = False, is_required: bool = False) -> None:
        super().__init__(can_unset=can_unset, is_required=is_required)
        self.allowed = allowed

    def read(self, node: Node, path: str) -> str | None:
        """The chosen string."""
        value = super().read(node, path)
        if value is not None and value not in self.allowed:
            *most, last = self.allowed
            choices = f"{', '.join(most)}, or {last}" if most else last
            message = f"Invalid {path}: must be one of {choices}"
            raise StripeError(message, param=path)
        return value


class Whole(Param):
    """An integer."""

    def __init__(self, least: int | None = None, *, is_required: bool = False) -> None:
        self.least, self.is_required = least, is_required

    def read(self, node: Node, path: str) -> int:
        """The number."""
        if not isinstance(node, str) or not _NUMBER.fullmatch(node):
            message = f"Invalid integer: {node if isinstance(node, str) else path}"
            raise StripeError(message, code="parameter_invalid_integer", param=path)
        if self.least is not None and int(node) < self.least:
            word = {0: "non-negative", 1: "positive"}.get(self.least, f"at least {self.least}:")
            message = f"Invalid {word} integer"
            raise StripeError(message, code="parameter_invalid_integer", param=path)
        return int(node)


class Flag(Param):
    """A boolean."""

    def read(self, node: Node, path: str) -> bool:
        """The truth."""
        if node not in ("true", "false"):
            message = f"Invalid boolean: {node if isinstance(node, str) else path}"
            raise StripeError(message, param=path)
        return node == "true"


class Fields(Param):
    """An object with named parts."""

    def __init__(
        self, parts: Mapping[str, Param], *, can_unset: bool = False, is_required: bool = False
    ) -> None:
        self.parts, self.can_unset, self.is_required = parts, can_unset, is_required

    def read(self, node: Node, path: str) -> dict[str, Any] | None:
        """The parts that are there."""
        if self.can_unset and node == "":
            return None
        return read_fields(_as_tree(node, path), self.parts, path)

    def children(self) -> Mapping[str, Param]:
        """The parts."""
        return self.parts


class Many(Param):
    """A list."""

    def __init__(self, item: Param, *, is_required: bool = False) -> None:
        self.item, self.is_required = item, is_required

    def read(self, node: Node, path: str) -> list[Any]:
        """The items in the order of their indexes."""
        if node == "":
            return []
        tree = _as_tree(node, path, "array")
        if not all(index.isascii() and index.isdecimal() for index in tree):
            message = "Invalid array"
            raise StripeError(message, param=path)
        return [self.item.read(tree[index], f"{path}[{index}]") for index in sorted(tree, key=int)]

    def children(self) -> Mapping[str, Param]:
        """The one kind of item."""
        return {"[]": self.item}


class Metadata(Param):
    """Names and values of the caller's own (https://docs.stripe.com/metadata); an empty value removes one."""

    most, longest_name, longest_value = 50, 40, 500

    def read(self, node: Node, path: str) -> dict[str, str]:
        """Name → value."""
        if node == "":
            return {"": ""}
        tree = _as_tree(node, path)
        for name, value in tree.items():
            if not isinstance(value, str):
                message = f"Invalid string: metadata values must be strings, {name} is an object"
                raise StripeError(message, param=f"{path}[{name}]")
            if len(name) > self.longest_name or len(value) > self.longest_value:
                message = (
                    f"Metadata names can have up to {self.longest_name} characters and values up to "
                    f"{self.longest_value}"
                )
                raise StripeError(message, param=f"{path}[{name[: self.longest_name]}]")
        if len(tree) > self.most:
            message = f"You can specify up to {self.most} metadata keys"
            raise StripeError(message, param=path)
        return {name: value for name, value in tree.items() if isinstance(value, str)}


class Span(Param):
    """A time, or a range of times with `gt`, `gte`, `lt`, `lte`."""

    parts: Mapping[str, Param] = {name: Whole() for name in ("gt", "gte", "lt", "lte")}

    def read(self, node: Node, path: str) -> dict[str, int]:
        """The bounds; one time is both."""
        if isinstance(node, str):
            at = Whole().read(node, path)
            return {"gte": at, "lte": at}
        return read_fields(node, self.parts, path)

    def children(self) -> Mapping[str, Param]:
        """The bounds."""
        return self.parts


def within(bounds: Mapping[str, int], value: int | None) -> bool:
    """Is the time inside a `Span`?"""
    if value is None:
        return False
    return (
        value > bounds.get("gt", value - 1)
        and value >= bounds.get("gte", value)
        and value < bounds.get("lt", value + 1)
        and value <= bounds.get("lte", value)
    )


def read_fields(tree: Tree, params: Mapping[str, Param], path: str = "") -> dict[str, Any]:
    """The parameters that are there; unknown and missing ones are errors."""
    unknown = [_join(path, name) for name in tree if name not in params]
    if unknown:
        raise unknown_parameters(unknown)
    for name, param in params.items():
        if param.is_required and name not in tree:
            raise missing_parameter(_join(path, name))
    return {name: params[name].read(node, _join(path, name)) for name, node in tree.items()}


def declared(
    params: Mapping[str, Param], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Param]]:
    """Every parameter at every depth."""
    for name, param in params.items():
        yield (*path, name), param
        yield from declared(param.children(), (*path, name))


def merge_metadata(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Metadata after an update: named values replace, empty ones remove, an empty whole removes all."""
    kept = {} if "" in new else {name: value for name, value in old.items() if name not in new}
    return {**kept, **{name: value for name, value in new.items() if name and value}}


def _as_tree(node: Node, path: str, kind: str = "object") -> Tree:
    if isinstance(node, str):
        message = f"Invalid {kind}"
        raise StripeError(message, param=path)
    return node


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


EXPAND = Many(Text())
METADATA = Metadata()
