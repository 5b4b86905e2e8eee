"""A write whose result is too large to show is done all the same, and says so."""

from __future__ import annotations

from support.sample_vendor import assembled
from support.samples import Note, SampleClient
from wirepost.tools.context import Call
from wirepost.tools.tool import Risk, tool

WIDE = {f"name {number}": number for number in range(50_000)}


@tool(Risk.WRITE, example={"note": "n_1"})
async def sample_make_wide(call: Call[SampleClient], *, note: str) -> Note:
    """Make a note that is wider than any budget."""
    made = await call.api.make(note, key=call.key, intent=call.intent)
    return made.model_copy(update={"extra": WIDE})


@tool(Risk.READ, example={})
async def sample_get_wide(call: Call[SampleClient]) -> Note:
    """Get a note that is wider than any budget."""
    return Note(id="n_1", extra=WIDE)


TOOLS = (sample_make_wide, sample_get_wide)


async def test_what_is_done_is_no_failure_and_happens_once(tmp_path, clock) -> None:
    async with assembled(tmp_path, clock, tools=TOOLS) as parts:
        first = await parts.call("sample_make_wide", note="n_1", intent="wide")
        again = await parts.call("sample_make_wide", note="n_1", intent="wide")
        made = parts.vendor.made
    assert len(made) == 1
    for outcome in (first, again):
        assert not outcome.is_error
        assert outcome.envelope["data"] == {"id": made[0]["id"]}
        assert any("too large" in warning for warning in outcome.envelope["warnings"])
    assert again.envelope["meta"]["idempotency"]["replayed"]


async def test_a_read_that_cannot_be_shown_is_refused_with_what_to_do(tmp_path, clock) -> None:
    async with assembled(tmp_path, clock, tools=TOOLS) as parts:
        outcome = await parts.call("sample_get_wide")
    assert outcome.envelope["error"]["code"] == "result_too_large"
    assert outcome.envelope["error"]["hint"]
