"""Requests that vendors, their libraries and RFCs published are judged as they say."""

from __future__ import annotations

import pytest

from support.signatures import vector, vectors, verdict

PLAIN_REASON = {"aws_sns-018": "a member of the body is missing, and no header"}
"""Where one of the other reasons that would do is given, and why."""


def test_the_collection_is_complete() -> None:
    assert len(vectors()) == 165


@pytest.mark.parametrize("name", vectors())
async def test_a_published_request_is_judged_as_published(name: str) -> None:
    found = vectors()[name]
    said = await verdict(*vector(name))
    if name in PLAIN_REASON:
        assert said in found["also_ok"]
    else:
        assert said == found["expected"]
