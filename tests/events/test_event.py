"""An event comes back from the database as it went in, and is shown in RFC 3339 and as CloudEvents 1.0."""

from __future__ import annotations

import re

from support.occurred import event, stored
from wirepost.events.event import cloud_event


async def test_an_event_comes_back_as_it_was_stored(log):
    made = event(
        data={"lines": [{"n": 1}], "text": "é"},
        untrusted=["text"],
        actor={"kind": "self", "id": "app_1"},
        account="acct_1",
        time=1_795_599_000.5,
        hops=2,
        correlation_id="int_1",
    )
    (found,) = await stored(log, made)
    made.seq = 1
    assert found == made
    assert (found.object_id, found.is_self) == ("ch_1", True)


def test_times_are_shown_as_rfc_3339_and_an_unknown_one_is_not_invented():
    shown = event(received_at=1_795_600_000.0).shown()
    assert (shown["received_at"], shown["time"]) == ("2026-11-25T09:46:40Z", None)
    assert "seq" not in shown


def test_a_cloud_event_has_the_attributes_of_version_1_0():
    made = cloud_event(event())
    assert {"specversion", "id", "source", "type"} <= made.keys()
    assert made["specversion"] == "1.0"
    assert all(re.fullmatch("[a-z0-9]{1,20}", name) for name in made)
