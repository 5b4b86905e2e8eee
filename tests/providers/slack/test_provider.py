"""What holds for every Slack tool: its declaration, its requests, its example."""

from __future__ import annotations

import re

import pytest

from wirepost.contracts.customer import CustomerCard
from wirepost.core.errors import InvalidCall, NotConnected
from wirepost.providers.slack import PROVIDER, probe
from wirepost.providers.slack.card import SlackCard
from wirepost.tools import schema
from wirepost.tools.jobs import Started
from wirepost.tools.results import Page
from wirepost.tools.tool import Risk

TOOLS = {tool.name: tool for tool in PROVIDER.tools}
PARENT, OWN = "1735725600.000100", "1735729200.000200"
LINK = "https://nordlicht.slack.com/archives/C0SUPPORT/p1735725600000100"
POST = {
    "channel": "C0SUPPORT", "text": "**x** @frida #support <#C0SUPPORT> <@U0TEAM001>", "thread_ts": PARENT,
    "broadcast": True, "allow_mentions": "all", "format": "markdown",
}  # fmt: skip

# One call of each tool with every argument it has, so that the description sees each of them at least once.
FULL = {
    "slack_search_messages": {
        "query": "x", "channel": "#support", "from_user": "@frida", "after": "-7d", "before": "now",
        "kinds": ["public", "private", "im", "mpim"],
    },
    "slack_list_channels": {"name_contains": "s", "types": ["public", "im"], "member_only": True},
    "slack_get_channel": {"channel": "#support"},
    "slack_read_channel": {
        "channel": "#support", "after": "-7d", "before": "now", "include_joins": True, "expand_threads": 5
    },
    "slack_read_thread": {"channel": "#support", "thread_ts": PARENT},
    "slack_find_users": {"name_contains": "fr"},
    "slack_send_message": POST,
    "slack_update_message": {"channel": "#support", "ts": OWN, "text": "x", "format": "mrkdwn"},
    "slack_delete_message": {"channel": "#support", "ts": OWN},
    "slack_schedule_message": {**POST, "post_at": "+1h"},
    "slack_list_scheduled": {"channel": "#support"},
    "slack_cancel_scheduled": {"scheduled_id": "Q00000000"},
    "slack_add_reaction": {"channel": "#support", "ts": OWN, "emoji": ":eyes:"},
    "slack_upload_file": {
        "channel": "#support", "filename": "a.txt", "content": "eA==", "encoding": "base64", "comment": "c",
        "thread_ts": PARENT,
    },
    "slack_read_file": {"file": "F0NORDLICHT", "max_bytes": 10},
    "slack_ask": {
        "channel": "#support", "question": "x", "options": ["Yes", "No"], "expires_in_s": 60,
        "allowed_users": ["@frida"],
    },
}  # fmt: skip
OTHER_WAYS = {
    "slack_read_thread": {"permalink": LINK},
    "slack_find_users": {"email": "frida@nordlicht.example"},
    "slack_send_message": {"user": "@frida", "text": "x"},
    "slack_schedule_message": {"user": "@frida", "text": "x", "post_at": "+1h"},
    "slack_ask": {"user": "@frida", "question": "x", "options": ["Yes", "No"]},
}
"""Arguments that exclude those above."""


@pytest.fixture
def full(slack):
    """A Slack on which every call of `FULL` goes through."""
    me = {"user_id": "U0WIREPOST", "team_id": "T0A", "url": "https://nordlicht.slack.com/"}
    slack.stub("auth.test", me)
    support = {"id": "C0SUPPORT", "name": "support", "num_members": 3}
    for method in ("users.conversations", "conversations.list"):
        slack.stub(method, {"channels": [support, {"id": "D0TEAM001", "is_im": True, "user": "U0TEAM001"}]})
    slack.stub("conversations.info", {"channel": support})
    frida = {"id": "U0TEAM001", "name": "frida", "team_id": "T0A", "profile": {"display_name": "frida"}}
    for method in ("users.info", "users.lookupByEmail"):
        slack.stub(method, {"user": frida})
    slack.stub("users.list", {"members": [frida]})
    rows = [
        {"ts": PARENT, "thread_ts": PARENT, "user": "U0TEAM001", "text": "x", "reply_count": 1},
        {"ts": OWN, "thread_ts": PARENT, "user": "U0WIREPOST", "text": "y"},
    ]
    slack.stub("conversations.history", {"messages": rows[:1], "has_more": False})
    slack.stub("conversations.replies", {"messages": rows, "has_more": False})
    scheduled = {"id": "Q00000000", "channel_id": "C0SUPPORT", "post_at": 1795604400, "date_created": 1}
    slack.stub("chat.scheduledMessages.list", {"scheduled_messages": [scheduled]})
    slack.stub(
        "chat.scheduleMessage",
        {"channel": "C0SUPPORT", "scheduled_message_id": "Q00000000", "post_at": 1795604400, "message": {}},
        verb="POST",
    )
    return slack


@pytest.mark.parametrize(
    ("name", "arguments"),
    [(name, given) for name, given in (*FULL.items(), *OTHER_WAYS.items()) if not name.endswith("_file")],
)
async def test_every_tool_sends_what_the_description_allows(full, name, arguments):
    tool = TOOLS[name]
    await full.run(tool, **arguments)
    if tool.planner:
        full.mock.journal.clear()
        await full.plan(tool, **arguments)
        assert {entry["method"] for entry in full.sent()} == {"GET"}
    if tool.reconciler:
        full.mock.journal.clear()
        await full.reconcile(tool, **arguments)
        assert {entry["method"] for entry in full.sent()} == {"GET"}


@pytest.mark.parametrize("name", [name for name in TOOLS if name.endswith("_file")])
async def test_tools_that_also_need_the_store_of_files_work_in_full_in_the_sandbox(shop, name):
    """The address of a file is not part of the description; what is, the sandbox's contract test judges."""
    tool = TOOLS[name]
    assert set(FULL[name]) == set(tool.own_arguments)
    await shop.run(tool, **FULL[name])
    if tool.planner:
        await shop.plan(tool, **FULL[name])


@pytest.mark.parametrize("arguments", [POST, {"user": "@frida", "text": "https://a.example"}])
@pytest.mark.parametrize(
    ("name", "method", "later"),
    [
        ("slack_send_message", "chat.postMessage", {}),
        ("slack_schedule_message", "chat.scheduleMessage", {"post_at": "+1h"}),
    ],
)
async def test_no_link_is_unfolded_wherever_a_message_goes(full, name, method, later, arguments):
    """12.2.4f: neither links nor media are unfolded, in a channel, a thread or a direct message."""
    await full.run(TOOLS[name], **arguments, **later)
    (posted,) = full.sent(method)
    assert (posted["body"]["unfurl_links"], posted["body"]["unfurl_media"]) == (False, False)


def test_every_argument_of_every_tool_is_tried():
    assert set(FULL) == set(TOOLS)
    for name, tool in TOOLS.items():
        assert set(FULL[name]) | set(OTHER_WAYS.get(name, ())) | {"ids"} >= set(tool.own_arguments)


@pytest.mark.parametrize("name", TOOLS)
async def test_every_example_works_in_the_sandbox(shop, name):
    tool = TOOLS[name]
    if tool.planner:
        await shop.plan(tool, **tool.example)
        assert {line.method for line in shop.sandbox.requests} == {"GET"}
    result = await shop.run(tool, **tool.example)
    if isinstance(result, Page):
        assert result.records


@pytest.mark.parametrize("name", TOOLS)
async def test_no_result_holds_a_token_or_an_address_that_needs_one(shop, name):
    result = await shop.run(TOOLS[name], **TOOLS[name].example)
    text = "".join(
        repr(each) if isinstance(each, Started) else each.model_dump_json()
        for each in (result.records if isinstance(result, Page) else [result])
    )
    assert not re.search(r"xox[bp]-|files-pri|/upload/v1|url_private", text)


@pytest.mark.parametrize("name", TOOLS)
def test_every_tool_is_declared_in_full(name):
    tool = TOOLS[name]
    assert tool.scopes
    assert len(tool.summary) <= 100
    assert tool.summary.endswith(".")
    assert schema.problems(name, tool.input_schema) == []
    tool.arguments_model.model_validate(tool.example)


def test_risks_are_those_of_what_the_tools_do():
    by_risk = {risk: {name for name, tool in TOOLS.items() if tool.risk is risk} for risk in Risk}
    assert by_risk[Risk.WRITE] == {"slack_cancel_scheduled"}
    assert by_risk[Risk.DESTRUCTIVE] == {"slack_delete_message"}
    assert by_risk[Risk.VISIBLE] == {
        "slack_send_message",
        "slack_update_message",
        "slack_schedule_message",
        "slack_add_reaction",
        "slack_upload_file",
        "slack_ask",
    }
    assert len(by_risk[Risk.READ]) == 8


@pytest.mark.parametrize("name", [name for name, tool in TOOLS.items() if tool.planner])
async def test_every_plan_names_who_will_see_it(shop, name):
    plan = await shop.plan(TOOLS[name], **TOOLS[name].example)
    assert plan.targets == ("C0SUPPORT", "#support")


async def test_a_person_is_a_target_whichever_way_the_messages_are_named(shop):
    person = ("U0TEAM001", "@frida", "frida@nordlicht.example")
    by_name = await shop.plan(TOOLS["slack_send_message"], user="@frida", text="x")
    by_channel = await shop.plan(TOOLS["slack_send_message"], channel="D0TEAM001", text="x")
    assert by_name.targets == person
    assert by_channel.targets == ("D0TEAM001", *person)


@pytest.mark.parametrize(
    ("key", "is_bot", "is_user"),
    [
        ("xoxb-1-2-abc", True, False),
        ("xoxe.xoxb-1-abc", True, False),
        ("xoxp-1-2-abc", False, True),
        ("xoxe.xoxp-1-abc", False, True),
        ("xapp-1-abc", False, False),
        ("xoxe-1-refresh", False, False),
        ("sk_live_1", False, False),
    ],
)
def test_the_two_kinds_of_token_are_not_mistaken_for_each_other(key, is_bot, is_user):
    for auth, expected in ((PROVIDER.auth[0], is_bot), (PROVIDER.user_auth, is_user)):
        assert any(re.fullmatch(pattern, key) for pattern in auth.environments) is expected


async def test_a_probe_tells_app_workspace_and_scopes(shop):
    found = await probe(shop.client(may_write=False))
    assert (found.identity, found.account, found.account_id) == ("wirepost", "Nordlicht Shop", "T0NORDLICHT")
    assert {"chat:write", "search:read.public"} <= set(found.scopes)
    assert (found.environment, found.warnings) == (None, None)


async def test_a_probe_takes_nothing_but_searching_from_the_user_token(open_shop):
    shop = open_shop(granted={"users:read"}, user_granted={"chat:write", "search:read"})
    assert (await probe(shop.client(may_write=False))).scopes == ["search:read", "users:read"]


async def test_a_probe_without_a_user_token_says_what_is_missing(open_shop, slack):
    found = await probe(open_shop(has_user=False).client(may_write=False))
    assert "search" in found.warnings[0]
    slack.stub("auth.test", {"user_id": "U0A"}, times=1)
    slack.refuse("auth.test", "token_revoked")
    refused = await probe(slack.client(may_write=False))
    assert "refused" in refused.warnings[0]
    assert (refused.identity, refused.scopes) == ("U0A", None)


async def test_a_probe_with_a_refused_app_token_fails(slack):
    slack.refuse("auth.test", "invalid_auth")
    with pytest.raises(NotConnected):
        await probe(slack.client(may_write=False))


def test_slack_offers_the_customer_card(shop):
    assert isinstance(PROVIDER.offers[CustomerCard](shop.client()), SlackCard)
    assert PROVIDER.sandbox.vendor == "slack"


@pytest.mark.parametrize("channel", ["C0SUPPORT/../x", "C0SUPPORT&user=U1", "C0SUPPORT?x=1"])
async def test_an_id_cannot_carry_another_argument(shop, channel):
    with pytest.raises(InvalidCall):
        await shop.run(TOOLS["slack_get_channel"], channel=channel)
