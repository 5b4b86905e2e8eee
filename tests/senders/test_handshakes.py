"""Every collected handshake is answered as its sender wants."""

from __future__ import annotations

import pytest

from support.handshakes import Handshake, answered, check_answer, handshakes
from wirepost.webhooks.incoming import Reply


@pytest.mark.parametrize("each", handshakes().values(), ids=handshakes())
async def test_a_handshake_is_answered_as_its_sender_wants(each: Handshake) -> None:
    webhook = each.webhook()
    if each.expected.get("status") == 405:
        assert each.request.method not in webhook.methods
        assert each.expected["headers"] == {"Allow": ", ".join(webhook.methods)}
        return
    assert each.request.method in webhook.methods
    answer = await answered(webhook, each.request, each.terms())
    if not isinstance(answer, Reply):
        assert len(answer.items) == each.expected["stored"]
        answer = webhook.accepted
    check_answer(
        each.expected,
        answer.status,
        {**answer.headers, "content-type": answer.content_type},
        answer.body,
    )


def test_there_are_seventeen_of_sixteen_senders() -> None:
    assert len(handshakes()) == 17
    assert len({each.sender for each in handshakes().values()}) == 16
