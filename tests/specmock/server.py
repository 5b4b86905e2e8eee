"""The socket, the faults that need one, and the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import pathlib
import signal
import socket
import struct
import sys

from aiohttp import web

from .basics import JSON, MULTIPART, Reply
from .config import load_api, load_apis
from .mock import SpecMock

HELP = """\
An HTTP mock that accepts only what an API description allows. Each API is served under /NAME.

control, under /__specmock/:
  GET requests | violations (filter: ?api=…&operation=…)   GET stubs   GET coverage   DELETE requests (forget all)
  POST stubs {"api", "method", "path", "status", "headers", "body", "sse", "fault", "times", "unchecked"}
faults, from a stub or from the request header X-Specmock-Fault:
  429;retry-after=2   503   delay=1.5   hang=30   reset   close   malformed   truncate   html   empty
"""


async def handle(mock: SpecMock, request: web.Request) -> web.StreamResponse:
    form, body = None, b""
    if request.content_type == MULTIPART:
        parts = await request.post()
        form = {
            k: f"<file {v.filename}>" if isinstance(v, web.FileField) else str(v) for k, v in parts.items()
        }
    else:
        body = await request.read()
    reply = mock.call(request.method, request.raw_path, dict(request.headers), body, form)
    return await send(reply, request)


async def send(reply: Reply, request: web.Request) -> web.StreamResponse:
    kind, _, amount = reply.fault.partition("=")
    payload = reply.payload()
    if kind in ("delay", "hang"):
        await asyncio.sleep(float(amount or 30))
    if kind in ("reset", "close", "hang"):
        return drop(request, hard=kind == "reset")
    if kind == "html":
        page = "<html><body><h1>502 Bad Gateway</h1></body></html>"
        return web.Response(status=502, text=page, content_type="text/html")
    if kind in ("malformed", "empty"):
        cut = payload[: len(payload) // 2] if kind == "malformed" else b""
        return web.Response(status=reply.status, body=cut, headers={"Content-Type": JSON})
    if kind == "truncate":
        reply.headers["Content-Length"] = str(len(payload) + 100)
    if kind == "truncate" or reply.sse is not None:
        headers = (
            reply.headers if reply.sse is None else {"Content-Type": "text/event-stream", **reply.headers}
        )
        response = web.StreamResponse(status=reply.status, headers=headers)
        await response.prepare(request)
        for part in [payload] if reply.sse is None else map(sse_event, reply.sse):
            await response.write(part)
        if kind == "truncate":
            drop(request, hard=False)
        return response
    return web.Response(status=reply.status, body=payload, headers=reply.headers)


def drop(request: web.Request, *, hard: bool) -> web.Response:
    transport = request.transport
    if transport is not None and hard:  # a reset instead of an orderly end
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    elif transport is not None:
        transport.close()
    return web.Response()


def sse_event(event: dict | str) -> bytes:
    data = event.get("data", event) if isinstance(event, dict) else event
    named = f"event: {event['event']}\n" if isinstance(event, dict) and "event" in event else ""
    return f"{named}data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


async def serve(mock: SpecMock, host: str, port: int) -> None:
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_route("*", "/{tail:.*}", lambda request: handle(mock, request))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    base = f"http://{host}:{runner.addresses[0][1]}"
    print(json.dumps({"ready": base, "apis": {n: f"{base}/{n}" for n in mock.apis}}), flush=True)
    stop = asyncio.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sig, stop.set)
    await stop.wait()
    await runner.cleanup()


def main(argv: list[str] | None = None) -> int:
    args = argparse.ArgumentParser(
        "specmock", epilog=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    args.add_argument(
        "apis", nargs="*", metavar="NAME=FILE", help="an OpenAPI 3 document to serve under /NAME"
    )
    args.add_argument("--config", type=pathlib.Path, help="JSON that names the APIs and their files")
    args.add_argument("--only", help="comma-separated names out of the configuration")
    args.add_argument("--host", default="127.0.0.1")
    args.add_argument(
        "--port", type=int, default=4010, help="0 picks a free one; the first line printed tells it"
    )
    args.add_argument(
        "--fail-on-violation", action="store_true", help="exit 3 if any request broke its description"
    )
    opt = args.parse_args(argv)
    apis = load_apis(opt.config, set(opt.only.split(",")) if opt.only else None) if opt.config else {}
    for pair in opt.apis:
        name, _, file = pair.partition("=")
        apis[name] = load_api(name, {"spec": file}, pathlib.Path())
    if not apis:
        args.error("nothing to serve")
    mock = SpecMock(apis)
    asyncio.run(serve(mock, opt.host, opt.port))
    print(f"specmock: {mock.broken} violations", file=sys.stderr)
    return 3 if mock.broken and opt.fail_on_violation else 0
