"""People as a shop knows them: shared addresses, other spellings, and text that wants to be obeyed."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest

from support.clock import START
from support.worlds import world_at
from wirepost.sandbox.facts import Person
from wirepost.sandbox.words import HOSTILE

RESERVED = ("example.com", "example.org", "example.net")


@pytest.fixture(scope="module")
def people() -> list[Person]:
    return world_at(START).people


def test_every_address_belongs_to_a_reserved_domain(people: list[Person]) -> None:
    addresses = [person.email.lower() for person in people if person.email]
    assert all(address.rpartition("@")[2] in RESERVED for address in addresses)
    assert all(address.isascii() for address in addresses)
    assert None in {person.email for person in people}
    companies = world_at(START).companies
    assert all(company.domain.endswith(RESERVED) for company in companies)


def test_some_share_an_address_and_some_spell_theirs_in_another_case(people: list[Person]) -> None:
    exact = Counter(person.email for person in people if person.email)
    folded = Counter(person.email.lower() for person in people if person.email)
    assert exact["familie.berger@example.org"] == 3
    assert sum(1 for count in exact.values() if count > 1) > 3
    assert folded["jonas.weber@example.com"] == 2
    assert sum(folded.values()) - len(folded) > sum(exact.values()) - len(exact)


def test_people_have_names_in_many_scripts(people: list[Person]) -> None:
    letters = "".join(person.name for person in people)
    scripts = {unicodedata.name(char).split()[0] for char in letters if char.isalpha()}
    assert {"LATIN", "CYRILLIC", "GREEK", "ARABIC", "CJK"} <= scripts


def test_the_first_customer_is_the_one_that_documents_name(people: list[Person]) -> None:
    assert (people[0].name, people[0].email) == ("Anna Lindqvist", "anna.lindqvist@example.com")


def test_free_text_holds_what_attackers_write(people: list[Person]) -> None:
    notes = {person.note for person in people}
    assert set(HOSTILE) <= notes
    kinds = {unicodedata.category(char) for note in notes for char in note}
    assert {"Cf", "Cc"} <= kinds
