"""Ids in both lengths.

The pairs are from Salesforce's own documentation and samples of its API.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.providers.salesforce.ids import canonical, is_id, long_id, same_id

# https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/ (answers of create and query)
PUBLISHED = ["001D000000IqhSLIAZ", "001D000000IRFmaIAH", "001RM000003oLnnYAE", "001RM000003oLrfYAE"]
shorts = st.text("ABCXYZabcxyz0189", min_size=15, max_size=15)


@pytest.mark.parametrize("published", PUBLISHED)
def test_the_checksum_is_that_of_published_ids(published: str) -> None:
    assert long_id(published[:15]) == published
    assert long_id(published) == published
    assert canonical(published[:15]) == published
    assert is_id(published)
    assert is_id(published[:15])


@pytest.mark.parametrize(
    "text", ["", "x", "001D000000IqhSLIAA", "001D000000Iqh'L", "001D000000IqhSLI", "é" * 15]
)
def test_other_texts_are_no_ids(text: str) -> None:
    assert not is_id(text)
    assert canonical(text) == text


@given(short=shorts)
def test_both_lengths_mean_one_record(short: str) -> None:
    assert same_id(short, long_id(short))
    assert canonical(short) == canonical(long_id(short)) == long_id(short)


@given(one=shorts, other=shorts)
def test_the_long_form_tells_ids_apart_whatever_their_case(one: str, other: str) -> None:
    assert (long_id(one).lower() == long_id(other).lower()) == (one == other)
