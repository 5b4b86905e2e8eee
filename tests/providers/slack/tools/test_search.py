"""Searching: what the tool makes of its arguments."""

from __future__ import annotations

import pytest

from wirepost.core.errors import InvalidCall
from wirepost.providers.slack.tools.search import slack_search_messages


async def test_messages_about_a_customer_are_found(shop):
    page = await shop.run(slack_search_messages, query="anna.lindqvist@example.com")
    assert page.records
    assert all("anna.lindqvist@example.com" in message.text for message in page.records)
    assert {message.channel_name for message in page.records} <= {
        each["name"] for each in shop.sandbox.workspace.channels.values() if "name" in each
    }


async def test_names_become_ids_and_times_seconds(slack):
    rows = [{"id": "C0AAAAAAA", "name": "support"}]
    slack.stub("users.conversations", {"channels": rows})
    slack.stub("users.list", {"members": [{"id": "U0AAAAAAA", "name": "frida"}]})
    await slack.run(
        slack_search_messages,
        query="parcel",
        channel="#support",
        from_user="@frida",
        after="-1d",
        before="2026-11-25",
        kinds=["public", "im"],
    )
    asked = slack.sent("assistant.search.context")[0]
    assert asked["query"] == (
        "query=parcel&modifiers=in%3A%3C%23C0AAAAAAA%3E%20from%3A%3C%40U0AAAAAAA%3E"
        "&channel_types=public_channel%2Cim&content_types=messages&after=1795514400&before=1795564800"
        "&include_bots=true&limit=20"
    )


async def test_a_user_or_channel_that_nobody_has_is_refused(shop):
    for argument in ({"from_user": "@nobody"}, {"channel": "#nowhere"}):
        with pytest.raises(InvalidCall) as refused:
            await shop.run(slack_search_messages, query="x", **argument)
        assert refused.value.fields[0]["path"] == next(iter(argument))
