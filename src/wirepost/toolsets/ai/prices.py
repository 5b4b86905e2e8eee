"""What tokens cost, as far as published prices are known (package genai-prices; no request is made)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wirepost.connections.connections import Connection
    from wirepost.contracts.generation import Usage

NANO = 1_000_000_000
"""Costs are kept in whole billionths of a US dollar."""
PUBLISHED_AS = {"gemini": "google", "vertex": "google", "bedrock": "aws"}
"""Our name of a provider → its name in the package, where it is another."""


def cost_nano(
    connection: Connection, model: str, usage: Usage, at: datetime, *, is_batch: bool = False
) -> int | None:
    """What it has cost at published prices, in billionths of a dollar; `None` where they are not known.

    A sandbox costs what its original would. A connection with an address of its own is known by that address
    alone, because other servers speak the languages of the large providers, too.
    """
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    settings = connection.settings
    if settings.is_free and settings.environment != "sandbox":
        return 0
    cached = min(usage.cached_input_tokens or 0, usage.input_tokens)
    tokens = Tokens(
        input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, cache_read_tokens=cached
    )
    name = PUBLISHED_AS.get(connection.provider.name, connection.provider.name)
    whose = {"provider_api_url": settings.base_url} if settings.base_url else {"provider_id": name}
    context = {"processing": "batch"} if is_batch else None
    try:
        price = calc_price(tokens, model, genai_request_timestamp=at, price_context=context, **whose)
    except LookupError:
        return None
    return int((price.total_price * NANO).to_integral_value())


def dollars(nano: int) -> str:
    """Billionths of a dollar as a decimal string without an exponent."""
    text = f"{Decimal(nano) / NANO:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_nano(amount: str) -> int:
    """A configured amount of dollars in billionths."""
    return int(Decimal(amount) * NANO)
