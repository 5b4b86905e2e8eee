"""`Pattern`: many things looked for in one pass over a text."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property


class Pattern:
    """A regular expression of which it is only asked whether any part of a text fits.

    Rust's syntax: neither looking around nor back. Its engine comes with pydantic-core; unlike that of `re`,
    it takes a time that grows with the text alone, and for forty words no longer than for one.
    """

    def __init__(self, expression: str) -> None:
        self.expression = expression

    def is_in(self, text: str) -> bool:
        """Whether some part fits; the text holds no half of a character (surrogate)."""
        return self._is_in(text)

    @cached_property
    def _is_in(self) -> Callable[[str], bool]:
        from pydantic_core import SchemaValidator

        return SchemaValidator({"type": "str", "pattern": self.expression}).isinstance_python
