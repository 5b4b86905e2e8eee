"""What Slack knows about one person."""

from __future__ import annotations

import pytest

from wirepost.core.errors import Unavailable
from wirepost.providers.slack.card import MOST_CHANNELS, SlackCard
from wirepost.sandbox.faults import Fault

ANNA = "anna.lindqvist@example.com"


async def facts(calls, email=ANNA, limit=5, customer_id=None):
    card = SlackCard(calls.client(may_write=False))
    return await card.facts(email=email, customer_id=customer_id, limit=limit)


async def test_messages_that_mention_the_address_newest_first(shop):
    found = await facts(shop)
    assert 0 < len(found.messages) <= 5
    assert [each.at for each in found.messages] == sorted((each.at for each in found.messages), reverse=True)
    assert all(ANNA in each.text for each in found.messages)
    assert all(each.url.startswith("https://nordlicht.slack.com/") for each in found.messages)
    assert (found.warnings, found.people) == ([], [])


async def test_upper_case_is_the_same_address(shop):
    assert (await facts(shop, ANNA.upper())).messages == (await facts(shop)).messages


async def test_without_a_user_token_recent_messages_are_looked_through_and_that_is_said(open_shop):
    shop = open_shop(has_user=False)
    found = await facts(shop, limit=100)
    assert found.messages
    assert "user token" in found.warnings[0]
    assert shop.paths().count("GET /api/conversations.history") <= MOST_CHANNELS
    assert all(ANNA in each.text for each in found.messages)
    channels = {each.channel for each in found.messages}
    assert channels <= {"general", "support", "sales", "orders", "carrier-and-us"}
    assert all(each.author for each in found.messages)


async def test_without_leave_to_list_channels_the_reason_is_told(open_shop):
    shop = open_shop(has_user=False, granted={"chat:write"})
    found = await facts(shop)
    assert found.messages == []
    assert "channels:read" in found.warnings[1]


async def test_what_we_wrote_ourselves_is_no_news(open_shop):
    shop = open_shop(has_user=False)
    workspace = shop.sandbox.workspace
    workspace.post("C0SUPPORT", {**workspace.by_bot(), "text": f"Ours about {ANNA}"})
    assert not [each for each in (await facts(shop, limit=100)).messages if each.text.startswith("Ours")]


async def test_somebody_in_the_workspace_is_named(shop):
    found = await facts(shop, "lena@carrier.example")
    assert [(each.id, each.name) for each in found.people] == [("U0PARTNER1", "lena")]


async def test_an_unknown_person_is_empty_and_ids_of_others_are_unknown(shop):
    assert (await facts(shop, "nobody@example.com")).messages == []
    before = len(shop.paths())
    nothing = await facts(shop, None, customer_id="cus_1")
    assert (nothing.messages, nothing.people, nothing.warnings) == ([], [], [])
    assert (await facts(shop, " ")).messages == []
    assert len(shop.paths()) == before


async def test_a_failure_is_no_empty_card(shop):
    shop.sandbox.inject(Fault(kind="status", status=503, times=None))
    with pytest.raises(Unavailable):
        await facts(shop)


@pytest.mark.parametrize("has_user", [True, False])
async def test_what_looks_like_markup_is_handed_on_as_it_was_written(open_shop, has_user):
    shop = open_shop(has_user=has_user)
    shop.sandbox.workspace.post("C0SUPPORT", {"user": "U0TEAM001", "text": f"R&amp;D &lt;b&gt; {ANNA}"})
    assert (await facts(shop)).messages[0].text == f"R&D <b> {ANNA}"
