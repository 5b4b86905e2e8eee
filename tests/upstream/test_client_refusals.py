"""Refusals that come with status 200: each goes the way of any other refusal."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest

from support.clock import ManualClock
from support.scripted import CREDENTIAL, Said, Vendor, client_of
from wirepost.core.errors import CallError, NotConnected, OutcomeUnknown, Rejected, Unavailable
from wirepost.upstream.client import Answer, Ask, Client
from wirepost.upstream.limits import Limits

READ = Ask("GET", "/v1/things")
KEYED = Ask("POST", "/v1/things", content=b"a=1", key="k1", is_write=True)
UNKEYED = Ask("POST", "/v1/things", content=b"a=1", is_write=True)


class Polite(Client):
    """A vendor that refuses with status 200, and says in the body how long to wait."""

    def refusal(self, ask: Ask, answer: Answer) -> CallError | None:
        body = answer.json()
        if body.get("ok"):
            return None
        if body["why"] == "token":
            return NotConnected("auth_expired", "Log in")
        if body["why"] == "rate":
            return Unavailable("rate_limited", "Slow down", retry_after_s=body.get("wait_s"))
        if body["why"] == "failed":
            return OutcomeUnknown("outcome_unknown", "Perhaps")
        return Rejected("conflict", "No")


def no(why: str, headers: Mapping[str, str] | None = None, **more: Any) -> Said:
    return Said(200, {"ok": False, "why": why, **more}, headers or {})


YES = Said(200, {"ok": True})


def polite(vendor: Vendor, clock: ManualClock, **options: Any) -> Client:
    client = client_of(vendor, clock, **options)
    return Polite(client.upstream, client.scope, None)


async def test_a_refusal_with_status_200_is_a_refusal():
    vendor = Vendor(Said(200, {"ok": False, "why": "state"}, {"X-Request-Id": "req_1"}), YES)
    client = polite(vendor, ManualClock())
    with pytest.raises(Rejected) as caught:
        await client.send(KEYED)
    assert (caught.value.last_status, caught.value.provider_request_id) == (200, "req_1")
    assert (caught.value.outcome, client.scope.writes_applied, len(vendor.seen)) == ("not_applied", 0, 1)
    await client.send(KEYED)
    assert client.scope.writes_applied == 1


@pytest.mark.parametrize(
    ("ask", "why", "attempts"),
    [
        (READ, "rate", 2),
        (KEYED, "rate", 2),
        (UNKEYED, "rate", 1),
        (KEYED, "failed", 2),
        (UNKEYED, "failed", 1),
        (READ, "state", 1),
    ],
)
async def test_a_refusal_with_status_200_is_repeated_by_its_meaning(ask, why, attempts):
    vendor = Vendor(no(why), YES)
    with suppress(CallError):
        await polite(vendor, ManualClock()).send(ask)
    assert len(vendor.seen) == attempts


async def test_a_write_that_may_have_failed_with_status_200_stays_in_doubt():
    vendor = Vendor(no("failed"), *[no("rate")] * 2)
    with pytest.raises(OutcomeUnknown):
        await polite(vendor, ManualClock()).send(KEYED)
    assert len(vendor.seen) == 3


async def test_a_token_refused_with_status_200_is_forgotten_and_another_one_tried():
    forgotten: list[str] = []
    vendor = Vendor(no("token"), YES)
    client = polite(vendor, ManualClock(), is_renewable=True, forget_credential=forgotten.append)
    await client.send(UNKEYED)
    assert forgotten == [CREDENTIAL]
    assert (len(vendor.seen), client.scope.writes_applied) == (2, 1)


async def test_failures_with_status_200_open_the_circuit_and_refusals_do_not():
    limits = Limits(requests_per_s=1000, burst=1000, failures_to_open=3)
    for why, code in (("failed", "upstream_unavailable"), ("state", "conflict")):
        client = polite(Vendor(*[no(why)] * 9), ManualClock(), limits=limits)
        for _ in range(3):
            with pytest.raises(CallError):
                await client.send(UNKEYED)
        with pytest.raises(CallError) as caught:
            await client.send(UNKEYED)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("in_body", "in_header", "wait_s"), [(6.0, None, 6), (6.0, "4", 6), (6.0, "9", 9), (None, "4", 4)]
)
async def test_the_longest_wait_that_was_demanded_is_kept(in_body, in_header, wait_s):
    headers = {} if in_header is None else {"Retry-After": in_header}
    clock = ManualClock()
    await polite(Vendor(no("rate", headers, wait_s=in_body), YES), clock).send(READ)
    assert clock.slept == [wait_s]
    client = polite(Vendor(no("rate", headers, wait_s=in_body)), clock, within_s=3)
    with pytest.raises(Unavailable) as caught:
        await client.send(READ)
    assert caught.value.retry_after_s == wait_s
