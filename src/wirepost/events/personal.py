"""What must not be kept of people: numbers of cards and accounts never, the rest as a source asks."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from wirepost.core.patterns import Pattern
from wirepost.core.redact import REDACTED, SECRETS, is_secret_name
from wirepost.core.signing import canonical
from wirepost.core.text import clean
from wirepost.settings.webhooks import Hide, RedactSettings

DEEPEST = 32
"""Levels of nesting; what lies deeper is left out."""
LARGEST_EXACT = 2**53
"""Programs that keep numbers as floating point get larger ones wrong, so they become texts."""
KEEP_ALL = RedactSettings()

_CARD_LENGTHS = range(13, 20)
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)", re.ASCII)
_ISSUERS = re.compile(r"4|5[0-8]|6|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|3(?:0[0-5]|[689])|35", re.ASCII)
"""How numbers begin that networks of cards have given out (ISO/IEC 7812)."""
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w+])\+\d[\d ()./-]{5,18}\d", re.ASCII)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

_BANK_NAMES = ("iban", "accountnumber", "bankaccountnumber", "routingnumber", "sortcode", "bankaccount")
_BANK_NAME = f'(?i:"[_-]*(?:{"|".join("[_-]*".join(name) for name in _BANK_NAMES)})[_-]*")'
_MAY_BE = Pattern(rf"[0-9](?:[ -]?[0-9]){{12}}|[A-Z]{{2}}[0-9]{{2}}(?: ?[A-Z0-9]{{4}}){{2}}|{_BANK_NAME}")
_BANK_NAME_IN_JSON = re.compile(_BANK_NAME)
_PHONES = frozenset(["phone", "telephone", "tel", "mobile", "mobilephone", "fax", "cellphone"])
_ADDRESSES = frozenset(
    ["address", "addresses", "street", "line", "address1", "address2", "zip", "postcode", "postal"]
)
_OTHER_ADDRESSES = frozenset(["email", "mail", "ip", "url", "web", "mac", "wallet", "item", "items"])
_SHOWN_OF_ADDRESS = ("city", "state", "province", "country", "country_code")


@dataclass(frozen=True)
class _Name:
    """What a name says of what stands under it."""

    is_secret: bool
    is_id: bool
    is_phone: bool
    is_address: bool


@lru_cache(maxsize=4096)
def _told_by(name: str) -> _Name:
    words = {word.lower() for word in _WORDS.findall(name[:100])}
    joined = re.sub(r"[^a-z0-9]", "", name[:100].lower())
    return _Name(
        is_secret=is_secret_name(name) or joined in _BANK_NAMES,
        is_id="id" in words or "ids" in words,
        is_phone=not words.isdisjoint(_PHONES),
        is_address=not words.isdisjoint(_ADDRESSES) and words.isdisjoint(_OTHER_ADDRESSES),
    )


@dataclass(frozen=True, eq=False)
class Personal:
    """What one source, or one subscription, hides; `key` makes hashes that nobody can look up elsewhere."""

    settings: RedactSettings = KEEP_ALL
    key: bytes = field(default=b"", repr=False)

    @property
    def _asks(self) -> bool:
        asked = self.settings
        return not asked.email == asked.phone == asked.address == "keep"

    def may_be_in(self, written: bytes) -> bool:
        """Whether something might have to be hidden in this JSON, found out quickly."""
        if self._asks:
            return True
        text = written.decode()
        return SECRETS.may_change(text) or (_MAY_BE.is_in(text) and _has_numbers(text))

    def hide(self, value: Any) -> Any:
        """The JSON value without it, its texts cleaned."""
        return self._value(value, "", DEEPEST)

    def text(self, text: str) -> str:
        """A text without it, cleaned."""
        text = _CARD.sub(_card, SECRETS.text(clean(text)))
        text = _IBAN.sub(_iban, text)
        if self.settings.email != "keep" and "@" in text:
            text = _EMAIL.sub(lambda found: self._shown(self.settings.email, found[0], "email", _email), text)
        if self.settings.phone != "keep" and "+" in text:
            text = _PHONE.sub(lambda found: self._shown(self.settings.phone, found[0], "phone", _phone), text)
        return text

    def _value(self, value: Any, name: str, deeper: int) -> Any:
        if isinstance(value, str):
            return self._field(value, name)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return self._number(value, name)
        if isinstance(value, Mapping):
            return self._object(value, deeper) if deeper else None
        if isinstance(value, list | tuple):
            return [self._value(each, name, deeper - 1) for each in value] if deeper else None
        return value if isinstance(value, float) else self._field(str(value), name)

    def _object(self, value: Mapping[Any, Any], deeper: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for given, each in value.items():
            name = self.text(str(given))
            told = _told_by(str(given))
            how = self._asked(told)
            if told.is_secret and each and not isinstance(each, bool):
                kept[name] = REDACTED
            elif how == "keep" or each in (None, "", [], {}):
                kept[name] = self._value(each, str(given), deeper - 1)
            elif how != "drop":
                kept[name] = self._personal(each, told, how)
        return {
            name: each for name, each in kept.items() if each != "" or not value.get(name)
        }  # nothing is left of a text that was nothing but an address to be dropped

    def _asked(self, told: _Name) -> Hide:
        if told.is_phone:
            return self.settings.phone
        return self.settings.address if told.is_address else "keep"

    def _personal(self, value: Any, told: _Name, how: Hide) -> Any:
        if how == "hash":
            text = value if isinstance(value, str) else canonical(self.hide(value)).decode()
            return self._hash(_digits(text) if told.is_phone else text.casefold(), "")
        if told.is_phone:
            return _phone(str(value))
        if isinstance(value, Mapping):
            return {name: self.text(str(value[name])) for name in _SHOWN_OF_ADDRESS if value.get(name)}
        return "***"

    def _field(self, text: str, name: str) -> str:
        digits = text.isascii() and text.isdigit()
        if digits and _told_by(name).is_id:
            return text
        whole = text.strip()
        if self.settings.email == "drop" and "@" in whole and _EMAIL.fullmatch(whole):
            return ""
        return self.text(text)

    def _number(self, value: int, name: str) -> int | str:
        if -LARGEST_EXACT <= value <= LARGEST_EXACT and value < 10**12:
            return value
        if not _told_by(name).is_id and value > 0 and _is_card(str(value)):
            return REDACTED
        return value if -LARGEST_EXACT <= value <= LARGEST_EXACT else str(value)

    def _shown(self, how: Hide, found: str, kind: str, mask: Callable[[str], str]) -> str:
        if how == "mask":
            return mask(found)
        if how == "hash":
            return self._hash(_digits(found) if kind == "phone" else found.casefold(), kind)
        return f"[{kind}]"

    def _hash(self, text: str, kind: str) -> str:
        lasting = hmac.digest(self.key, text.encode(), "sha256").hex()[:16]
        return f"[{kind or 'hash'} {lasting}]"


def _has_numbers(text: str) -> bool:
    """Whether numbers of cards or accounts are in this JSON, or names under which these stand."""
    is_card_there = any(map(_is_card, map(_digits, _CARD.findall(text))))
    return is_card_there or bool(_IBAN.search(text) or _BANK_NAME_IN_JSON.search(text))


def _card(found: re.Match[str]) -> str:
    return REDACTED if _is_card(_digits(found[0])) else found[0]


def _is_card(digits: str) -> bool:
    """Whether digits are a card's number: known length, known issuer, right check digit (Luhn)."""
    if len(digits) not in _CARD_LENGTHS or not _ISSUERS.match(digits):
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _iban(found: re.Match[str]) -> str:
    """ISO 13616: letters as numbers, the first four characters at the end, the rest by 97 is 1."""
    text = found[0].replace(" ", "")
    number = int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4]))
    return REDACTED if number % 97 == 1 else found[0]


def _email(text: str) -> str:
    name, _, host = text.partition("@")
    return f"{name[:1]}***@{host}"


def _phone(text: str) -> str:
    return f"***{_digits(text)[-2:]}"


def _digits(text: str) -> str:
    return "".join(each for each in text if each in "0123456789")
