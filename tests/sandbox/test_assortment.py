"""What the shop sells."""

from __future__ import annotations

import pytest

from support.clock import START
from support.worlds import world_at
from wirepost.core.money import CURRENCIES
from wirepost.sandbox.assortment import convert


@pytest.mark.parametrize("currency", ["eur", "usd", "gbp", "jpy", "kwd"])
def test_prices_exist_in_every_currency_and_can_be_charged(currency: str) -> None:
    prices = [price for price in world_at(START).prices if price.currency == currency]
    assert len(prices) > 20
    assert all(price.amount > 0 and price.amount % CURRENCIES[currency].step == 0 for price in prices)


def test_every_product_is_sold_in_euros_and_clubs_recur() -> None:
    for product in world_at(START).products:
        assert "eur" in {price.currency for price in product.prices}
        assert all((price.interval is not None) == (product.category == "clubs") for price in product.prices)


def test_some_products_are_no_longer_sold() -> None:
    states = {product.is_active for product in world_at(START).products}
    assert states == {True, False}


def test_a_converted_price_looks_like_one() -> None:
    assert convert(4990, "eur") == 4990
    assert convert(1000, "usd") == 1100
    assert convert(1000, "jpy") == 1580
    assert convert(1, "kwd") == 50
