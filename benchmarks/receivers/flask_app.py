"""A receiver as tutorials for Flask show it, with gunicorn: Stripe's library, then one committed INSERT."""

from __future__ import annotations

import os
import sqlite3
import threading

import stripe
from flask import Flask, Response, jsonify, request

app = Flask(__name__)
SECRET = os.environ["STRIPE_SECRET"]
PATH = os.environ["HOOKS_DB"]
local = threading.local()


def database() -> sqlite3.Connection:
    """The connection of this thread, as durable as ours."""
    if not hasattr(local, "connection"):
        local.connection = sqlite3.connect(PATH, timeout=30)
        local.connection.execute("PRAGMA journal_mode=WAL")
        local.connection.execute("PRAGMA synchronous=FULL")
        local.connection.execute("CREATE TABLE IF NOT EXISTS hooks (id TEXT PRIMARY KEY, body BLOB)")
    return local.connection


@app.post("/webhooks/stripe")
def hook() -> Response | tuple[Response, int]:
    """Check, store, answer."""
    try:
        event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], SECRET)
    except (ValueError, stripe.SignatureVerificationError):
        return jsonify(status="refused"), 400
    with database() as connection:
        stored = connection.execute(
            "INSERT OR IGNORE INTO hooks VALUES (?, ?)", (event["id"], request.data)
        ).rowcount
    return jsonify(status="stored" if stored else "duplicate")


if __name__ == "__main__":
    import socket

    from gunicorn.app.base import BaseApplication

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    class Application(BaseApplication):
        """gunicorn with threads, on a free port."""

        def load_config(self) -> None:
            """One process, as for all others here."""
            for name, value in {
                "bind": f"127.0.0.1:{port}",
                "worker_class": "gthread",
                "threads": 32,
                "keepalive": 60,
                "loglevel": "critical",
                "when_ready": lambda _: print(port, flush=True),
            }.items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            """The application."""
            return app

    Application().run()
