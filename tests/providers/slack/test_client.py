"""The client: how each kind of request is written, and what every kind of refusal means."""

from __future__ import annotations

import pytest

from wirepost.core.errors import InvalidCall, NotConnected, OutcomeUnknown, Rejected, Unavailable
from wirepost.providers.slack.client import next_cursor, together
from wirepost.sandbox.faults import Fault
from wirepost.upstream.client import WriteRefused

POST = {"channel": "C0SUPPORT", "text": "Hello"}
HISTORY = {"channel": "C0SUPPORT"}


async def test_a_read_is_a_form_in_the_address_and_never_json(slack):
    """12.2.4c: reads are form-encoded."""
    await slack.client(may_write=False).read(
        "conversations.history", channel="C0A", limit=5, inclusive=True, latest=None
    )
    assert (slack.last["method"], slack.last["operation"]) == ("GET", "conversations.history.get")
    assert slack.last["query"] == "channel=C0A&limit=5&inclusive=true"
    assert "content-type" not in slack.last["headers"]
    assert slack.last["headers"]["authorization"].startswith("Bearer xoxb-")


async def test_a_post_is_json_with_its_charset(slack):
    await slack.client().write("chat.postMessage", key=None, **POST, thread_ts=None, unfurl_links=False)
    assert slack.last["headers"]["content-type"] == "application/json; charset=utf-8"
    assert slack.last["body"] == {**POST, "unfurl_links": False}


async def test_a_write_that_takes_no_json_is_a_form_whose_parts_are_json(slack):
    files = [{"id": "F0A", "title": "Größe & mehr"}]
    await slack.client().write("files.completeUploadExternal", key=None, files=files, channel_id="C0A")
    assert slack.last["headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert slack.last["body"]["channel_id"] == "C0A"
    assert "Gr%C3%B6%C3%9Fe+%26+mehr" in slack.last["raw"]


async def test_json_for_a_form_method_would_break_the_description(open_slack):
    """What the encoding of reads protects from."""
    slack = open_slack()
    headers = {"Authorization": "Bearer x", "Content-Type": "application/json"}
    reply = slack.mock.call("POST", "/slack/api/conversations.history", headers, b'{"channel": "C0A"}')
    assert reply.status == 415


async def test_a_user_request_carries_the_other_token(slack):
    await slack.client().read("search.messages", as_user=True, query="x")
    assert slack.last["headers"]["authorization"].startswith("Bearer xoxp-")


async def test_without_a_user_token_nothing_is_sent(open_slack):
    slack = open_slack(has_user=False)
    with pytest.raises(NotConnected) as refused:
        await slack.client().read("search.messages", as_user=True, query="x")
    assert refused.value.code == "not_connected"
    assert slack.sent() == []


async def test_a_write_outside_the_ledger_is_never_sent(slack):
    with pytest.raises(WriteRefused):
        await slack.client(may_write=False).write("chat.postMessage", key=None, **POST)
    assert slack.sent() == []


async def test_ok_false_with_status_200_is_an_error(slack):
    """12.2.4a: `ok: false` is a failure, whatever the status says."""
    slack.refuse("conversations.history", "channel_not_found")
    with pytest.raises(Rejected) as refused:
        await slack.client().read("conversations.history", **HISTORY)
    assert (refused.value.code, refused.value.provider_code) == ("not_found", "channel_not_found")
    assert refused.value.last_status == 200


async def test_a_missing_scope_names_needed_and_granted(slack):
    """12.2.4b: a missing scope is told with what is needed and what is granted."""
    slack.refuse("conversations.history", "missing_scope", needed="channels:history", provided="chat:write")
    with pytest.raises(NotConnected) as refused:
        await slack.client().read("conversations.history", **HISTORY)
    assert refused.value.payload()["needed"] == ["channels:history"]
    assert refused.value.payload()["granted"] == ["chat:write"]


async def test_a_write_that_was_refused_with_200_has_applied_nothing(slack):
    slack.refuse("chat.postMessage", "not_in_channel", verb="POST")
    client = slack.client()
    with pytest.raises(Rejected) as refused:
        await client.write("chat.postMessage", key=None, **POST)
    assert refused.value.outcome == "not_applied"
    assert client.scope.writes_applied == 0
    await client.write("chat.postMessage", key=None, **POST)
    assert client.scope.writes_applied == 1


async def test_a_write_that_failed_inside_slack_is_unknown_and_not_repeated(slack):
    slack.refuse("chat.postMessage", "fatal_error", verb="POST")
    with pytest.raises(OutcomeUnknown):
        await slack.client().write("chat.postMessage", key=None, **POST)
    assert len(slack.sent("chat.postMessage")) == 1


@pytest.mark.parametrize("body", [[1], {"messages": []}, {"ok": "yes"}])
async def test_an_answer_without_ok_says_nothing(open_slack, body):
    slack = open_slack()
    stub = {"api": "slack", "body": body, "unchecked": True}
    slack.mock.add_stub(**stub, method="GET", path="/api/auth.test")
    with pytest.raises(Unavailable):
        await slack.client().read("auth.test")
    slack.mock.add_stub(**stub, method="POST", path="/api/chat.postMessage")
    with pytest.raises(OutcomeUnknown):
        await slack.client().write("chat.postMessage", key=None, **POST)
    assert len(slack.sent("chat.postMessage")) == 1


async def test_a_refused_token_is_read_again_the_next_time(slack):
    forgotten: list[str] = []
    slack.upstream.forget_credential = forgotten.append
    slack.refuse("auth.test", "token_revoked")
    with pytest.raises(NotConnected) as refused:
        await slack.client().read("auth.test")
    assert refused.value.code == "auth_expired"
    slack.refuse("search.messages", "invalid_auth")
    with pytest.raises(NotConnected):
        await slack.client().read("search.messages", as_user=True, query="x")
    assert [value[:11] for value in forgotten] == ["Bearer xoxb", "Bearer xoxp"]


async def test_a_429_is_obeyed_for_as_long_as_slack_says(shop):
    shop.sandbox.inject(
        Fault(kind="status", status=429, retry_after="7", match="GET /api/auth.test", times=1)
    )
    before = shop.clock.monotonic()
    assert (await shop.client().read("auth.test"))["ok"]
    assert shop.clock.monotonic() - before >= 7


async def test_a_429_without_room_for_the_wait_is_told_with_the_wait(shop):
    shop.sandbox.inject(Fault(kind="status", status=429, retry_after="300", times=None))
    with pytest.raises(Unavailable) as refused:
        await shop.client().read("auth.test")
    assert (refused.value.code, refused.value.retry_after_s) == ("rate_limited", 300)


async def test_a_limited_write_was_not_carried_out_and_is_not_repeated_by_itself(shop):
    shop.sandbox.inject(Fault(kind="status", status=429, retry_after="3", match="POST *", times=1))
    with pytest.raises(Unavailable) as refused:
        await shop.client().write("chat.postMessage", key=None, **POST)
    assert (refused.value.code, refused.value.outcome) == ("rate_limited", "not_applied")
    assert shop.paths("POST") == ["POST /api/chat.postMessage"]


@pytest.mark.parametrize("error", ["ratelimited", "internal_error"])
async def test_a_read_that_failed_with_200_is_tried_again(slack, error):
    slack.refuse("users.list", error)
    assert (await slack.client().read("users.list"))["ok"]
    assert [entry["status"] for entry in slack.sent("users.list")] == [200, 200]


async def test_ratelimited_with_200_slows_that_method_down(slack):
    slack.refuse("chat.postMessage", "ratelimited", verb="POST")
    with pytest.raises(Unavailable) as refused:
        await slack.client().write("chat.postMessage", key=None, **POST)
    assert (refused.value.code, refused.value.outcome) == ("rate_limited", "not_applied")
    before = slack.clock.monotonic()
    await slack.client().read("auth.test")
    assert slack.clock.monotonic() == before
    await slack.client().write("chat.postMessage", key=None, **POST)
    assert slack.clock.monotonic() > before


@pytest.mark.parametrize(("status", "code"), [(401, "auth_expired"), (503, "upstream_unavailable")])
async def test_other_statuses_mean_what_slack_says_in_them(shop, status, code):
    shop.sandbox.inject(Fault(kind="status", status=status, times=None))
    with pytest.raises((NotConnected, Unavailable)) as refused:
        await shop.client().read("auth.test")
    assert refused.value.code == code


async def test_a_proxy_that_refuses_with_a_page_is_told_by_its_status(shop):
    shop.sandbox.inject(Fault(kind="html", status=404, times=None))
    with pytest.raises(Rejected) as refused:
        await shop.client().read("auth.test")
    assert refused.value.code == "not_found"


async def test_a_page_instead_of_an_answer_is_no_success(shop):
    shop.sandbox.inject(Fault(kind="html", status=200, times=None))
    with pytest.raises(Unavailable):
        await shop.client().read("auth.test")


async def test_a_restricted_app_is_told_why_it_waits_so_long(open_shop):
    shop = open_shop(is_restricted=True)
    await shop.client().read("conversations.history", **HISTORY)
    with pytest.raises(Unavailable) as refused:
        await shop.client().read("conversations.history", **HISTORY)
    assert refused.value.retry_after_s == 60
    assert "marketplace" in refused.value.hint


async def test_requests_are_counted_by_method(open_shop):
    """A method that is used up keeps nobody from calling another."""
    shop = open_shop()
    shop.sandbox.limit(1 / 60, 1, scope="users.list")
    await shop.client().read("users.list")
    with pytest.raises(Unavailable):
        await shop.client().read("users.list")
    before = shop.clock.monotonic()
    await shop.client().read("auth.test")
    assert shop.clock.monotonic() == before


async def test_all_rows_are_read_page_by_page_or_not_at_all(open_shop):
    shop = open_shop(most_rows=3)
    rows = await shop.client().rows("users.list", "members", most=100)
    assert [row["id"] for row in rows] == list(shop.sandbox.workspace.users)
    with pytest.raises(Rejected, match="more than 6"):
        await shop.client().rows("users.list", "members", most=6)


async def test_the_id_of_a_request_is_slacks(shop):
    client = shop.client()
    await client.read("auth.test")
    assert client.scope.request_ids == ["sandbox-00000001"]


async def test_who_and_what_a_token_is(shop):
    body, scopes = await shop.client().identify()
    assert body["user_id"] == "U0WIREPOST"
    assert "chat:write" in scopes
    _, searching = await shop.client().identify(as_user=True)
    assert "search:read.public" in searching


async def test_an_upload_address_gets_bytes_and_no_token(shop):
    client = shop.client()
    place = await client.reserve("files.getUploadURLExternal", filename="a.txt", length=3)
    await client.put(place["upload_url"], b"\x00\xffa")
    sent = shop.sandbox.requests[-1]
    assert sent.path.startswith("/upload/v1/")
    assert sent.headers["host"] == "files.slack.com"
    assert sent.headers["content-type"] == "application/octet-stream"
    assert shop.sandbox.workspace.contents[place["file_id"]] == b"\x00\xffa"


@pytest.mark.parametrize("url", ["https://evil.example/upload/v1/F1", "http://files.slack.com/upload/v1/F1"])
async def test_neither_bytes_nor_token_go_to_other_addresses(shop, url):
    client = shop.client()
    with pytest.raises(Rejected):
        await client.put(url, b"secret")
    with pytest.raises(Rejected):
        await client.fetch(url)
    assert list(shop.sandbox.requests) == []


async def test_the_path_of_an_address_is_checked_too(shop):
    with pytest.raises(InvalidCall):
        await shop.client().fetch("https://files.slack.com/files-pri/../x")


async def test_the_first_failure_of_several_reads_is_raised_as_it_is(shop):
    client = shop.client()
    with pytest.raises(Rejected):
        await together(
            client.read("users.info", user=user) for user in ("U0TEAM001", "U0NOBODY1", "U0TEAM002")
        )
    both = await together(client.read("users.info", user=user) for user in ("U0TEAM002", "U0TEAM001"))
    assert [found["user"]["id"] for found in both] == ["U0TEAM002", "U0TEAM001"]


def test_an_empty_cursor_is_the_end():
    assert next_cursor({"response_metadata": {"next_cursor": "abc"}}) == "abc"
    for page in ({}, {"response_metadata": None}, {"response_metadata": {"next_cursor": ""}}):
        assert next_cursor(page) is None
