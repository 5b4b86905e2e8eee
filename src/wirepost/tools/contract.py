"""`Contract`: what several vendors can offer in the same form; a tool asks for it with `Call[…]`."""

from __future__ import annotations

from abc import ABC


class Contract(ABC):  # noqa: B024 - a mark; each contract has its own methods
    """Base of all contracts; a provider declares under `offers` which it fulfils, and how."""
