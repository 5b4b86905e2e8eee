"""What is published to a topic, and the visit that confirms a subscription to it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from support.payloads import instant, items, only, payload, reading
from wirepost.webhooks.webhook import Unmapped

TOPIC = "arn:aws:sns:us-east-2:295079676684:publish-and-verify-6e11fed2-fcdf-4c52-9dc4-36ef43f37f84"
NAME = "publish-and-verify-6e11fed2-fcdf-4c52-9dc4-36ef43f37f84"


def test_a_notification_is_read() -> None:
    item = only("aws_sns", payload("aws_sns/Notification.v1.subject.json"))
    assert (item.type, item.provider_type) == (f"aws_sns.notification.{NAME}", f"Notification/{NAME}")
    assert item.subject == "message/11405cc3-9ac7-56d5-b45d-079e8f7a8edf"
    assert item.time == instant("2022-07-28T22:53:49.654Z")
    assert item.account == TOPIC
    assert (item.key, item.event_id) == ("11405cc3-9ac7-56d5-b45d-079e8f7a8edf",) * 2
    assert item.data == {"message": "Hello world", "subject": "Hello world"}
    assert set(item.untrusted) == {"message", "subject"}


def test_a_notification_without_a_subject_is_read() -> None:
    item = only("aws_sns", payload("aws_sns/Notification.v2.json"))
    assert item.key == "17dea24b-55c2-540b-8362-f916557af765"
    assert item.data == {"message": "Hello world"}


def test_a_confirmation_is_a_visit_and_no_event() -> None:
    found = reading("aws_sns", payload("aws_sns/SubscriptionConfirmation.json"))
    assert list(found.items) == []
    (visit,) = found.visits
    assert visit == (
        "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription"
        "&TopicArn=arn:aws:sns:us-west-2:123456789012:MyTopic&Token=2336412f37..."
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription",
        "https://sns.us-west-2.amazonaws.com.evil.example/?Action=ConfirmSubscription",
        "https://sns.us-west-2.amazonaws.com@evil.example/?Action=ConfirmSubscription",
        "https://169.254.169.254/?Action=ConfirmSubscription",
        "",
        None,
    ],
)
def test_only_amazon_is_visited(url: str | None) -> None:
    body = orjson.loads(payload("aws_sns/SubscriptionConfirmation.json"))
    with pytest.raises(Unmapped):
        reading("aws_sns", {**body, "SubscribeURL": url})


def test_that_a_subscription_ended_is_an_event_and_nothing_is_visited() -> None:
    found = reading("aws_sns", payload("aws_sns/UnsubscribeConfirmation.json"))
    assert list(found.visits) == []
    item = only("aws_sns", payload("aws_sns/UnsubscribeConfirmation.json"))
    assert item.type == "aws_sns.unsubscribeconfirmation.mytopic"
    assert "Token" not in str(item.data.keys())


def notification(message: Any) -> dict[str, Any]:
    """One with a JSON message in it, as S3, SES and CloudWatch publish."""
    return {
        **orjson.loads(payload("aws_sns/Notification.v2.json")),
        "Message": orjson.dumps(message).decode(),
    }


def test_a_message_of_records_is_an_event_for_each() -> None:
    records = [
        {"eventName": "ObjectCreated:Put", "awsRegion": "eu-west-1"},
        {"eventName": "ObjectRemoved:Delete"},
    ]
    first, second = items("aws_sns", notification({"Records": records}))
    assert first.data == {"eventName": "ObjectCreated:Put", "awsRegion": "eu-west-1"}
    assert (first.key, second.key) == (
        "17dea24b-55c2-540b-8362-f916557af765:0",
        "17dea24b-55c2-540b-8362-f916557af765:1",
    )
    assert first.event_id == "17dea24b-55c2-540b-8362-f916557af765"
    assert only("aws_sns", notification({"Records": records[:1]})).key == first.event_id


@pytest.mark.parametrize("message", [{"AlarmName": "cpu", "Records": []}, {"AlarmName": "cpu"}])
def test_a_json_message_is_read_by_its_fields(message: Any) -> None:
    assert only("aws_sns", notification(message)).data == {"AlarmName": "cpu"}
