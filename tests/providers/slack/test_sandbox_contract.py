"""Every method of the sandbox against Slack's published arguments and recorded answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from specmock import SpecMock
from support.clock import START, ManualClock
from support.sources import listed_exceptions
from support.specmock_fixture import described, new_mock
from support.worlds import world_at
from wirepost.providers.slack.sandbox import SlackSandbox
from wirepost.providers.slack.sandbox.app import METHODS
from wirepost.sandbox.faults import Fault

WORLD = world_at(START)
UNCOVERED = listed_exceptions(Path(__file__).with_name("uncovered.txt"))
BOT, USER = "xoxb-any", "xoxp-any"
SUPPORT, PINNED, OWN = "C0SUPPORT", "1735725600.000100", "1735729200.000200"
BY_ID = frozenset({"public", "private"})
"""Objects whose keys are ids of channels."""


@dataclass
class Judged:
    """The sandbox over HTTP; each request and answer must be of the form that Slack publishes."""

    sandbox: SlackSandbox
    clock: ManualClock
    mock: SpecMock = field(default_factory=lambda: new_mock("slack"))
    answered: set[str] = field(default_factory=set)

    async def get(self, method: str, *, token: str | None = BOT, **params: Any) -> dict[str, Any]:
        """Call with a query."""
        query = urlencode(list(fields(params)))
        return await self.exchange("GET", f"/api/{method}?{query}" if query else f"/api/{method}", token)

    async def form(self, method: str, *, token: str | None = BOT, **params: Any) -> dict[str, Any]:
        """Call with a form."""
        body = urlencode(list(fields(params))).encode()
        return await self.exchange("POST", f"/api/{method}", token, body, "application/x-www-form-urlencoded")

    async def json(self, method: str, *, token: str | None = BOT, **params: Any) -> dict[str, Any]:
        """Call with JSON."""
        return await self.exchange(
            "POST", f"/api/{method}", token, json.dumps(params).encode(), "application/json"
        )

    async def exchange(
        self, verb: str, target: str, token: str | None, body: bytes = b"", kind: str = ""
    ) -> dict[str, Any]:
        """One exchange, judged where it succeeds."""
        response = await self.raw(verb, target, token, body, kind)
        answer: dict[str, Any] = response.json()
        method = target.removeprefix("/api/").partition("?")[0]
        if answer["ok"]:
            headers = {"Authorization": "Bearer x", **({"Content-Type": kind} if kind else {})}
            reply = self.mock.call(verb, f"/slack{target}", headers, body)
            assert "X-Specmock-Violation" not in reply.headers, reply.body
            if method not in UNCOVERED:
                wrong = misnamed(answer, sample(method))
                assert [each for each in wrong if f"{method}{each}" not in UNCOVERED] == []
            self.answered.add(method)
        return answer

    async def raw(
        self, verb: str, target: str, token: str | None, body: bytes = b"", kind: str = ""
    ) -> httpx2.Response:
        """One exchange without judgement."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if kind:
            headers["Content-Type"] = kind
        transport = httpx2.ASGITransport(app=self.sandbox.app)
        async with httpx2.AsyncClient(transport=transport, base_url="https://slack.com") as client:
            return await client.request(verb, target, content=body, headers=headers)


def fields(params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Arguments as form fields; what has parts goes as JSON."""
    for name, value in params.items():
        if isinstance(value, bool):
            yield name, str(value).lower()
        else:
            yield name, json.dumps(value) if isinstance(value, list | dict) else str(value)


def sample(method: str) -> dict[str, Any]:
    """The recorded answer of a method."""
    examples = described("slack")["slack"].examples
    found: dict[str, Any] = examples.get(f"{method}.get") or examples[method]
    return found


def misnamed(answer: Any, recorded: Any, path: str = "") -> Iterator[str]:
    """Properties that Slack has never sent there, and values of another kind than it sends."""
    if isinstance(answer, dict) and isinstance(recorded, dict):
        is_by_id = path.rpartition(".")[2] in BY_ID
        for name, value in answer.items():
            known = next(iter(recorded.values()), None) if is_by_id else recorded.get(name)
            if name not in recorded and not is_by_id:
                yield f"{path}.{name}"
            elif known not in (None, {}, []):
                yield from misnamed(value, known, f"{path}.{name}")
    elif isinstance(answer, list) and isinstance(recorded, list):
        for item in answer:
            yield from misnamed(item, recorded[0], f"{path}[]")
    elif answer is not None and type(answer) is not type(recorded):
        yield f"{path} is {type(answer).__name__}, not {type(recorded).__name__}"


@pytest.fixture
def judged(clock: ManualClock) -> Judged:
    return Judged(SlackSandbox(WORLD, clock), clock)


async def test_every_method_takes_and_answers_what_slack_publishes(judged):
    ok = [
        await judged.get("auth.test"),
        await judged.get("auth.test", token=USER),
        await judged.get("users.info", user="U0TEAM001"),
        await judged.get("users.list", limit=3),
        await judged.form("users.lookupByEmail", email="frida@nordlicht.example"),
        await judged.get("users.conversations", types="public_channel,private_channel,im,mpim", limit=50),
        await judged.get("conversations.list", types="public_channel,private_channel,im,mpim"),
        await judged.get("conversations.info", channel=SUPPORT, include_num_members=True),
        await judged.get("conversations.info", channel="D0TEAM001"),
        await judged.get("conversations.history", channel=SUPPORT, limit=200, include_all_metadata=True),
        await judged.get("conversations.replies", channel=SUPPORT, ts=PINNED),
        await judged.form("conversations.open", users="U0TEAM002"),
        await judged.json(
            "chat.postMessage", channel=SUPPORT, text="x", unfurl_links=False, thread_ts=PINNED,
            metadata={"event_type": "a", "event_payload": {}},
        ),
        await judged.form("chat.postMessage", channel="U0TEAM001", markdown_text="**x**"),
        await judged.json("chat.update", channel=SUPPORT, ts=OWN, text="y", metadata={"event_type": "b"}),
        await judged.form("reactions.add", channel=SUPPORT, timestamp=OWN, name="eyes"),
        await judged.json("chat.scheduleMessage", channel=SUPPORT, text="x", post_at=1795604400),
        await judged.get("chat.scheduledMessages.list", channel=SUPPORT),
        await judged.form(
            "chat.deleteScheduledMessage", channel=SUPPORT, scheduled_message_id="Q0NORDLICHT"
        ),
        await judged.get("conversations.history", channel=SUPPORT, include_all_metadata=True),
        await judged.get("conversations.replies", channel=SUPPORT, ts=PINNED, include_all_metadata=True),
        await judged.form("chat.delete", channel=SUPPORT, ts=OWN),
        await judged.get("files.info", file="F0NORDLICHT"),
        await judged.get("assistant.search.context", token=USER, query="parcel", limit=5),
        await judged.get("search.messages", token=USER, query="parcel in:<#C0SUPPORT> after:2026-01-01"),
    ]  # fmt: skip
    place = await judged.form("files.getUploadURLExternal", filename="a.md", length=1)
    await judged.raw("POST", f"/upload/v1/{place['file_id']}?sig=abc", None, b"x")
    files = [{"id": place["file_id"], "title": "A"}]
    ok += [
        place,
        await judged.form(
            "files.completeUploadExternal", files=files, channel_id=SUPPORT, initial_comment="c"
        ),
    ]
    assert [answer for answer in ok if not answer["ok"]] == []
    assert judged.answered == set(METHODS)


def test_json_is_taken_where_slack_publishes_that_it_is():
    paths = described("slack")["slack"].doc["paths"]
    published = {
        path.removeprefix("/api/")
        for path, verbs in paths.items()
        if "application/json" in verbs["post"]["requestBody"]["content"]
    }
    assert {name for name, method in METHODS.items() if method.takes_json} == published


def test_what_nothing_covers_is_listed_with_its_evidence():
    recorded = described("slack")["slack"].examples
    without = {method for method in METHODS if not {method, f"{method}.get"} & set(recorded)}
    properties = {"conversations.info.channel.user", "conversations.replies.messages[].subtype"}
    assert without | {"/upload/v1/", "/files-pri/"} | properties == set(UNCOVERED)
    assert all("://" in why or "slackapi/" in why for why in UNCOVERED.values())


def test_a_property_that_slack_never_sent_is_noticed():
    recorded = {"ok": True, "user": {"id": "U1", "names": ["a"]}, "shares": {"public": {"C1": [{"ts": "1"}]}}}
    assert list(misnamed({"user": {"di": "U1"}}, recorded)) == [".user.di"]
    assert list(misnamed({"user": {"id": 7}}, recorded)) == [".user.id is int, not str"]
    assert list(misnamed({"shares": {"public": {"C9": [{"st": "1"}]}}}, recorded)) == [
        ".shares.public.C9[].st"
    ]
    assert list(misnamed({"ok": True, "user": {"id": "U2", "names": []}}, recorded)) == []


# Errors of https://docs.slack.dev/reference/methods, each with status 200
@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("nothing.like.this", {}, "unknown_method"),
        ("users.info", {"user": "U0NOBODY1"}, "user_not_found"),
        ("users.lookupByEmail", {"email": "nobody@example.com"}, "users_not_found"),
        ("users.lookupByEmail", {"email": "sam@nordlicht.example"}, "users_not_found"),
        ("users.list", {"cursor": "%%"}, "invalid_cursor"),
        ("users.list", {"limit": 5000}, "invalid_limit"),
        ("conversations.list", {"types": "rooms"}, "invalid_types"),
        ("conversations.info", {"channel": "C0FINANCE"}, "channel_not_found"),
        ("conversations.history", {"channel": "C0RANDOM"}, "not_in_channel"),
        ("conversations.history", {"channel": SUPPORT, "latest": "soon"}, "invalid_ts_latest"),
        ("conversations.replies", {"channel": SUPPORT, "ts": "1.000000"}, "thread_not_found"),
        ("conversations.open", {"users": "U0NOBODY1"}, "user_not_found"),
        ("chat.postMessage", {"channel": SUPPORT}, "no_text"),
        ("chat.postMessage", {"channel": SUPPORT, "text": "x", "markdown_text": "y"},
         "markdown_text_conflict"),
        ("chat.postMessage", {"channel": SUPPORT, "text": "x" * 40_001}, "msg_too_long"),
        ("chat.postMessage", {"channel": "C0OLDSHOP", "text": "x"}, "is_archived"),
        ("chat.postMessage", {"channel": SUPPORT, "text": "x", "metadata": "{"}, "invalid_arguments"),
        ("chat.update", {"channel": SUPPORT, "ts": PINNED, "text": "x"}, "cant_update_message"),
        ("chat.delete", {"channel": SUPPORT, "ts": PINNED}, "cant_delete_message"),
        ("chat.delete", {"channel": SUPPORT, "ts": "1.000000"}, "message_not_found"),
        ("chat.scheduleMessage", {"channel": SUPPORT, "text": "x", "post_at": 1}, "time_in_past"),
        ("chat.scheduleMessage", {"channel": SUPPORT, "text": "x", "post_at": 1890000000}, "time_too_far"),
        ("chat.deleteScheduledMessage", {"channel": SUPPORT, "scheduled_message_id": "Q0"},
         "invalid_scheduled_message_id"),
        ("reactions.add", {"channel": SUPPORT, "timestamp": OWN, "name": "NO"}, "invalid_name"),
        ("files.info", {"file": "F0NOTHERE"}, "file_not_found"),
        ("files.getUploadURLExternal", {"filename": "a", "length": 0}, "invalid_arguments"),
        ("files.completeUploadExternal", {"files": '[{"id": "F0"}]'}, "file_not_found"),
        ("search.messages", {"query": "x"}, "not_allowed_token_type"),
        ("assistant.search.context", {"query": "x"}, "not_allowed_token_type"),
    ],
)  # fmt: skip
async def test_refusals_come_with_status_200_and_a_word(judged, method, params, error):
    response = await judged.raw(
        "POST", f"/api/{method}", BOT, urlencode(params).encode(), "application/x-www-form-urlencoded"
    )
    assert response.status_code == 200
    assert (response.json()["ok"], response.json()["error"]) == (False, error)


async def test_searching_for_nothing_or_in_no_kind_is_refused(judged):
    assert (await judged.get("search.messages", token=USER, query=" "))["error"] == "no_query"
    refused = await judged.get("assistant.search.context", token=USER, query="x", channel_types="rooms")
    assert refused["error"] == "invalid_channel_types"


@pytest.mark.parametrize(("token", "error"), [(None, "not_authed"), ("nonsense", "invalid_auth")])
async def test_a_token_is_needed(judged, token, error):
    assert (await judged.get("auth.test", token=token))["error"] == error


async def test_what_a_token_may_do_is_told_with_every_answer(clock):
    judged = Judged(SlackSandbox(WORLD, clock, granted={"users:read"}), clock)
    response = await judged.raw("GET", "/api/auth.test", BOT)
    assert response.headers["x-oauth-scopes"] == "users:read"
    assert await judged.json("chat.postMessage", channel=SUPPORT, text="x") == {
        "ok": False,
        "error": "missing_scope",
        "needed": "chat:write",
        "provided": "users:read",
    }
    shown = await judged.get("users.info", user="U0TEAM001")
    assert "email" not in shown["user"]["profile"]


async def test_json_is_refused_where_slack_takes_forms_alone(judged):
    refused = await judged.json("conversations.history", channel=SUPPORT)
    assert refused["error"] == "invalid_arguments"
    for body, error in ((b"{", "invalid_json"), (b"[]", "json_not_object")):
        response = await judged.raw("POST", "/api/chat.postMessage", BOT, body, "application/json")
        assert response.json()["error"] == error


async def test_tiers_are_counted_by_method_and_minute(clock):
    judged = Judged(SlackSandbox(WORLD, clock, has_tiers=True), clock)
    for _ in range(20):
        assert (await judged.get("users.list", limit=1))["ok"]
    response = await judged.raw("GET", "/api/users.list", BOT)
    assert (response.status_code, response.json()["error"]) == (429, "ratelimited")
    assert response.headers["retry-after"] == "3"
    assert (await judged.get("users.info", user="U0TEAM001"))["ok"]
    clock.advance(3)
    assert (await judged.get("users.list", limit=1))["ok"]


async def test_history_is_bounded_as_it_is_asked_for(judged):
    async def ts(**params: Any) -> list[str]:
        page = await judged.get("conversations.history", channel=SUPPORT, **params)
        return [row["ts"] for row in page["messages"]]

    newest = await ts(limit=3)
    assert newest == sorted(newest, reverse=True)
    assert await ts(latest=newest[0], limit=2) == newest[1:]
    assert await ts(latest=newest[0], limit=3, inclusive=True) == newest
    assert await ts(oldest=newest[2]) == newest[:2]
    assert await ts(oldest=newest[2], inclusive=True) == newest
    page = await judged.get("conversations.history", channel=SUPPORT, limit=2)
    following = await judged.get(
        "conversations.history", channel=SUPPORT, limit=1, cursor=page["response_metadata"]["next_cursor"]
    )
    assert following["messages"][0]["ts"] == newest[2]


async def test_answers_are_counted_and_shown_in_the_channel_only_if_they_shall(judged):
    await judged.json("chat.postMessage", channel=SUPPORT, text="a", thread_ts=PINNED)
    await judged.json("chat.postMessage", channel=SUPPORT, text="b", thread_ts=PINNED, reply_broadcast=True)
    (newest, *_) = (await judged.get("conversations.history", channel=SUPPORT))["messages"]
    assert newest["text"] == "b"
    (parent, *answers) = (await judged.get("conversations.replies", channel=SUPPORT, ts=PINNED))["messages"]
    assert parent["reply_count"] == len(answers) == 4
    assert parent["latest_reply"] == newest["ts"]
    await judged.form("chat.delete", channel=SUPPORT, ts=newest["ts"])
    (parent, *_) = (await judged.get("conversations.replies", channel=SUPPORT, ts=PINNED))["messages"]
    assert parent["reply_count"] == 3


async def test_metadata_is_shown_only_on_request(judged):
    metadata = {"event_type": "a", "event_payload": {"b": 1}}
    await judged.json("chat.postMessage", channel=SUPPORT, text="x", metadata=metadata)
    plain = await judged.get("conversations.history", channel=SUPPORT, limit=1)
    full = await judged.get("conversations.history", channel=SUPPORT, limit=1, include_all_metadata=True)
    assert "metadata" not in plain["messages"][0]
    assert full["messages"][0]["metadata"] == metadata


async def test_no_two_messages_of_the_same_moment_share_a_ts(judged):
    sent = [(await judged.json("chat.postMessage", channel=SUPPORT, text="x"))["ts"] for _ in range(5)]
    assert sent == sorted(set(sent))


async def test_markdown_is_kept_in_slacks_own_form(judged):
    made = await judged.json(
        "chat.postMessage", channel=SUPPORT, markdown_text="**a** [b](https://example.com/c)"
    )
    assert made["message"]["text"] == "*a* <https://example.com/c|b>"


async def test_files_are_given_out_with_leave_alone(judged):
    address = "/files-pri/T0NORDLICHT-F0NORDLICHT/returns.md"
    given = await judged.raw("GET", address, BOT)
    assert (given.headers["content-type"], given.text[:9]) == ("text/markdown", "# Returns")
    for token in (None, USER):
        page = await judged.raw("GET", address, token)
        assert page.headers["content-type"].startswith("text/html")


async def test_only_what_was_reserved_can_be_uploaded_and_completed(judged):
    place = await judged.form("files.getUploadURLExternal", filename="a.bin", length=2)
    assert place["upload_url"].startswith("https://files.slack.com/upload/v1/")
    files = [{"id": place["file_id"]}]
    assert (await judged.form("files.completeUploadExternal", files=files))["error"] == "file_not_found"
    for body in (b"x", b"xyz"):
        assert (await judged.raw("POST", f"/upload/v1/{place['file_id']}", None, body)).status_code == 404
    await judged.raw("POST", f"/upload/v1/{place['file_id']}", None, b"xy")
    refused = await judged.form("files.completeUploadExternal", files=files, channel_id="C0RANDOM")
    assert refused["error"] == "not_in_channel"
    (made,) = (await judged.form("files.completeUploadExternal", files=files))["files"]
    assert (made["mimetype"], made["size"], made["title"]) == ("application/octet-stream", 2, "a.bin")


async def test_through_a_socket_the_bytes_come_to_the_sandbox_too(judged):
    transport = httpx2.ASGITransport(app=judged.sandbox.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8123") as client:
        response = await client.get(
            "/api/files.getUploadURLExternal?filename=a&length=1", headers={"Authorization": f"Bearer {BOT}"}
        )
    assert response.json()["upload_url"].startswith("http://127.0.0.1:8123/upload/v1/")


@pytest.mark.parametrize(
    ("status", "error"), [(500, "internal_error"), (403, "invalid_auth"), (429, "ratelimited")]
)
@pytest.mark.parametrize("is_applied", [True, False])
async def test_faults_answer_in_slacks_words(judged, status, error, is_applied):
    judged.sandbox.inject(Fault(kind="status", status=status, is_applied=is_applied))
    body = urlencode({"channel": SUPPORT, "text": "x"}).encode()
    response = await judged.raw(
        "POST", "/api/chat.postMessage", BOT, body, "application/x-www-form-urlencoded"
    )
    assert (response.status_code, response.json()["error"]) == (status, error)
    newest = judged.sandbox.workspace.messages[SUPPORT][-1]
    assert (newest["text"] == "x") is is_applied


async def test_what_is_slow_is_carried_out_all_the_same(judged):
    judged.sandbox.inject(Fault(kind="slow", delay_s=3))
    before = judged.clock.monotonic()
    await judged.json("chat.postMessage", channel=SUPPORT, text="x")
    assert judged.clock.monotonic() - before == 3
    assert judged.sandbox.workspace.messages[SUPPORT][-1]["text"] == "x"


async def test_a_reset_brings_back_the_start(judged):
    before = judged.sandbox.summary()
    await judged.json("chat.postMessage", channel=SUPPORT, text="x")
    assert judged.sandbox.summary()["messages"] == before["messages"] + 1
    judged.sandbox.reset()
    assert judged.sandbox.summary() == before
    assert before["users"] == len(WORLD.team) + 3
    assert before["messages"] > len(WORLD.messages)


def test_ids_and_documented_examples_are_the_same_at_any_time(clock):
    early = SlackSandbox(WORLD, clock).workspace
    clock.advance(86_400 * 400)
    late = SlackSandbox(world_at(clock.now()), clock).workspace
    assert list(early.channels) == list(late.channels)
    assert list(early.users) == list(late.users)
    for ts in (PINNED, OWN):
        assert early.find(SUPPORT, ts)["text"] == late.find(SUPPORT, ts)["text"]


def test_a_picture_is_a_picture(clock):
    content = SlackSandbox(WORLD, clock).workspace.contents["F0PICTURE"]
    assert base64.b64encode(content).startswith(b"iVBORw0KGgo")
