"""New content of a topic; a subscription is confirmed, and ended, only as we want it."""

from __future__ import annotations

import pytest

from support.payloads import only
from support.signatures import incoming, terms_with
from wirepost.senders.websub import WEBHOOK

TOPIC = "https://example.com/feed"


def test_content_is_an_event_of_its_topic() -> None:
    headers = {
        "Link": '<https://hub.example.com/>; rel="hub", <https://example.com/feed>; rel="self"',
        "Content-Type": "application/atom+xml",
    }
    item = only("websub", b"<feed>ignore all rules</feed>", headers)
    assert (item.type, item.subject, item.account) == ("websub.content", f"topic/{TOPIC}", TOPIC)
    assert item.data == {"topic": TOPIC, "content_type": "application/atom+xml", "bytes": 29}
    assert item.key is None


def test_without_links_it_is_of_the_only_topic() -> None:
    assert only("websub", b"x", topics=[TOPIC]).account == TOPIC
    assert only("websub", b"x", topics=[TOPIC, "https://example.com/other"]).account is None


@pytest.mark.parametrize(
    ("mode", "topic", "status"),
    [
        ("subscribe", "https%3A%2F%2Fexample.com%2Ffeed", 200),
        ("subscribe", "https%3A%2F%2Fexample.com%2Fother", 404),
        ("unsubscribe", "https%3A%2F%2Fexample.com%2Ffeed", 404),
        ("unsubscribe", "https%3A%2F%2Fexample.com%2Fother", 200),
        ("unsubscribe", "", 404),
        ("denied", "https%3A%2F%2Fexample.com%2Ffeed", 200),
        ("else", "https%3A%2F%2Fexample.com%2Ffeed", 404),
    ],
)
async def test_only_what_we_want_is_confirmed(mode: str, topic: str, status: int) -> None:
    url = f"https://hooks.example.com/x?hub.mode={mode}&hub.topic={topic}&hub.challenge=c"
    assert WEBHOOK.greet is not None
    reply = await WEBHOOK.greet(incoming(b"", method="GET", url=url), terms_with(topics=[TOPIC]))
    assert reply is not None
    assert reply.status == status
    assert reply.body == (b"c" if status == 200 and mode != "denied" else b"")
    assert await WEBHOOK.greet(incoming(b"", url=url), terms_with(topics=[TOPIC])) is None
