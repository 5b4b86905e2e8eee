"""The bare technique: a Starlette route with Stripe's check and one INSERT, through our group-commit writer.

    bare.py DIRECTORY [alone]

`alone`: each request has a commit to itself.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import socket
import sys
import time
from pathlib import Path

import orjson
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from wirepost.core.clock import Clock
from wirepost.store.database import Database

SECRET = os.environ["STRIPE_SECRET"].encode()
TABLE = "CREATE TABLE hooks (id TEXT PRIMARY KEY, body BLOB) STRICT"
INSERT = "INSERT INTO hooks VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING id"
TOLERANCE_S = 300


def is_genuine(header: str, body: bytes) -> bool:
    """Stripe's check."""
    parts = dict(part.split("=", 1) for part in header.split(","))
    expected = hmac.digest(SECRET, parts["t"].encode() + b"." + body, "sha256").hex()
    return hmac.compare_digest(expected, parts["v1"]) and abs(time.time() - int(parts["t"])) < TOLERANCE_S


async def main(directory: Path, *, is_alone: bool) -> None:
    """Serve on a free port, which is printed first."""
    database = await Database.open(directory / "bare.db", Clock())
    await database.write(lambda tx: tx.execute(TABLE))
    turn = asyncio.Lock()

    async def hook(request: Request) -> JSONResponse:
        body = await request.body()
        if not is_genuine(request.headers["stripe-signature"], body):
            return JSONResponse({"status": "refused"}, 401)
        event_id = orjson.loads(body)["id"]
        if is_alone:
            async with turn:
                rows = await database.write(lambda tx: tx.execute(INSERT, event_id, body))
        else:
            rows = await database.write(lambda tx: tx.execute(INSERT, event_id, body))
        return JSONResponse({"status": "stored" if rows else "duplicate"})

    app = Starlette(routes=[Route("/webhooks/stripe", hook, methods=["POST"])])
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(app, http="httptools", log_level="error", access_log=False)
    await uvicorn.Server(config).serve([listening])


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), is_alone="alone" in sys.argv))
