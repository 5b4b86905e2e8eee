"""What a client asks for, and the cursors it comes back with."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.exceptions import MCPError

from support.clock import ManualClock
from support.extension import Sender
from wirepost.core.signing import Signer
from wirepost.events.catalogue import Catalogue
from wirepost.events.log_cursors import LogCursors
from wirepost.server.mcp_events.asked import Asked, Asking, Wanted

CTX = SimpleNamespace(request=None, session=SimpleNamespace(client_params=None))


async def always(caller) -> bool:
    return True


async def noted(caller, events) -> None:
    return None


def asking(secret: bytes = b"s" * 32, hidden: set[str] | None = None) -> Asking:
    catalogue = Catalogue([Sender()], lambda caller, source: source not in (hidden or set()))
    return Asking(catalogue, LogCursors(Signer(secret)), ManualClock(), is_current=always, note=noted)


def wanted(**arguments) -> Wanted:
    return asking().read(CTX, Asked(name="payment.refunded", arguments=arguments))


@given(st.text(max_size=80))
def test_any_other_text_is_refused_as_the_protocol_does(text):
    with pytest.raises(MCPError) as refused:
        asking().position(wanted(), text)
    assert refused.value.error.code == -32602


def test_a_type_comes_from_all_sources_that_tell_it_and_in_its_first_environment():
    filter_ = wanted().filter
    assert (filter_.sources, filter_.environments, filter_.exclude_self) == (
        ("stripe-live",),
        ("production",),
        True,
    )


async def test_access_ends_with_a_source_that_may_not_be_read_any_more():
    hidden: set[str] = set()
    desk = asking(hidden=hidden)
    hers = desk.read(CTX, Asked(name="payment.refunded"))
    assert await desk.is_allowed(hers)
    hidden.add("stripe-live")
    assert not await desk.is_allowed(hers)


async def test_without_a_cursor_reading_begins_at_the_newest_and_no_age_counts():
    class Reader:
        async def newest(self) -> int:
            return 42

    desk = asking()
    assert await desk.start(wanted(), Asked(name="payment.refunded", max_age_ms=1), Reader()) == (42, None)
    cursor = desk.cursor(wanted(), 7)
    later = Asked(name="payment.refunded", cursor=cursor, max_age_ms=60_000)
    assert await desk.start(wanted(), later, Reader()) == (7, ManualClock().now().timestamp() - 60)
