"""Files: read as what they are, uploaded in three steps, found again."""

from __future__ import annotations

import base64

import pytest

from support.scripted import Said, Vendor, upstream_to
from wirepost.core.errors import InvalidCall, OutcomeUnknown, Rejected
from wirepost.providers.slack.limits import UNHURRIED
from wirepost.providers.slack.tools.files import MOST_BINARY, slack_read_file, slack_upload_file
from wirepost.sandbox.faults import Fault

CSV = {"channel": "C0SUPPORT", "filename": "returns.csv", "content": "order,reason\nN-1042,größer\n"}


def put(shop, file_id, content, **changes):
    """A file of the workspace with other content or another description."""
    shop.sandbox.workspace.contents[file_id] = content
    shop.sandbox.workspace.files[file_id].update(size=len(content), **changes)


async def test_text_is_read_as_text(shop):
    file = await shop.run(slack_read_file, file="F0NORDLICHT")
    assert (file.kind, file.mimetype, file.is_cut) == ("text", "text/markdown", None)
    assert file.text.startswith("# Returns\n")
    assert "files.slack.com" not in file.model_dump_json()


async def test_the_token_goes_along_to_where_files_are(shop):
    await shop.run(slack_read_file, file="F0NORDLICHT")
    assert shop.sandbox.requests[-1].path == "/files-pri/T0NORDLICHT-F0NORDLICHT/returns.md"
    assert shop.sandbox.requests[-1].headers["host"] == "files.slack.com"


async def test_text_is_cut_between_characters(shop):
    put(shop, "F0NORDLICHT", "äöü".encode())
    file = await shop.run(slack_read_file, file="F0NORDLICHT", max_bytes=3)
    assert (file.text, file.is_cut, file.size) == ("ä", True, 6)


async def test_a_small_picture_is_base64(shop):
    file = await shop.run(slack_read_file, file="F0PICTURE")
    assert file.kind == "base64"
    assert base64.b64decode(file.base64) == shop.sandbox.workspace.contents["F0PICTURE"]
    assert file.text is None


async def test_text_that_is_none_is_not_passed_off_as_text(shop):
    put(shop, "F0NORDLICHT", b"\xff\xfe\x00")
    file = await shop.run(slack_read_file, file="F0NORDLICHT")
    assert (file.kind, file.base64) == ("base64", "//4A")
    put(shop, "F0NORDLICHT", b"\xff" * (MOST_BINARY + 1))
    file = await shop.run(slack_read_file, file="F0NORDLICHT", max_bytes=500_000)
    assert (file.kind, file.text, file.base64) == ("none", None, None)
    assert "UTF-8" in file.problem


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"mode": "external"}, "outside Slack"),
        ({"mode": "tombstone"}, "deleted"),
        ({"mode": "hidden_by_limit"}, "older files"),
        ({"url_private": None}, "outside Slack"),
        ({"size": 5 * 1024 * 1024 + 1}, "5242881"),
        ({"mimetype": "video/mp4", "mode": "hosted", "size": MOST_BINARY + 1}, "base64"),
    ],
)
async def test_what_cannot_be_given_is_described_all_the_same(shop, changes, problem):
    shop.sandbox.workspace.files["F0NORDLICHT"].update(changes)
    file = await shop.run(slack_read_file, file="F0NORDLICHT")
    assert (file.kind, file.id, file.text) == ("none", "F0NORDLICHT", None)
    assert problem in file.problem
    assert shop.paths() == ["GET /api/files.info"]


async def test_a_page_to_sign_in_is_no_content(shop):
    del shop.sandbox.workspace.contents["F0NORDLICHT"]
    file = await shop.run(slack_read_file, file="F0NORDLICHT")
    assert (file.kind, file.text) == ("none", None)
    assert "files:read" in file.problem


async def test_a_file_elsewhere_is_not_fetched_with_our_token(shop):
    shop.sandbox.workspace.files["F0NORDLICHT"]["url_private"] = "https://evil.example/files-pri/x"
    with pytest.raises(Rejected):
        await shop.run(slack_read_file, file="F0NORDLICHT")
    assert shop.paths() == ["GET /api/files.info"]


async def test_an_unknown_file(shop):
    with pytest.raises(Rejected) as refused:
        await shop.run(slack_read_file, file="F0NOTHERE")
    assert refused.value.code == "not_found"


async def test_a_file_goes_into_a_channel_with_an_escaped_comment(shop):
    made = await shop.run(slack_upload_file, **CSV, comment="<!here> see *this* @frida #orders")
    size = len(CSV["content"].encode())
    assert (made.size, made.name, made.channel) == (size, "returns.csv", "C0SUPPORT")
    row = shop.sandbox.workspace.messages["C0SUPPORT"][-1]
    assert row["text"] == "&lt;!here&gt; see *this* @frida <#C0ORDERS>"
    assert shop.sandbox.workspace.contents[made.id] == CSV["content"].encode()
    assert row["files"][0]["title"] == "returns.csv"
    assert shop.paths("POST") == [
        "POST /api/files.getUploadURLExternal",
        f"POST /upload/v1/{made.id}",
        "POST /api/files.completeUploadExternal",
    ]


async def test_bytes_are_given_as_base64(shop):
    content = base64.b64encode(b"\x89PNG\x00").decode()
    made = await shop.run(
        slack_upload_file, channel="#support", filename="a.png", content=content, encoding="base64"
    )
    assert shop.sandbox.workspace.contents[made.id] == b"\x89PNG\x00"


@pytest.mark.parametrize(
    "change",
    [
        {"content": "not base64!", "encoding": "base64"},
        {"content": "====", "encoding": "base64"},
        {"content": "größer", "encoding": "base64"},
        {"content": "\n", "encoding": "base64"},
        {"content": "x" * (1024 * 1024 + 1)},
    ],
)
async def test_content_that_cannot_be_sent_is_refused_in_the_plan(shop, change):
    with pytest.raises(InvalidCall) as refused:
        await shop.plan(slack_upload_file, **{**CSV, **change})
    assert refused.value.fields[0]["path"] == "content"


@pytest.mark.parametrize("link", ["https://a.example/?x=1", "<HTTP://a.example|page>", "www.a.example"])
async def test_a_comment_has_no_link_that_slack_would_fetch(shop, link):
    for ask in (shop.plan, shop.run):
        with pytest.raises(InvalidCall) as refused:
            await ask(slack_upload_file, **CSV, comment=f"see {link}")
        assert refused.value.fields[0]["path"] == "comment"
    assert shop.paths("POST") == []


async def test_the_plan_shows_file_size_readers_and_comment(shop):
    plan = await shop.plan(slack_upload_file, **CSV, comment="a < b", thread_ts="1735725600.000100")
    assert plan.summary == ("Upload returns.csv (29 bytes) to #support (C0SUPPORT), thread 1735725600.000100")
    assert [effect.what for effect in plan.effects][:2] == [
        "Read by 9 members of #support (C0SUPPORT)",
        "File returns.csv, 29 bytes",
    ]
    assert plan.effects[2].after == "a &lt; b"
    assert {line.method for line in shop.sandbox.requests} == {"GET"}


async def test_a_refusal_at_the_end_has_shared_nothing_and_says_so(shop):
    with pytest.raises(Rejected) as refused:
        await shop.run(slack_upload_file, **{**CSV, "channel": "C0RANDOM"})
    assert (refused.value.provider_code, refused.value.outcome) == ("not_in_channel", "not_applied")
    assert shop.scope.writes_applied == 0


@pytest.mark.parametrize("thread_ts", [None, "1735725600.000100"])
async def test_a_lost_answer_is_found_by_name_and_size(shop, thread_ts):
    given = {**CSV, "thread_ts": thread_ts}
    assert await shop.reconcile(slack_upload_file, **given) is None
    shop.sandbox.inject(Fault(kind="lost_answer", match="POST /api/files.complete*", times=1))
    with pytest.raises(OutcomeUnknown):
        await shop.run(slack_upload_file, **given)
    found = await shop.reconcile(slack_upload_file, **given)
    assert found.ts == shop.sandbox.workspace.messages["C0SUPPORT"][-1]["ts"]
    assert await shop.reconcile(slack_upload_file, **{**given, "content": "other"}) is None
    assert await shop.reconcile(slack_upload_file, **{**given, "filename": "other.csv"}) is None


async def lose(shop, kind, **given):
    """An upload without an answer, and what `reconcile` is told of it."""
    shop.sandbox.inject(Fault(kind=kind, match="POST /api/files.complete*", times=1))
    sent_at = shop.clock.now()
    with pytest.raises(OutcomeUnknown):
        await shop.run(slack_upload_file, **given)
    return {"dispatched_at": sent_at}


async def test_an_earlier_file_of_the_same_name_and_size_is_not_taken_for_a_lost_one(shop):
    first = await shop.run(slack_upload_file, **{**CSV, "content": "stock,17\n"})
    shop.clock.advance(20)
    given = {**CSV, "content": "stock,23\n"}
    told = await lose(shop, "cut", **given)
    with pytest.raises(OutcomeUnknown) as unknown:
        await shop.reconcile(slack_upload_file, told, **given)
    assert first.id in unknown.value.message


async def test_a_lost_file_is_told_from_an_earlier_one_of_the_same_name_and_size(shop):
    first = await shop.run(slack_upload_file, **CSV)
    shop.clock.advance(20)
    told = await lose(shop, "lost_answer", **CSV)
    found = await shop.reconcile(slack_upload_file, told, **CSV)
    assert found.id != first.id
    assert found.ts == shop.sandbox.workspace.messages["C0SUPPORT"][-1]["ts"]


async def test_two_files_of_the_same_name_and_size_since_then_cannot_be_told_apart(shop):
    told = await lose(shop, "lost_answer", **CSV)
    shop.clock.advance(1)
    await shop.run(slack_upload_file, **CSV)
    with pytest.raises(OutcomeUnknown):
        await shop.reconcile(slack_upload_file, told, **CSV)


async def test_the_file_that_a_thread_began_with_is_not_taken_for_a_lost_answer_to_it(shop):
    await shop.run(slack_upload_file, **CSV)
    given = {**CSV, "thread_ts": shop.sandbox.workspace.messages["C0SUPPORT"][-1]["ts"]}
    shop.clock.advance(3600)
    told = await lose(shop, "cut", **given)
    assert await shop.reconcile(slack_upload_file, told, **given) is None


async def test_a_lost_answer_to_the_bytes_has_shared_nothing(shop):
    shop.sandbox.inject(Fault(kind="lost_answer", match="POST /upload/*", times=1))
    await shop.run(slack_upload_file, **CSV)
    assert len([path for path in shop.paths("POST") if path.startswith("POST /upload")]) == 2


@pytest.mark.parametrize("kind", ["public", "private"])
async def test_the_ts_of_the_message_is_told_where_slack_knows_it_already(shop, kind):
    shares = {kind: {"C0SUPPORT": [{"ts": "1735725600.000100"}]}}
    vendor = Vendor(
        Said(body={"ok": True, "upload_url": "http://vendor.test/upload/1?sig=a", "file_id": "F9"}),
        Said(body=b"OK - 29"),
        Said(
            body={"ok": True, "files": [{"id": "F9", "shares": shares, "permalink": "https://a.slack.com/x"}]}
        ),
    )
    shop.upstream = upstream_to(vendor, shop.clock, UNHURRIED)
    made = await shop.run(slack_upload_file, **CSV)
    assert (made.ts, made.permalink) == ("1735725600.000100", "https://a.slack.com/x")
    reserved, sent, completed = vendor.seen
    assert (sent.path, sent.query, sent.body) == ("/upload/1", "sig=a", CSV["content"].encode())
    assert "authorization" not in sent.headers
    assert "authorization" in reserved.headers
    assert "authorization" in completed.headers
