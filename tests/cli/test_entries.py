"""Entries of wirepost.yaml: one is put in or taken out, and no other line changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.cli.entries import put_entry, remove_entry
from wirepost.core.errors import ConfigError
from wirepost.core.yaml import read

ENTRY = {"provider": "stripe", "environment": "test", "key": "env:STRIPE_API_KEY"}
WRITTEN = """\
# who we are
server:
  port: 8484  # the usual one

connections:
    # the shop
    shop:
        provider: stripe
        key: env:SHOP_KEY

        scopes: [a, b]
    # the people
    people: {provider: hubspot}

# what is offered
tools:
  preset: support
"""


def values(text):
    return read(text, "wirepost.yaml").value


def test_an_entry_is_put_at_the_end_of_its_section_as_its_neighbours_are_written() -> None:
    text = put_entry(WRITTEN, "connections", "till", ENTRY)
    added = "    till:\n      provider: stripe\n      environment: test\n      key: env:STRIPE_API_KEY\n"
    before = "    people: {provider: hubspot}\n"
    assert text == WRITTEN.replace(before, before + added)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "connections:\n  till:\n    provider: stripe\n"),
        ("connections:\n", "connections:\n  till:\n    provider: stripe\n"),
        (
            "connections:\nread_only: true\n",
            "connections:\n  till:\n    provider: stripe\nread_only: true\n",
        ),
        ("read_only: true", "read_only: true\n\nconnections:\n  till:\n    provider: stripe\n"),
        ("# only words\n", "# only words\n\nconnections:\n  till:\n    provider: stripe\n"),
    ],
)
def test_a_section_that_is_empty_or_missing_is_begun(before, after) -> None:
    assert put_entry(before, "connections", "till", {"provider": "stripe"}) == after


@pytest.mark.parametrize(
    "text",
    [
        "connections: {}\n",
        "connections: {shop: {provider: stripe}}\n",
        "connections: &all\n  shop: {provider: stripe}\nother: *all\n",
    ],
)
def test_a_form_that_cannot_be_edited_safely_is_left_alone(text) -> None:
    with pytest.raises(ConfigError, match="edited safely"):
        put_entry(text, "connections", "till", ENTRY)


def test_a_name_is_given_once() -> None:
    with pytest.raises(ConfigError, match="is there already"):
        put_entry(WRITTEN, "connections", "shop", ENTRY)


def test_what_is_no_section_is_refused() -> None:
    with pytest.raises(ConfigError, match="is not a mapping"):
        put_entry("connections: [a]\n", "connections", "till", ENTRY)
    with pytest.raises(ConfigError, match="is not a mapping"):
        put_entry("- a\n", "connections", "till", ENTRY)


def test_an_entry_is_taken_out_with_its_lines_and_nothing_else() -> None:
    text = remove_entry(WRITTEN, "connections", "shop")
    gone = "    shop:\n        provider: stripe\n        key: env:SHOP_KEY\n\n        scopes: [a, b]\n"
    assert text == WRITTEN.replace(gone, "")


def test_the_last_entry_takes_its_section_along() -> None:
    text = "read_only: true\nconnections:\n  shop:\n    provider: stripe\n\nserver: {port: 1}\n"
    assert remove_entry(text, "connections", "shop") == "read_only: true\n\nserver: {port: 1}\n"
    assert remove_entry("connections:\n  shop: {provider: stripe}\n", "connections", "shop") == ""


def test_what_is_not_there_need_not_be_taken_out() -> None:
    assert remove_entry(WRITTEN, "connections", "till") == WRITTEN
    assert remove_entry("", "connections", "till") == ""


NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,10}", fullmatch=True)
VALUES = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20),
    st.booleans(),
    st.integers(0, 65535),
    st.lists(st.text("abc:.# ,", max_size=8), max_size=3),
)
ENTRIES = st.dictionaries(NAMES, VALUES, min_size=1, max_size=4)


@given(st.dictionaries(NAMES, ENTRIES, min_size=1, max_size=4))
def test_whatever_is_put_in_is_read_back_and_comes_out_again(entries) -> None:
    text = "# first\nserver:\n  port: 1\n"
    for name, entry in entries.items():
        text = put_entry(text, "connections", name, entry)
    assert values(text) == {"server": {"port": 1}, "connections": entries}
    for name in entries:
        text = remove_entry(text, "connections", name)
    assert values(text) == {"server": {"port": 1}}
    assert text.startswith("# first\nserver:\n  port: 1\n")
