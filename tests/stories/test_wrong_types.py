"""A vendor that sends a number where a text belongs has answered unreadably; that is no fault of ours."""

from __future__ import annotations

import pytest

from support.running import running
from support.spoiled import WRITTEN, rewritten, spoil


@pytest.mark.parametrize(
    "read",
    [
        ("stripe", "stripe_get_customer", {"customer": "cus_NordlichtExample"}),
        ("slack", "slack_read_channel", {"channel": "#sales"}),
        ("hubspot", "crm_list_records", {"object": "contact"}),
        ("salesforce", "crm_list_records", {"object": "contact"}),
    ],
    ids=lambda read: read[0],
)
@pytest.mark.parametrize("wrong", [5, ["a"], {"a": 1}, True])
async def test_the_call_ends_with_what_it_can_show_or_blames_the_vendor(tmp_path, clock, read, wrong) -> None:
    provider, tool, arguments = read
    async with running(tmp_path, clock) as wirepost:
        spoil(
            wirepost,
            provider,
            lambda request, status, body: rewritten(body, WRITTEN[provider], lambda _: wrong),
        )
        outcome = await wirepost.outcome(tool, connection=f"{provider}-sandbox", **arguments)
    assert not outcome.is_error or outcome.envelope["error"]["code"] == "upstream_unavailable"
