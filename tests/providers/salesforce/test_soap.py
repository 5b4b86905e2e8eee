"""Outbound messages: read within limits, without entities, and written as Salesforce does."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from wirepost.providers.salesforce.soap import ACK, Message, Notification, read, write
from wirepost.webhooks.webhook import Unmapped

PAYLOADS = Path(__file__).parent / "payloads"
SINGLE = (PAYLOADS / "outbound_message.single.xml").read_bytes()
XML_TEXT = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Co", "Cn"]), min_size=1, max_size=20
)


def meaning(element: Element) -> tuple[object, ...]:
    """What an element says, whatever spaces and prefixes it is written with."""
    text = (element.text or "").strip()
    return element.tag, text, sorted(element.attrib.items()), [meaning(child) for child in element]


def test_the_acknowledgement_is_the_published_one() -> None:
    published = (PAYLOADS / "outbound_message.ack.xml").read_bytes()
    assert meaning(fromstring(ACK)) == meaning(fromstring(published))


def test_a_published_message_is_read() -> None:
    assert read(SINGLE) == Message(
        "00D000000000001EAA",
        "04k000000000001AAA",
        [
            Notification(
                "04l000000000001AAA",
                "Account",
                {
                    "Id": "001000000000001AAA",
                    "Name": "Example & Söhne",
                    "LastModifiedDate": "2026-11-24T10:15:30.000Z",
                },
            )
        ],
    )


@pytest.mark.parametrize("name", ["outbound_message.single.xml", "outbound_message.batch2.xml"])
def test_a_message_is_written_as_the_published_ones_are(name: str) -> None:
    published = (PAYLOADS / name).read_bytes()
    message = read(published)
    notifications = [each for each in message.notifications if isinstance(each, Notification)]
    written = fromstring(write(message.organization, message.action, notifications))
    assert meaning(written) == meaning(fromstring(published))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "is no XML"),
        (b"<a", "is no XML"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "is no XML"),
        (b"<a/>", "is no outbound message"),
        (SINGLE.replace(b"notifications", b"other"), "is no outbound message"),
        (SINGLE.replace(b"00D000000000001EAA", b""), "has no OrganizationId"),
        (SINGLE.replace(b"Notification>", b"Other>"), "has 0 notifications"),
    ],
)
def test_what_is_no_message_is_unmapped(body: bytes, why: str) -> None:
    with pytest.raises(Unmapped, match=why):
        read(body)


@pytest.mark.parametrize(
    "prologue",
    [
        b'<!DOCTYPE a [<!ENTITY x "y">]>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd">',
        b'<!DOCTYPE a [<!ENTITY a "b"><!ENTITY c "&a;&a;&a;">]>',
    ],
)
def test_a_document_type_is_refused(prologue: bytes) -> None:
    head, _, rest = SINGLE.partition(b"?>")
    with pytest.raises(Unmapped, match="DTD"):
        read(head + b"?>" + prologue + rest)


def test_more_than_a_hundred_notifications_are_refused() -> None:
    each = Notification("04l000000000001AAA", "Account", {"Id": "001000000000001AAA"})
    assert len(read(write("00D1", "04k1", [each] * 100)).notifications) == 100
    with pytest.raises(Unmapped, match="has 101 notifications"):
        read(write("00D1", "04k1", [each] * 101))


def test_one_bad_notification_does_not_spoil_the_others() -> None:
    batch = (PAYLOADS / "outbound_message.batch2.xml").read_bytes()
    first, second = read(batch.replace(b"<Id>04l000000000001AAA</Id>", b"")).notifications
    assert first == "has a notification without Id or sObject"
    assert isinstance(second, Notification)
    first, _ = read(
        batch.replace(b"<sf:Id>001000000000001AAA</sf:Id>", b'<sf:Id xsi:nil="true"/>')
    ).notifications
    assert first == "has a notification without type or id of its record"


@given(st.dictionaries(st.sampled_from(["Name", "Phone", "City__c"]), XML_TEXT))
def test_whatever_fields_hold_is_read_as_it_was_written(fields: dict[str, str]) -> None:
    given_fields = {"Id": "001000000000001AAA", **fields}
    (found,) = read(write("00D1", "04k1", [Notification("04l1", "Account", given_fields)])).notifications
    assert isinstance(found, Notification)
    assert found.fields == {name: value.strip() for name, value in given_fields.items() if value.strip()}


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_unmapped(body: bytes) -> None:
    for each in (body, SINGLE[:200] + body, SINGLE.replace(b"Example", body)):
        try:
            assert read(each).organization
        except Unmapped:
            continue
