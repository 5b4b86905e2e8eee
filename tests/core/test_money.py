"""Amounts: exact in both directions, and nothing is guessed."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.core.errors import InvalidCall
from wirepost.core.money import CURRENCIES, Money

# https://docs.stripe.com/currencies: zero-decimal (ugx is among them, but a special case), three-decimal.
ZERO = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".lower().split()
THREE = "BHD JOD KWD OMR TND".lower().split()
WHOLE = ["isk", "ugx"]

currencies = st.sampled_from(sorted(CURRENCIES))


@st.composite
def chargeable(draw: st.DrawFn) -> Money:
    currency = draw(currencies)
    step = CURRENCIES[currency].step
    return Money(draw(st.integers(0, 10**12)) * step, currency)


@given(chargeable())
def test_minor_to_major_to_minor_is_the_identity(money: Money) -> None:
    assert Money.parse(money.major, money.currency) == money


@given(st.integers(-(10**15), 10**15), currencies)
def test_major_is_the_exact_decimal_value(minor: int, currency: str) -> None:
    factor = 1 if currency in ZERO else 1000 if currency in THREE else 100
    assert Decimal(Money(minor, currency).major) * factor == minor


@given(st.text(max_size=30), currencies)
def test_any_text_is_either_read_exactly_or_refused(text: str, currency: str) -> None:
    with contextlib.suppress(InvalidCall):
        assert Decimal(Money.parse(text, currency).major) == Decimal(text)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("10", "usd", 1000),
        ("10.5", "usd", 1050),
        ("10.50", "USD", 1050),
        ("0.01", "eur", 1),
        ("0", "eur", 0),
        ("500", "jpy", 500),
        ("5.12", "kwd", 5120),
        ("5.120", "kwd", 5120),
        ("5", "isk", 500),
        ("5.00", "ugx", 500),
        ("10.45", "huf", 1045),
        ("800.45", "twd", 80045),
    ],
)
def test_published_examples_convert(amount: str, currency: str, minor: int) -> None:
    assert Money.parse(amount, currency) == Money(minor, currency.lower())


@pytest.mark.parametrize(
    ("minor", "currency", "major"),
    [
        (1050, "usd", "10.50"),
        (5, "usd", "0.05"),
        (-5, "usd", "-0.05"),
        (500, "jpy", "500"),
        (-500, "jpy", "-500"),
        (5120, "kwd", "5.120"),
        (500, "isk", "5.00"),
        (0, "eur", "0.00"),
        (150, "zzz", "1.50"),
    ],
)
def test_major_shows_the_decimals_of_the_currency(minor: int, currency: str, major: str) -> None:
    assert Money(minor, currency).major == major


@pytest.mark.parametrize(
    "amount",
    [
        "",
        " ",
        "1 ",
        " 1",
        "+1",
        "-1",
        "1e3",
        "1E3",
        "NaN",
        "Infinity",
        "inf",
        "1,000",
        "1.000,00",
        "1_000",
        ".5",
        "5.",
        "1.2.3",
        "0x10",
        "007",
        "١٢",
        "\uff11\uff12",
        "€5",
        "5 eur",
        "1\n",
        "10.005",
        "10.500",
        "1234567890123456",
    ],
)
def test_amounts_that_need_guessing_are_refused(amount: str) -> None:
    with pytest.raises(InvalidCall) as caught:
        Money.parse(amount, "eur")
    assert caught.value.fields[0]["path"] == "amount"


@pytest.mark.parametrize("amount", [10.5, 10, True, None, Decimal("1.5")])
def test_numbers_are_refused_because_they_may_have_been_floats(amount: object) -> None:
    with pytest.raises(InvalidCall, match="decimal string"):
        Money.parse(amount, "eur")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        ("1.5", "jpy", "jpy has none"),
        ("1.0", "jpy", "jpy has none"),
        ("1.005", "usd", "usd has 2"),
        ("1.2345", "kwd", "kwd has 3"),
        ("1.234", "kwd", "last decimal"),
        ("1.50", "isk", "whole units"),
        ("0.01", "ugx", "whole units"),
    ],
)
def test_the_refusal_names_the_rule_of_the_currency(amount: str, currency: str, said: str) -> None:
    with pytest.raises(InvalidCall, match=said):
        Money.parse(amount, currency)


@pytest.mark.parametrize("currency", ["", "eu", "euro", "e€r", " eur", "xxx", "iqd", "lyd", "btc", None, 978])
def test_unknown_currencies_are_refused(currency: object) -> None:
    with pytest.raises(InvalidCall) as caught:
        Money.parse("1", currency)  # type: ignore[arg-type]
    assert caught.value.fields[0]["path"] == "currency"


def test_currency_classes_are_the_published_ones() -> None:
    assert sorted(code for code, unit in CURRENCIES.items() if unit.decimals == 0) == ZERO
    assert sorted(code for code, unit in CURRENCIES.items() if unit.decimals == 3) == THREE
    assert sorted(code for code, unit in CURRENCIES.items() if unit.step == 100) == WHOLE
    assert sorted(code for code, unit in CURRENCIES.items() if unit.payout_step == 100) == [
        "huf",
        *WHOLE[:1],
        "twd",
        "ugx",
    ]
    assert all(len(code) == 3 and code.isascii() and code.islower() for code in CURRENCIES)
    assert len(CURRENCIES) >= 135
