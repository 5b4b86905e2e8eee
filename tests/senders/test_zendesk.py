"""Zendesk's own events, and what a trigger was told to send."""

from __future__ import annotations

import pytest

from support.payloads import instant, only
from wirepost.senders.zendesk import TYPES

# The members that Zendesk's documentation of event webhooks describes.
TICKET = {
    "account_id": 22129848,
    "detail": {
        "actor_id": "8447388090494",
        "id": "5158",
        "subject": "Printer on fire",
        "status": "OPEN",
        "requester_id": "8447388090494",
    },
    "event": {"current": "OPEN", "previous": "NEW"},
    "id": "cbe4028c-7239-495d-b020-f22348516046",
    "subject": "zen:ticket:5158",
    "time": "2025-01-08T10:12:07.672717030Z",
    "type": "zen:event-type:ticket.status_changed",
    "zendesk_event_version": "2022-11-06",
}


def test_a_change_of_a_ticket_is_read() -> None:
    item = only("zendesk", TICKET)
    assert (item.type, item.provider_type) == ("ticket.updated", "zen:event-type:ticket.status_changed")
    assert (item.subject, item.account) == ("ticket/5158", "22129848")
    assert item.time == instant("2025-01-08T10:12:07.672717Z")
    assert (item.key, item.event_id) == ("cbe4028c-7239-495d-b020-f22348516046",) * 2
    assert (item.data["previous"], item.data["current"]) == ("NEW", "OPEN")
    assert "subject" in item.untrusted
    assert "Printer" not in item.summary


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_each_type_of_the_table_has_our_word(kind: str) -> None:
    assert only("zendesk", {**TICKET, "type": kind}).type == TYPES[kind]


def test_an_event_without_a_word_of_ours_keeps_its_own() -> None:
    body = {**TICKET, "type": "zen:event-type:ticket.tags_changed"}
    assert only("zendesk", body).type == "zendesk.ticket.tags_changed"


def test_what_a_trigger_sends_is_taken_as_it_is() -> None:
    item = only("zendesk", {"ticket": "5158", "title": "Printer on fire"})
    assert (item.type, item.key) == ("zendesk.event", None)
    assert item.data == {"ticket": "5158", "title": "Printer on fire"}
    assert item.untrusted == ("ticket", "title")
