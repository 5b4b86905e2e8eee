"""CloudEvents from anyone."""

from __future__ import annotations

from support.payloads import only
from wirepost.senders.cloudevents import WEBHOOK


def test_an_event_is_read() -> None:
    # The example of the specification, 1.0.2, section 5.
    body = {
        "specversion": "1.0",
        "type": "com.github.pull_request.opened",
        "source": "https://github.com/cloudevents/spec/pull",
        "subject": "123",
        "id": "A234-1234-1234",
        "time": "2018-04-05T17:31:00Z",
        "data": '<much wow="xml"/>',
    }
    item = only("cloudevents", body)
    assert item.type == "cloudevents.com.github.pull_request.opened"
    assert (item.account, item.key) == ("https://github.com/cloudevents/spec/pull", "A234-1234-1234")
    assert (item.subject, item.data, item.untrusted) == (
        "subject/123",
        {"text": '<much wow="xml"/>'},
        ("text",),
    )


def test_a_sender_may_ask_first() -> None:
    assert WEBHOOK.methods == {"OPTIONS", "POST"}
