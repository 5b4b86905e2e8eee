"""Sending: gate, ledger, retry, meaning of failures."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from support.clock import ManualClock
from support.scripted import CREDENTIAL, PlainClient, Said, Step, Vendor, client_of, upstream_to
from wirepost.core.errors import (
    CallError,
    InvalidCall,
    NotConnected,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from wirepost.sandbox.sockets import ConnectionCut, ConnectRefused
from wirepost.upstream.client import Answer, Ask, Client, LimitSeen, WriteRefused
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope

READ = Ask("GET", "/v1/things")
KEYED = Ask("POST", "/v1/things", content=b"a=1", content_type="text/plain", key="k1", is_write=True)
UNKEYED = Ask("POST", "/v1/things", content=b"a=1", is_write=True)
BUSY = Said(429, {"error": {"message": "slow down"}})


async def test_a_read_reaches_the_address_of_the_connection_with_its_credential():
    vendor = Vendor(Said(200, {"id": "t_1"}, {"X-Request-Id": "req_1"}))
    client = client_of(vendor, ManualClock())
    ask = Ask("GET", "/v1/things", query=(("a[]", "x y"), ("a[]", "ü&=")), headers={"X-Own": "1"})
    answer = await client.send(ask)
    (seen,) = vendor.seen
    assert (seen.method, seen.path, seen.query) == (
        "GET",
        "/api/v1/things",
        "a%5B%5D=x%20y&a%5B%5D=%C3%BC%26%3D",
    )
    assert seen.headers["host"] == "vendor.test"
    assert seen.headers["authorization"] == CREDENTIAL
    assert seen.headers["x-own"] == "1"
    assert seen.headers["user-agent"].startswith("wirepost/")
    assert (answer.status, answer.json(), answer.request_id) == (200, {"id": "t_1"}, "req_1")
    assert client.scope.request_ids == ["req_1"]
    assert client.scope.trail == ["GET /v1/things 200"]


async def test_a_write_carries_its_body_and_is_counted_when_it_succeeded():
    vendor = Vendor()
    client = client_of(vendor, ManualClock())
    await client.send(KEYED)
    assert vendor.seen[0].body == b"a=1"
    assert vendor.seen[0].headers["content-type"] == "text/plain"
    assert vendor.seen[0].headers["content-length"] == "3"
    assert client.scope.writes_applied == 1


async def test_an_ordinary_web_application_can_stand_in_for_a_vendor():
    async def create(request: Request) -> JSONResponse:
        return JSONResponse({"form": dict(await request.form()), "auth": request.headers["authorization"]})

    app = Starlette(routes=[Route("/api/v1/things", create, methods=["POST"])])
    ask = Ask(
        "POST",
        "/v1/things",
        content=b"name=N%C3%B8rd",
        content_type="application/x-www-form-urlencoded",
        key="k",
        is_write=True,
    )
    answer = await client_of(app, ManualClock()).send(ask)
    assert answer.json() == {"form": {"name": "Nørd"}, "auth": CREDENTIAL}


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/../../admin", "/v1/..", "/v1/%2e%2E/x", "/v1/a\\b"),
        *("//evil.test/x", "https://evil.test/", "v1/x"),
        *("/v1/x?y=1", "/v1/x#y", "/v1/a b", "/v1/a\r\nX: 1"),
    ],
)
async def test_a_path_that_leads_elsewhere_is_refused(path):
    vendor = Vendor()
    with pytest.raises(InvalidCall):
        await client_of(vendor, ManualClock()).send(Ask("GET", path))
    assert vendor.seen == []


@pytest.mark.parametrize(
    "path", ["/v1/things/t_1", "/v1/a..b", "/v1/.well-known/x", "/v1/a%2Fb", "/o/v68.0/x"]
)
async def test_an_ordinary_path_passes(path):
    vendor = Vendor()
    await client_of(vendor, ManualClock()).send(Ask("GET", path))
    assert vendor.seen[0].path == "/api" + path


async def test_a_write_without_a_ledger_is_never_sent():
    vendor, clock = Vendor(), ManualClock()
    client = PlainClient(upstream_to(vendor, clock), Scope(clock.monotonic() + 45), None)
    with pytest.raises(WriteRefused):
        await client.send(KEYED)
    assert vendor.seen == []


async def test_the_ledger_is_told_once_before_the_first_write_of_a_call():
    vendor, clock = Vendor(Said(503), Said(), Said()), ManualClock()
    seen_before: list[int] = []

    async def dispatch() -> None:
        seen_before.append(len(vendor.seen))

    client = PlainClient(
        upstream_to(vendor, clock), Scope(clock.monotonic() + 45, before_write=dispatch), None
    )
    await client.send(READ)
    await client.send(KEYED)
    await client.send(KEYED)
    assert seen_before == [2]


async def test_nothing_is_sent_when_the_ledger_objects():
    vendor, clock = Vendor(), ManualClock()

    async def object_to_it() -> None:
        raise Unavailable("server_unavailable", "The disk is full")

    scope = Scope(clock.monotonic() + 45, before_write=object_to_it)
    client = PlainClient(upstream_to(vendor, clock), scope, None)
    with pytest.raises(Unavailable, match="disk is full") as caught:
        await client.send(KEYED)
    assert caught.value.outcome == "not_applied"
    assert vendor.seen == []
    assert client.upstream.limiter.in_flight == 0


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("ask", [READ, KEYED], ids=["read", "keyed write"])
async def test_a_transient_answer_is_tried_again_up_to_three_times(ask, status):
    vendor = Vendor(Said(status), Said(status), Said(200, {"ok": True}))
    assert (await client_of(vendor, ManualClock()).send(ask)).json() == {"ok": True}
    assert len(vendor.seen) == 3
    assert len({seen.headers["authorization"] for seen in vendor.seen}) == 1

    vendor = Vendor(*[Said(status)] * 4)
    with pytest.raises(CallError):
        await client_of(vendor, ManualClock()).send(ask)
    assert len(vendor.seen) == 3


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 410, 412, 422])
@pytest.mark.parametrize("ask", [READ, KEYED], ids=["read", "keyed write"])
async def test_a_refusal_is_final(ask, status):
    vendor = Vendor(Said(status))
    with pytest.raises((Rejected, NotConnected)) as caught:
        await client_of(vendor, ManualClock()).send(ask)
    assert len(vendor.seen) == 1
    assert caught.value.outcome == "not_applied"
    assert caught.value.last_status == status


@pytest.mark.parametrize("step", [Said(429), Said(503), Said(500), ConnectionCut(), Said(200, b"<html>")])
async def test_a_write_without_a_key_is_sent_once_whatever_comes_back(step):
    vendor = Vendor(step)
    with pytest.raises(CallError):
        await client_of(vendor, ManualClock()).send(UNKEYED)
    assert len(vendor.seen) == 1


async def test_a_write_without_a_key_is_sent_again_when_the_connection_was_refused():
    vendor = Vendor(ConnectRefused(), Said(200, {"id": 1}))
    assert (await client_of(vendor, ManualClock()).send(UNKEYED)).json() == {"id": 1}


async def test_waits_grow_with_full_jitter_up_to_a_cap():
    clock = ManualClock()
    with pytest.raises(Unavailable):
        await client_of(Vendor(*[Said(503)] * 3), clock).send(READ)
    assert clock.slept == [0.5, 1.0]


async def test_retry_after_in_seconds_is_obeyed():
    clock = ManualClock()
    await client_of(Vendor(Said(429, {}, {"Retry-After": "7"})), clock).send(READ)
    assert clock.slept == [7.0]


async def test_retry_after_as_a_date_is_obeyed():
    clock = ManualClock()
    at = format_datetime(clock.now() + timedelta(seconds=9), usegmt=True)
    await client_of(Vendor(Said(503, {}, {"Retry-After": at})), clock).send(READ)
    assert clock.slept == [9.0]


async def test_a_demanded_wait_beyond_the_deadline_is_reported_at_once():
    clock = ManualClock()
    vendor = Vendor(Said(429, {}, {"Retry-After": "60"}))
    with pytest.raises(Unavailable) as caught:
        await client_of(vendor, clock, within_s=45).send(READ)
    assert (caught.value.code, caught.value.retry_after_s, caught.value.outcome) == (
        "rate_limited",
        60.0,
        "not_applied",
    )
    assert clock.slept == []
    assert len(vendor.seen) == 1


async def test_a_refusal_for_the_rate_holds_back_other_calls_of_the_connection():
    clock = ManualClock(auto=False)
    vendor = Vendor(Said(429, {}, {"Retry-After": "5"}))
    upstream = upstream_to(vendor, clock)
    first, second = (PlainClient(upstream, Scope(clock.monotonic() + 45), None) for _ in range(2))
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(first.send(READ))
        await clock.wait_for_sleepers(1)
        group.create_task(second.send(READ))
        await clock.wait_for_sleepers(2)
        clock.advance(4.9)
        assert len(vendor.seen) == 1
        clock.advance(0.2)
    assert len(vendor.seen) == 3


class Opinionated(Client):
    """A vendor that says itself whether to repeat."""

    def may_retry(self, ask: Ask, answer: Answer) -> bool | None:
        return {"true": True, "false": False}.get(answer.headers.get("x-again", ""))


@pytest.mark.parametrize(
    ("ask", "status", "said", "attempts"),
    [(READ, 503, "false", 1), (READ, 409, "true", 2), (KEYED, 409, "true", 2), (UNKEYED, 409, "true", 1)],
)
async def test_the_vendor_has_the_last_word_on_repeating_what_may_be_repeated(ask, status, said, attempts):
    vendor, clock = Vendor(Said(status, {}, {"X-Again": said})), ManualClock()
    scope = client_of(vendor, clock).scope
    client = Opinionated(upstream_to(vendor, clock), scope, None)
    with suppress(CallError):
        await client.send(ask)
    assert len(vendor.seen) == attempts


STEPS = st.one_of(
    st.builds(Said, st.sampled_from([200, 400, 429, 500, 503]), st.just({}), st.just({})),
    st.integers(0, 90).map(lambda s: Said(429, {}, {"Retry-After": str(s)})),
    st.builds(ConnectionCut),
    st.builds(ConnectRefused),
)


@given(st.lists(STEPS, max_size=5), st.floats(0.1, 60), st.sampled_from([READ, KEYED, UNKEYED]))
def test_no_wait_ever_goes_past_the_deadline(script, within_s, ask):
    async def play() -> None:
        clock, vendor = ManualClock(), Vendor(*script)
        client = client_of(vendor, clock, within_s=within_s)
        with suppress(CallError):
            await client.send(ask)
        assert clock.monotonic() <= client.scope.deadline
        assert len(vendor.seen) <= 3
        assert client.upstream.limiter.in_flight == 0

    asyncio.run(play())


def is_doubtful(step: Step) -> bool:
    return isinstance(step, ConnectionCut) or (isinstance(step, Said) and step.status >= 500)


async def outcome_of(client: Client, ask: Ask) -> str | None:
    try:
        await client.send(ask)
    except CallError as error:
        return error.outcome
    return None


@given(st.lists(STEPS, max_size=4), st.sampled_from([KEYED, UNKEYED]))
def test_an_error_that_claims_nothing_happened_is_true(script, ask):
    """Whatever the vendor does, what may have been carried out is not reported as not applied."""

    async def play() -> None:
        vendor = Vendor(*script)
        outcome = await outcome_of(client_of(vendor, ManualClock()), ask)
        played = script[: len(vendor.seen)]
        if outcome is None:
            return
        # With the same key, a judgement on the last attempt answers the earlier ones as well.
        is_judged = isinstance(played[-1], Said) and played[-1].status == 400
        assert outcome == ("unknown" if any(map(is_doubtful, played)) and not is_judged else "not_applied")

    asyncio.run(play())


class Talkative(Client):
    """A vendor with quota headers and an environment flag."""

    def headers(self, ask: Ask) -> Mapping[str, str]:
        return {"Version": "1", **({"Idempotency-Key": ask.key} if ask.key else {})}

    def limits_seen(self, answer: Answer) -> LimitSeen | None:
        left = answer.headers.get("x-left")
        return None if left is None else LimitSeen(float(left), 30.0)

    def is_live(self, answer: Answer) -> bool | None:
        return answer.json().get("live")


async def test_quota_and_environment_are_noted_in_the_scope():
    clock = ManualClock()
    vendor = Vendor(Said(200, {"live": True}, {"X-Left": "3"}))
    client = Talkative(upstream_to(vendor, clock), Scope(clock.monotonic() + 45), None)
    await client.send(READ)
    assert client.scope.quota == {"remaining": 3.0, "resets_in_s": 30.0}
    assert client.scope.is_live is True
    assert vendor.seen[0].headers["version"] == "1"


async def test_an_exhausted_quota_makes_the_next_request_wait_for_its_reset():
    clock = ManualClock()
    vendor = Vendor(Said(200, {}, {"X-Left": "0"}), Said(200, {}))
    client = Talkative(upstream_to(vendor, clock), Scope(clock.monotonic() + 45), None)
    await client.send(READ)
    await client.send(READ)
    assert sum(clock.slept) == pytest.approx(30.0)


async def test_an_exhausted_quota_beyond_the_deadline_is_refused_with_nothing_sent():
    clock = ManualClock()
    vendor = Vendor(Said(200, {}, {"X-Left": "0"}))
    client = Talkative(upstream_to(vendor, clock), Scope(clock.monotonic() + 20), None)
    await client.send(READ)
    with pytest.raises(Unavailable) as caught:
        await client.send(READ)
    assert (caught.value.code, caught.value.retry_after_s) == ("rate_limited", 30.0)
    assert len(vendor.seen) == 1


async def test_a_write_is_not_sent_after_a_wait_that_leaves_no_time_for_its_answer():
    clock = ManualClock()
    limits = Limits(requests_per_s=0.1, burst=1)
    client = client_of(Vendor(), clock, within_s=10.5, limits=limits)
    await client.send(READ)
    with pytest.raises(Unavailable) as caught:
        await client.send(KEYED)
    assert caught.value.outcome == "not_applied"
    await client.send(READ)


async def test_nothing_is_sent_when_the_deadline_has_passed():
    clock, vendor = ManualClock(), Vendor()
    client = client_of(vendor, clock, within_s=5)
    clock.advance(5)
    with pytest.raises(Unavailable) as caught:
        await client.send(KEYED)
    assert (caught.value.code, caught.value.outcome) == ("timeout", "not_applied")
    assert vendor.seen == []


async def test_a_vendor_that_keeps_failing_is_left_in_peace_and_tried_again_later():
    clock = ManualClock()
    vendor = Vendor(*[Said(503)] * 4)
    upstream = upstream_to(vendor, clock, Limits(failures_to_open=4, cool_down_s=15))

    def client() -> Client:
        return PlainClient(upstream, Scope(clock.monotonic() + 45), None)

    with pytest.raises(Unavailable):
        await client().send(READ)
    with pytest.raises(Unavailable) as caught:
        await client().send(READ)
    assert caught.value.retry_after_s == pytest.approx(14.5)  # half a second went by before the last attempt
    assert len(vendor.seen) == 4
    with pytest.raises(Unavailable):
        await client().send(READ)
    assert len(vendor.seen) == 4
    clock.advance(15)
    assert (await client().send(READ)).status == 200
    assert upstream.breaker.state == "closed"


async def test_refusals_do_not_open_the_circuit():
    clock = ManualClock()
    upstream = upstream_to(Vendor(*[Said(404)] * 20), clock, Limits(failures_to_open=2))
    for _ in range(10):
        with pytest.raises(Rejected):
            await PlainClient(upstream, Scope(clock.monotonic() + 45), None).send(READ)
    assert upstream.breaker.state == "closed"


async def test_a_cancelled_call_frees_its_place_and_stays_cancelled():
    clock = ManualClock()
    is_working, never = asyncio.Event(), asyncio.Event()

    async def work_for_ever() -> Said:
        is_working.set()
        await never.wait()
        return Said()

    client = client_of(Vendor(work_for_ever), clock)
    task = asyncio.create_task(client.send(KEYED))
    async with asyncio.timeout(5):
        await is_working.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert client.upstream.limiter.in_flight == 0
    assert (await client.send(READ)).status == 200


async def test_a_cancelled_wait_for_a_retry_stays_cancelled():
    clock = ManualClock(auto=False)
    client = client_of(Vendor(Said(503)), clock)
    task = asyncio.create_task(client.send(READ))
    await clock.wait_for_sleepers(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert client.upstream.limiter.in_flight == 0


async def test_a_slow_vendor_is_given_up_after_the_time_of_the_attempt():
    clock = ManualClock()

    async def answer_late() -> Said:
        await clock.sleep(21)
        return Said()

    vendor = Vendor(*[answer_late] * 3)
    client = client_of(vendor, clock)
    with pytest.raises(Unavailable) as caught:
        await client.send(READ)
    assert caught.value.code == "timeout"
    assert client.scope.trail[0] == "GET /v1/things timeout"

    with pytest.raises(OutcomeUnknown):
        await client_of(Vendor(answer_late), clock).send(UNKEYED)
