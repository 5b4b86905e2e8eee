"""What every in-memory vendor does: log, fail on demand, limit."""

from __future__ import annotations

from typing import Any, ClassVar

import httpx2
import pytest

from support.clock import START, ManualClock
from support.serving import served
from support.worlds import world_at
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.sockets import ConnectionCut, ConnectRefused
from wirepost.sandbox.vendor import (
    Bucket,
    Request,
    Response,
    Sandbox,
    SandboxEvent,
)


class Counter(Sandbox):
    """A vendor with one number."""

    vendor: ClassVar[str] = "counter"
    key: ClassVar[str] = "key"
    count = 0

    def forget(self) -> None:
        self.count = 0

    async def respond(self, request: Request, fault: Fault | None) -> Response:
        self.count += 1
        return Response(200, b'{"count":%d}' % self.count, {"X-Count": str(self.count)})

    def summary(self) -> dict[str, Any]:
        return {"count": self.count}


@pytest.fixture
def counter() -> Counter:
    return Counter(world_at(START), ManualClock())


async def ask(counter: Counter, path: str = "/count", **options: Any) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=counter.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://counter.sandbox") as client:
        return await client.request(options.pop("method", "GET"), path, **options)


async def test_requests_are_logged_without_credentials(counter: Counter) -> None:
    headers = {"Authorization": "Bearer secret-1", "Cookie": "secret-2", "X-Trace": "t"}
    await ask(counter, "/count?a=1", method="POST", data={"b": "2"}, headers=headers)
    line = counter.requests[-1]
    assert (line.method, line.path, line.query, line.form, line.status) == (
        "POST",
        "/count",
        (("a", "1"),),
        (("b", "2"),),
        200,
    )
    assert line.headers["x-trace"] == "t"
    assert "secret" not in repr(line)
    assert "secret" not in str(line.shown())


async def test_a_fault_wears_off_after_its_times(counter: Counter) -> None:
    counter.inject(Fault("html", times=2))
    answers = [await ask(counter) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [502, 502, 200]
    assert answers[0].headers["content-type"] == "text/html"
    assert counter.faults == []
    assert counter.count == 1


async def test_a_fault_without_end_stays(counter: Counter) -> None:
    counter.inject(Fault("html", times=None))
    assert [(await ask(counter)).status_code for _ in range(4)] == [502] * 4
    assert len(counter.faults) == 1


async def test_a_fault_only_hits_what_it_matches(counter: Counter) -> None:
    counter.inject(Fault("html", match="POST /count"))
    assert (await ask(counter)).status_code == 200
    assert (await ask(counter, method="POST")).status_code == 502


async def test_a_cut_connection_processed_nothing(counter: Counter) -> None:
    counter.inject(Fault("cut"))
    with pytest.raises(ConnectionCut):
        await ask(counter)
    assert counter.count == 0
    assert counter.requests[-1].status is None


async def test_a_refused_connection_processed_nothing(counter: Counter) -> None:
    counter.inject(Fault("refused"))
    with pytest.raises(ConnectRefused):
        await ask(counter)
    assert counter.count == 0


async def test_a_lost_answer_was_processed(counter: Counter) -> None:
    counter.inject(Fault("lost_answer"))
    with pytest.raises(ConnectionCut):
        await ask(counter)
    assert counter.count == 1
    assert counter.requests[-1].status is None


async def test_a_malformed_answer_is_half_of_one(counter: Counter) -> None:
    counter.inject(Fault("malformed"))
    answer = await ask(counter)
    assert (answer.status_code, answer.content) == (200, b'{"cou')
    assert counter.count == 1


async def test_a_page_can_hide_that_the_request_was_processed(counter: Counter) -> None:
    counter.inject(Fault("html", status=200, is_applied=True))
    answer = await ask(counter)
    assert (answer.status_code, counter.count) == (200, 1)
    assert answer.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(("kind", "count"), [("cut", 0), ("refused", 0), ("lost_answer", 1)])
async def test_a_real_connection_ends_without_an_answer(counter: Counter, kind: str, count: int) -> None:
    counter.inject(Fault.parse(kind))
    async with served(counter.socket_app) as base, httpx2.AsyncClient(base_url=base) as client:
        with pytest.raises(httpx2.TransportError):
            await client.get("/count")
        assert counter.count == count
        assert (await client.get("/count")).status_code == 200


async def test_a_mounted_app_sees_the_vendors_own_path(counter: Counter) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        return None

    scope = {"type": "http", "method": "GET", "path": "/stripe/v1/x", "root_path": "/stripe", "headers": []}
    await counter.app(scope, receive, send)
    assert counter.requests[-1].path == "/v1/x"


async def test_reset_forgets_everything(counter: Counter) -> None:
    counter.inject(Fault("html", match="/never"))
    counter.limit(1)
    await ask(counter)
    counter.reset()
    assert (counter.count, list(counter.requests), counter.faults, counter.buckets) == (0, [], [], {})


def test_a_bucket_lets_bursts_through_and_refills_with_time() -> None:
    clock = ManualClock()
    bucket = Bucket(clock, per_s=2, burst=3)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    clock.advance(0.5)
    assert [bucket.take() for _ in range(2)] == [True, False]
    clock.advance(60)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


def test_an_event_is_kept_and_told_to_whoever_sends_it(counter: Counter) -> None:
    first, second = SandboxEvent("counted", b"1"), SandboxEvent("counted", b"2", {"X-Kind": "test"})
    counter.announce(first)
    sent: list[SandboxEvent] = []
    counter.emit = sent.append
    counter.announce(second)
    assert list(counter.outbox) == [first, second]
    assert sent == [second]


def test_a_reset_empties_the_outbox_and_keeps_whoever_sends(counter: Counter) -> None:
    sent: list[SandboxEvent] = []
    counter.emit = sent.append
    counter.announce(SandboxEvent("counted", b"1"))
    counter.reset()
    counter.announce(SandboxEvent("counted", b"2"))
    assert [event.body for event in counter.outbox] == [b"2"]
    assert [event.body for event in sent] == [b"1", b"2"]
