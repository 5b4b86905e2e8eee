"""Amounts and currencies: decimal strings in major units outside, integers in minor units upstream."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from wirepost.core.errors import InvalidCall

_PLAIN = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?", re.ASCII)
_MAX_DIGITS = 15
"""Whole digits accepted; far above any provider's own limit, and every amount stays exact in JSON numbers."""
_TOO_MUCH = 10 ** (_MAX_DIGITS + 3)

_FORM = (
    'must be a plain decimal string such as "12.50": digits and one point, no sign, no exponent, '
    "no spaces or thousands separators"
)


@dataclass(frozen=True, slots=True)
class Currency:
    """How one currency is counted; the steps are in minor units."""

    code: str
    decimals: int = 2
    step: int = 1
    """A charge must be a multiple of this."""
    payout_step: int = 1
    """A payout must be a multiple of this."""


# Card presentment currencies and their special cases as published at https://docs.stripe.com/currencies.
# A currency that is not listed there is refused rather than guessed: ISO 4217 gives iqd and lyd three
# decimals, and a factor of 100 would be wrong by ten.
_ZERO_DECIMAL = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
_WHOLE_UNITS_ONLY = "isk ugx"
_WHOLE_UNIT_PAYOUTS = "huf twd"
_THREE_DECIMAL = "bhd jod kwd omr tnd"
_TWO_DECIMAL = """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf
    cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel ghs gip gmd gtq gyd hkd hnl htg idr ils
    inr jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mru mur mvr mwk mxn myr mzn
    nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd
    std svc szl thb tjs top try ttd tzs uah usd uyu uzs wst xcd xcg yer zar zmw
"""

CURRENCIES: dict[str, Currency] = {
    currency.code: currency
    for currency in (
        *(Currency(code, decimals=0) for code in _ZERO_DECIMAL.split()),
        *(Currency(code, step=100, payout_step=100) for code in _WHOLE_UNITS_ONLY.split()),
        *(Currency(code, payout_step=100) for code in _WHOLE_UNIT_PAYOUTS.split()),
        *(Currency(code, decimals=3, step=10, payout_step=10) for code in _THREE_DECIMAL.split()),
        *(Currency(code) for code in _TWO_DECIMAL.split()),
    )
}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency; `minor` is the provider's integer, `currency` is lower-case ISO 4217."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse what no store can hold; several positions of a bill can add up to that."""
        if abs(self.minor) >= _TOO_MUCH:
            _refuse("amount", f"has more than {_MAX_DIGITS} digits before the point")

    @classmethod
    def parse(cls, amount: str, currency: str) -> Money:
        """Read a plain decimal string such as `"12.50"`.

        Anything that would need rounding or guessing is refused.
        """
        unit = _known(currency)
        whole, fraction = _digits(amount)
        if len(whole) > _MAX_DIGITS:
            _refuse("amount", f"has more than {_MAX_DIGITS} digits before the point")
        if len(fraction) > unit.decimals:
            has = unit.decimals or "none"
            _refuse(
                "amount",
                f"has {len(fraction)} decimals; {unit.code} has {has}, and amounts are never rounded",
            )
        minor = int(whole + fraction.ljust(unit.decimals, "0"))
        if minor % unit.step:
            _refuse("amount", f"cannot be charged in {unit.code}: {_step(unit)}")
        return cls(minor, unit.code)

    @property
    def major(self) -> str:
        """A plain decimal string with the decimals of the currency (two where it is not known)."""
        unit = CURRENCIES.get(self.currency)
        decimals = 2 if unit is None else unit.decimals
        digits = str(abs(self.minor)).rjust(decimals + 1, "0")
        sign = "-" if self.minor < 0 else ""
        return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"


@dataclass(frozen=True, slots=True)
class OpenAmount:
    """An amount that nobody can tell beforehand; limits take it for more than they allow."""

    currency: str


def _known(currency: object) -> Currency:
    unit = CURRENCIES.get(currency.lower()) if isinstance(currency, str) else None
    if unit is None:
        _refuse("currency", 'must be a three-letter currency code that can be charged, such as "eur"')
    return unit


def _digits(amount: object) -> tuple[str, str]:
    match = _PLAIN.fullmatch(amount) if isinstance(amount, str) else None
    if match is None:
        _refuse("amount", _FORM)
    return match[1], match[2] or ""


def _step(unit: Currency) -> str:
    is_inside_fraction = unit.step < 10**unit.decimals
    return "the last decimal must be 0" if is_inside_fraction else "only whole units are possible"


def _refuse(argument: str, problem: str) -> NoReturn:
    message = f"{argument} {problem}."
    raise InvalidCall("invalid_arguments", message, fields=[{"path": argument, "problem": problem}])
