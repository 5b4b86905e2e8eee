"""Every CRM finds the same records by the same conditions: those that the facts of the shop say."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.clock import ManualClock
from support.crm_desk import CrmDesk
from support.crms import CRMS, anna, described, found, opened
from support.paper_shop import shop
from wirepost.core.money import Money
from wirepost.core.text import clean
from wirepost.sandbox.facts import Deal, Person


@pytest.fixture(params=CRMS)
async def desk(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[CrmDesk]:
    async with opened(request.param, tmp_path, clock) as ready:
        yield ready


@dataclass(frozen=True)
class Probe:
    """A condition in words of the tools, and what it means for the facts."""

    field: str
    op: str
    values: tuple[str, ...]
    holds: Callable[[Any], bool]

    @property
    def asked(self) -> dict[str, Any]:
        """The condition as an argument."""
        return {"field": self.field, "op": self.op, "values": list(self.values)}


@cache
def own_addresses() -> frozenset[str]:
    """Addresses that one person alone has; some CRMs keep an address once."""
    counted = Counter(person.email.lower() for person in shop().people if person.email)
    return frozenset(address for address, count in counted.items() if count == 1)


def people() -> list[Person]:
    """Those who can be told by their address."""
    return [person for person in shop().people if (person.email or "").lower() in own_addresses()]


@st.composite
def of_people(draw: st.DrawFn) -> Probe:
    """Something that can be asked of contacts; words of letters only, as some CRMs search by token."""
    field = draw(st.sampled_from(["first_name", "last_name", "email"]))
    known = sorted(
        {
            getattr(person, field)
            for person in people()
            if getattr(person, field).isalnum() or field == "email"
        }
    )
    op = draw(st.sampled_from(["eq", "neq", "in", "not_in", "starts_with", "is_not_empty"]))
    if op == "is_not_empty":
        return Probe(field, op, (), lambda person: bool(getattr(person, field)))
    some = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True))
    values = tuple(some if op in ("in", "not_in") else some[:1])
    folded = {value.casefold() for value in values}
    if op == "starts_with":
        names = sorted({person.last_name for person in people() if person.last_name.isalpha()})
        start = draw(st.sampled_from(names))[:3].casefold()
        return Probe("last_name", op, (start,), lambda person: _begins(person.last_name, start))
    is_meant = op in ("eq", "in")
    return Probe(field, op, values, lambda person: (getattr(person, field).casefold() in folded) == is_meant)


def _begins(name: str, start: str) -> bool | None:
    """Whether a name begins so; `None` for names of several words, which some CRMs search word by word."""
    return name.casefold().startswith(start) if name.isalpha() else None


@pytest.mark.parametrize("crm", CRMS)
@given(probes=st.lists(of_people(), min_size=6, max_size=6), is_any=st.booleans())
@settings(max_examples=6)
async def test_the_same_conditions_find_the_same_people(
    crm: str, probes: list[Probe], *, is_any: bool
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with opened(crm, Path(directory), ManualClock()) as desk:
            for probe in probes:
                await same_people(desk, [probe])
            await same_people(desk, probes[:2], is_any=is_any)


async def same_people(desk: CrmDesk, probes: Sequence[Probe], *, is_any: bool = False) -> None:
    options = {"match": "any"} if is_any else {}
    records = await found(desk, "contact", *(probe.asked for probe in probes), fields=["email"], **options)
    shown = {str(value).lower() for record in records for value in record["fields"].values() if value}
    wanted, open_ = set(), set()
    for person in people():
        answers = [probe.holds(person) for probe in probes]
        if None in answers:
            open_.add((person.email or "").lower())
        elif any(answers) if is_any else all(answers):
            wanted.add((person.email or "").lower())
    assert (shown & own_addresses()) - open_ == wanted, [probe.asked for probe in probes]


def amount(deal: Deal) -> float:
    """In major units."""
    return float(Money(deal.amount, deal.currency).major)


@st.composite
def of_deals(draw: st.DrawFn) -> Probe:
    """Something that can be asked of deals."""
    deals = shop().deals
    if draw(st.booleans()):
        bounds = sorted(draw(st.tuples(*[st.sampled_from(sorted({amount(deal) for deal in deals}))] * 2)))
        op = draw(st.sampled_from(["eq", "neq", "lt", "lte", "gt", "gte", "between", "in"]))
        return _compared(
            "amount", op, bounds, [f"{bound:g}" if bound < 1e6 else str(bound) for bound in bounds], amount
        )
    days = sorted(draw(st.tuples(*[st.sampled_from(sorted({closing(deal) for deal in deals}))] * 2)))
    op = draw(st.sampled_from(["lt", "lte", "gt", "gte", "between"]))
    return _compared("close_date", op, days, days, closing)


def closing(deal: Deal) -> str:
    """The day on which it closes."""
    return deal.closes_at.date().isoformat()


def _compared(
    field: str, op: str, bounds: list[Any], written: list[str], fact: Callable[[Deal], Any]
) -> Probe:
    low, high = bounds
    tests: dict[str, Callable[[Any], bool]] = {
        "eq": lambda own: own == low,
        "neq": lambda own: own != low,
        "lt": lambda own: own < low,
        "lte": lambda own: own <= low,
        "gt": lambda own: own > low,
        "gte": lambda own: own >= low,
        "between": lambda own: low <= own <= high,
        "in": lambda own: own in (low, high),
    }
    values = tuple(written if op in ("between", "in") else written[:1])
    return Probe(field, op, values, lambda deal: tests[op](fact(deal)))


@pytest.mark.parametrize("crm", CRMS)
@given(probes=st.lists(of_deals(), min_size=6, max_size=6))
@settings(max_examples=6)
async def test_the_same_conditions_find_the_same_deals(crm: str, probes: list[Probe]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with opened(crm, Path(directory), ManualClock()) as desk:
            name = (await described(desk, "deal"))["label_field"]
            for probe in probes:
                records = await found(desk, "deal", probe.asked, fields=[name])
                shown = Counter(record["fields"][name] for record in records)
                meant = Counter(clean(deal.name) for deal in shop().deals if probe.holds(deal))
                assert shown == meant, probe.asked


async def test_text_finds_people_by_name(desk: CrmDesk) -> None:
    records = await desk.records("crm_search_records", object="contact", text="Lindqvist", limit=100)
    assert await anna(desk) in {record["id"] for record in records}


async def test_records_are_sorted_by_a_number(desk: CrmDesk) -> None:
    field = (await described(desk, "deal"))["aliases"]["amount"]
    records = await found(desk, "deal", fields=["amount"], sort="-amount")
    amounts = [record["fields"][field] for record in records]
    assert amounts == sorted((amount(deal) for deal in shop().deals), reverse=True)


async def test_an_unknown_choice_is_refused_with_the_allowed_ones(desk: CrmDesk) -> None:
    error = await desk.error(
        "crm_search_records", object="deal", filters=[{"field": "stage", "op": "eq", "value": "on the moon"}]
    )
    assert error["fields"][0]["path"] == "filters[0].value"
    stages = {
        stage["id"] for p in await desk.records("crm_list_pipelines", object="deal") for stage in p["stages"]
    }
    assert set(error["fields"][0]["allowed"]) == stages
