"""Amounts and currencies: decimal strings in major units outside, integers in minor units upstream."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency; `minor` is the provider's integer, `currency` is lower-case ISO 4217."""

    minor: int
    currency: str
