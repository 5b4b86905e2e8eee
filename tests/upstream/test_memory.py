"""The in-memory transport: an application in place of a provider, with the faults of a wire."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

from support.clock import ManualClock
from wirepost.sandbox.sockets import ConnectionCut, ConnectRefused
from wirepost.upstream.memory import InMemoryTransport


def client_of(app: Any, clock: ManualClock | None = None, timeout_s: float = 5.0) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=InMemoryTransport(app, clock), base_url="http://vendor.test", timeout=timeout_s
    )


async def echo(request: Request) -> JSONResponse:
    return JSONResponse(
        {
            "method": request.method,
            "path": request.url.path,
            "query": request.url.query,
            "host": request.headers["host"],
            "body": (await request.body()).decode(),
        },
        status_code=201,
        headers={"X-Seen": "yes"},
    )


APP = Starlette(routes=[Route("/{rest:path}", echo, methods=["GET", "POST"])])


async def test_the_application_sees_the_request_as_sent():
    async with client_of(APP) as client:
        answer = await client.post("/a/b%20c?x=%26", content=b"hello")
    assert answer.status_code == 201
    assert answer.headers["x-seen"] == "yes"
    assert answer.json() == {
        "method": "POST",
        "path": "/a/b c",
        "query": "x=%26",
        "host": "vendor.test",
        "body": "hello",
    }


async def test_a_streamed_answer_arrives_whole():
    async def stream(request: Request) -> StreamingResponse:
        async def parts():
            for part in ("one ", "two ", "three"):
                yield part

        return StreamingResponse(parts())

    async with client_of(Starlette(routes=[Route("/", stream)])) as client:
        assert (await client.get("/")).text == "one two three"


async def test_the_answer_to_head_has_no_body():
    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse("text")

    async with client_of(Starlette(routes=[Route("/", page)])) as client:
        answer = await client.head("/")
    assert (answer.status_code, answer.content) == (200, b"")


def raising(error: Exception) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise error

    return app


@pytest.mark.parametrize(
    ("raised", "seen"), [(ConnectionCut(), httpx2.ReadError), (ConnectRefused(), httpx2.ConnectError)]
)
async def test_faults_of_the_wire_look_like_those_of_a_socket(raised, seen):
    async with client_of(raising(raised)) as client:
        with pytest.raises(seen) as caught:
            await client.get("/")
    assert caught.value.request.url.path == "/"


async def test_a_cut_inside_a_web_framework_is_a_cut_too():
    async def cut(request: Request) -> PlainTextResponse:
        raise ConnectionCut

    async with client_of(Starlette(routes=[Route("/", cut)])) as client:
        with pytest.raises(httpx2.ReadError):
            await client.get("/")


async def test_a_fault_of_the_application_itself_is_not_hidden():
    async with client_of(raising(KeyError("bug"))) as client:
        with pytest.raises(KeyError):
            await client.get("/")


async def test_an_application_that_answers_nothing_breaks_the_protocol():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    async with client_of(app) as client:
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get("/")


async def test_the_client_hangs_up_only_after_the_answer():
    messages = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        messages.append((await receive())["type"])
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b""})
        messages.append((await receive())["type"])

    async with client_of(app) as client:
        await client.get("/")
    assert messages == ["http.request", "http.disconnect"]


async def test_a_slow_application_is_given_up_in_real_time():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    async with client_of(app, timeout_s=0.01) as client:
        with pytest.raises(httpx2.ReadTimeout):
            await client.get("/")


@pytest.mark.parametrize(("delay_s", "is_late"), [(4.9, False), (5.1, True)])
async def test_a_slow_application_is_given_up_on_a_clock_that_jumps(delay_s, is_late):
    clock = ManualClock()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await clock.sleep(delay_s)
        await APP(scope, receive, send)

    async with client_of(app, clock) as client:
        if is_late:
            with pytest.raises(httpx2.ReadTimeout):
                await client.get("/")
        else:
            assert (await client.get("/")).status_code == 201
