"""A receiver as tutorials for FastAPI show it, with plain uvicorn: Stripe's library, one committed INSERT."""

from __future__ import annotations

import os
import socket
import sqlite3

import stripe
import uvicorn
from fastapi import FastAPI, HTTPException, Request

app = FastAPI()
SECRET = os.environ["STRIPE_SECRET"]
connection = sqlite3.connect(os.environ["HOOKS_DB"], timeout=30)
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("PRAGMA synchronous=FULL")
connection.execute("CREATE TABLE IF NOT EXISTS hooks (id TEXT PRIMARY KEY, body BLOB)")


@app.post("/webhooks/stripe")
async def hook(request: Request) -> dict[str, str]:
    """Check, store, answer."""
    body = await request.body()
    try:
        event = stripe.Webhook.construct_event(body, request.headers["stripe-signature"], SECRET)
    except (ValueError, stripe.SignatureVerificationError) as error:
        raise HTTPException(400, "refused") from error
    with connection:
        stored = connection.execute("INSERT OR IGNORE INTO hooks VALUES (?, ?)", (event["id"], body)).rowcount
    return {"status": "stored" if stored else "duplicate"}


if __name__ == "__main__":
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run([listening])
