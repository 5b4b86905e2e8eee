"""Dates that statements name by words (`LAST_N_DAYS:30`), as the days from one to before another."""

from __future__ import annotations

from datetime import date, timedelta

from wirepost.providers.salesforce.sandbox.errors import malformed

_DAY = timedelta(days=1)
_MONTHS_OF = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_STEPS = {"THIS": 0, "LAST": -1, "NEXT": 1}
_NAMED = {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}


def period(word: str, today: date) -> tuple[date, date]:
    """First day, and the day behind the last; raises `SalesforceError` for other words."""
    name, _, count = word.partition(":")
    if not count and name in _NAMED:
        first = today + _NAMED[name] * _DAY
        return first, first + _DAY
    step, _, unit = name.partition("_")
    if not count and step in _STEPS and unit == "WEEK":
        first = today - (today.isoweekday() % 7) * _DAY + _STEPS[step] * 7 * _DAY
        return first, first + 7 * _DAY
    if not count and step in _STEPS and unit in _MONTHS_OF:
        months = _MONTHS_OF[unit]
        start = _month(today, 0) // months * months + _STEPS[step] * months
        return _first(start), _first(start + months)
    if count:
        return _counted(name, int(count), today)
    raise malformed(f"unexpected token: '{word}'")


def _counted(name: str, count: int, today: date) -> tuple[date, date]:
    match name:
        case "LAST_N_DAYS":
            return today - count * _DAY, today + _DAY
        case "NEXT_N_DAYS":
            return today + _DAY, today + (count + 1) * _DAY
        case "N_DAYS_AGO":
            return today - count * _DAY, today - (count - 1) * _DAY
        case "LAST_N_MONTHS":
            return _first(_month(today, -count)), _first(_month(today, 0))
        case "NEXT_N_MONTHS":
            return _first(_month(today, 1)), _first(_month(today, count + 1))
        case _:
            raise malformed(f"unexpected token: '{name}:{count}'")


def _month(day: date, step: int) -> int:
    """Months since the year 0."""
    return day.year * 12 + day.month - 1 + step


def _first(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)
