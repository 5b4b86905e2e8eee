"""What a status means for an event, for a sink, for a subscription."""

from __future__ import annotations

import pytest

from support.sinks import Listed
from wirepost.notifications.sinks.sink import Gone, Refused, TryAgain, verdict


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success_is_any_2xx(status: int) -> None:
    assert verdict(status, None).details == {"status": status}


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again(status: int) -> None:
    with pytest.raises(TryAgain) as caught:
        verdict(status, 12.0)
    assert (caught.value.after_s, caught.value.details) == (12.0, {"status": status})


def test_gone_ends_the_subscription_and_too_large_drops_the_event() -> None:
    with pytest.raises(Gone):
        verdict(410, None)
    with pytest.raises(Refused) as caught:
        verdict(413, None)
    assert caught.value.is_dropped


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 404, 409, 422, 451])
def test_everything_else_is_no_for_this_event(status: int) -> None:
    with pytest.raises(Refused) as caught:
        verdict(status, None)
    assert not caught.value.is_dropped


async def test_a_sink_limits_nothing_by_itself() -> None:
    sink = Listed("room")
    assert sink.most_per_day() is None
    assert repr(sink) == "Listed(room)"
    await sink.close()
