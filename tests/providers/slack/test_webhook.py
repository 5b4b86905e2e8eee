"""Slack's requests as they come: published bodies, signed, in our words."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wirepost.providers.slack import PROVIDER
from wirepost.providers.slack.webhook import WEBHOOK
from wirepost.settings.webhooks import WebhookSettings
from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Actor, Item, Secret, Terms, Unmapped

PAYLOADS = Path(__file__).parent / "payloads"
NOW = 1531420618.0
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
VERIFIED = Verified("signature", "slack-v0")


def terms(**settings: Any) -> Terms:
    return Terms([Secret(SECRET, "one")], WebhookSettings.model_validate(settings))


def request(body: bytes, *headers: tuple[str, str], method: str = "POST", query: str = "") -> Incoming:
    return Incoming(method, f"https://hooks.example.com/webhooks/slack{query}", headers, body, NOW)


def body_of(name: str) -> bytes:
    """A published body as Slack sends it: interactions travel in a form."""
    content = (PAYLOADS / name).read_bytes()
    if name.startswith("interactive"):
        return urlencode({"payload": orjson.dumps(orjson.loads(content)).decode()}).encode()
    return content.strip()


def read(name: str, *headers: tuple[str, str], **settings: Any) -> Item:
    (item,) = WEBHOOK.read(request(body_of(name), *headers), VERIFIED, terms(**settings)).items
    assert isinstance(item, Item)
    return item


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("event.message.json",
         ("message.posted", "message", "C111/1596183880.004200", 1596183880, Actor("human", "W111"))),
        ("event.app_mention.json",
         ("message.mentioned", "app_mention", "C111/1595926230.009600", 1595926230, Actor("human", "W222"))),
        ("event.message_bot.json",
         ("message.posted", "message", "C111/1610261539.000900", 1610261539, Actor("automation", "B999"))),
        ("event.message_changed.json",
         ("message.edited", "message.message_changed", "C111/1665102338.901939", 1665102362,
          Actor("human", "U111"))),
        ("event.message_file_share.json",
         ("file.shared", "message.file_share", "C111/1652227646.593159", 1652227646, Actor("human", "U111"))),
        ("interactive.block_actions.json",
         ("slack.block_actions", "block_actions", "C111/111.222", 1596530385, Actor("human", "W111"))),
        ("interactive.view_submission.json",
         ("slack.view_submission", "view_submission", "view/V111", None, Actor("human", "W111"))),
        ("slash_command.txt",
         ("slack.slash_command", "/hello-world", "channel/C111", None, Actor("human", "W111"))),
    ],
)  # fmt: skip
def test_published_requests_are_read(name: str, expected: tuple[object, ...]) -> None:
    item = read(name)
    assert (item.type, item.provider_type, item.subject, item.time, item.actor) == expected
    assert item.account == "T111"


def test_that_events_were_left_out_is_an_event() -> None:
    item = read("app_rate_limited.json")
    assert (item.type, item.account, item.time) == ("slack.app_rate_limited", "T123456", 1518467820)
    assert item.key == read("app_rate_limited.json").key


@pytest.mark.parametrize(
    ("name", "event_id"),
    [("event.message_changed.json", "Ev111"), ("event.message_file_share.json", "Ev03EGJQAVMM")],
)
def test_slacks_own_id_is_kept(name: str, event_id: str) -> None:
    assert read(name).event_id == event_id


def test_a_message_says_what_was_said_and_by_whom() -> None:
    item = read("event.message.json")
    assert item.data == {
        "channel": "C111",
        "ts": "1596183880.004200",
        "channel_type": "channel",
        "user": "W111",
        "text": "Hello World!",
        "is_external": False,
    }
    assert item.untrusted == ("text",)
    assert item.summary == "Message in C111 by W111"
    assert item.marks == ("1596183880.004200",)


def test_a_shared_file_is_named_and_its_address_is_not() -> None:
    item = read("event.message_file_share.json")
    file = {"id": "F111", "name": "file.png", "title": "file.png", "mimetype": "image/png", "size": 92582}
    assert item.data["files"] == [file]
    assert b"https://" not in orjson.dumps(item.data)


def test_a_click_and_a_window_say_what_was_chosen_and_filled_in() -> None:
    click = {"action_id": "a", "block_id": "b", "type": "button", "value": "click_me_123", "text": "Button"}
    assert read("interactive.block_actions.json").data["actions"] == [click]
    filled = {"block_id": "hspI", "action_id": "maBWU", "type": "plain_text_input", "value": "test"}
    assert read("interactive.view_submission.json").data["values"] == [filled]


def test_a_command_says_what_follows_it() -> None:
    data = read("slash_command.txt").data
    assert (data["command"], data["text"], data["channel_name"]) == ("/hello-world", "Hi", "random")


@pytest.mark.parametrize("name", sorted(path.name for path in PAYLOADS.glob("*.[jt]*")))
def test_no_key_of_slack_is_in_an_event(name: str) -> None:
    if name == "url_verification.json":
        return
    item = read(name)
    text = orjson.dumps([item.data, item.key, item.summary, item.marks]).decode()
    for secret in (
        "verification",
        "Jhj5dZrVaK7ZwHHjRyZWjbDl",
        "111.222.valid",
        "111.111.xxx",
        "hooks.slack.com",
    ):
        assert secret not in text


@pytest.mark.parametrize(
    ("number", "attempt"), [("0", 1), ("1", 2), ("3", 4), ("²", 1), ("x", 1), ("99999", 1)]
)
def test_what_slack_sends_again_is_counted(number: str, attempt: int) -> None:
    assert read("event.message.json", ("x-slack-retry-num", number)).attempt == attempt


def test_a_repeated_request_has_the_same_key() -> None:
    again = read("event.message.json", ("x-slack-retry-num", "1"), ("x-slack-retry-reason", "http_timeout"))
    assert again.key == read("event.message.json").key


async def test_the_challenge_is_said_back_when_it_is_signed() -> None:
    assert WEBHOOK.reply is not None
    answer = await WEBHOOK.reply(request(body_of("url_verification.json")), terms())
    assert answer is not None
    assert (answer.status, answer.content_type) == (200, "application/json")
    challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
    assert orjson.loads(answer.body) == {"challenge": challenge}
    with pytest.raises(Rejected):
        await WEBHOOK.scheme.verify(request(body_of("url_verification.json")), terms())


async def test_a_message_about_challenges_is_a_message() -> None:
    assert WEBHOOK.reply is not None
    body = orjson.loads(body_of("event.message.json"))
    body["event"]["text"] = '{"type": "url_verification", "challenge": "x"}'
    assert await WEBHOOK.reply(request(orjson.dumps(body)), terms()) is None
    assert await WEBHOOK.reply(request(b"url_verification=1"), terms()) is None
    assert await WEBHOOK.reply(request(b'{"url_verification'), terms()) is None


async def test_a_look_at_the_certificate_is_answered() -> None:
    assert WEBHOOK.greet is not None
    looks = [request(b"ssl_check=1&token=x"), request(b"", method="GET", query="?ssl_check=1")]
    for look in looks:
        answer = await WEBHOOK.greet(look, terms())
        assert answer == Reply(status=200, body=b"")
    assert await WEBHOOK.greet(request(b"command=%2Fx&text=ssl_check%3D1"), terms()) is None
    assert await WEBHOOK.greet(request(b"", method="GET"), terms()) is None


def test_the_answer_is_empty_because_windows_show_what_it_holds() -> None:
    assert Reply() == WEBHOOK.accepted


@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        *(
            (each, each)
            for each in ("message.posted", "message.mentioned", "message.edited", "message.deleted")
        ),
        ("file.shared", "file.shared"),
        ("app_mention", "message.mentioned"),
        ("block_actions", "slack.block_actions"),
        ("slack.view_submission", "slack.view_submission"),
        ("slash_command", "slack.slash_command"),
    ],
)
async def test_a_sample_is_signed_and_read_as_what_it_is_of(kind: str, ours: str) -> None:
    assert WEBHOOK.sample is not None
    assert WEBHOOK.sign is not None
    url = "https://hooks.example.com/webhooks/slack"
    keys = set()
    for _ in range(2):
        plain, body = WEBHOOK.sample(kind, {})
        headers = WEBHOOK.sign(plain, body, url, SECRET, NOW)
        sent = request(body, *((name.lower(), value) for name, value in headers.items()))
        verified = await WEBHOOK.scheme.verify(sent, terms())
        (item,) = WEBHOOK.read(sent, verified, terms()).items
        assert isinstance(item, Item)
        assert item.type == ours
        keys.add(item.key)
    assert len(keys) == 2, "a second sample would be taken for a repetition"


def test_a_sample_takes_other_values() -> None:
    assert WEBHOOK.sample is not None
    _, body = WEBHOOK.sample("message.posted", {"event.text": "Moin", "event.channel": "C9"})
    assert orjson.loads(body)["event"]["text"] == "Moin"
    _, form = WEBHOOK.sample("slash_command", {"text": "a&b"})
    assert b"text=a%26b" in form
    with pytest.raises(ValueError, match=r"there are .*message\.posted"):
        WEBHOOK.sample("message.sung", {})


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
@example(b'{"type":"event_callback","event":[]}')
@example(b"payload=[1]")
@example(b"payload=%ff")
def test_whatever_comes_is_read_or_unmapped(body: bytes) -> None:
    with suppress(Unmapped):
        WEBHOOK.read(request(body), VERIFIED, terms())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
NAMES = (
    "type subtype user channel text ts files message previous_message bot_id item attachments edited actions "
    "view metadata container team authorizations deleted_ts bot_profile event_id trigger_id authed_users"
)
KINDS = "message app_mention message_changed message_deleted file_share"
FIELDS = st.dictionaries(st.sampled_from(NAMES.split()), JSON | st.sampled_from(KINDS.split()))


@given(FIELDS, FIELDS)
def test_fields_of_any_form_are_read_or_unmapped(outer: dict[str, Any], event: dict[str, Any]) -> None:
    whole = orjson.dumps({**outer, "type": "event_callback", "event": event})
    clicked = urlencode({"payload": orjson.dumps(event).decode()}).encode()
    for body in (whole, clicked):
        with suppress(Unmapped):
            (item,) = WEBHOOK.read(request(body), VERIFIED, terms()).items
            assert isinstance(item, Item)
            orjson.dumps([item.data, item.key, item.marks, item.subject, item.summary])


def test_the_provider_offers_it() -> None:
    assert PROVIDER.sender is not None
    assert PROVIDER.sender.load() is WEBHOOK


def test_what_is_clicked_names_the_address() -> None:
    assert "https://hooks.example.com/x" in WEBHOOK.steps.format(url="https://hooks.example.com/x")
