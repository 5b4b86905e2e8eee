"""A receiver over real parts: the store, the log, secrets, and the senders that the test names."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from support.running import settings_for
from wirepost.calls.own_writes import OwnWrites
from wirepost.core.clock import Clock
from wirepost.events.admit import Admission, Published
from wirepost.events.backlog import Backlog
from wirepost.events.endpoints import Endpoint, StoredSecrets, endpoints_of
from wirepost.events.log import EventLog
from wirepost.events.raw import RawRequests
from wirepost.events.receive import Receiver
from wirepost.providers import load_provider
from wirepost.secrets.resolve import Secrets
from wirepost.secrets.vault import KeyRing, Vault
from wirepost.server.peers import Peers
from wirepost.server.webhooks import Webhooks
from wirepost.settings import Settings
from wirepost.store.database import Database
from wirepost.store.signals import Signals
from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.webhook import Sender, Webhook

SECRET = "whsec_a_secret_of_the_tests_5f0c"
"""What Stripe signs with here."""


def stripe_signature(body: bytes, at: float, *secrets: str) -> str:
    """As Stripe documents it: HMAC-SHA256 over time, point and body (docs.stripe.com/webhooks/signature)."""
    signed = f"{int(at)}.".encode() + body
    made = (hmac.new(each.encode(), signed, hashlib.sha256).hexdigest() for each in secrets or (SECRET,))
    return ",".join([f"t={int(at)}", *(f"v1={each}" for each in made)])


def refund(number: int | str = 1, **more: Any) -> bytes:
    """A body as Stripe sends it when a charge was refunded, cut to what matters."""
    charge = {"id": "ch_1", "object": "charge", "amount": 4900, "amount_refunded": 4900, "currency": "eur"}
    event = {
        "id": f"evt_{number}",
        "object": "event",
        "api_version": "2026-10-28",
        "created": 1_795_600_000,
        "livemode": False,
        "type": "charge.refunded",
        "data": {"object": {**charge, **more}},
    }
    return json.dumps(event).encode()


@dataclass
class Receiving:
    """The receiver, and ways to send it something."""

    receiver: Receiver
    backlog: Backlog
    log: EventLog
    raw: RawRequests
    clock: Clock
    stored: StoredSecrets
    peers: Peers
    kept: list[Any] = field(default_factory=list)

    @property
    def database(self) -> Database:
        """Where it stores."""
        return self.log.database

    def endpoint(self, source: str = "stripe", name: str = "default") -> Endpoint:
        """An endpoint that must be there."""
        found = self.receiver.find(source, name)
        assert found is not None
        return found

    def request(self, body: bytes, headers: Mapping[str, str] | None = None, **other: Any) -> Incoming:
        """A request as the server would hand it over; signed as Stripe does unless it has other headers."""
        now = self.clock.now().timestamp()
        given = {"stripe-signature": stripe_signature(body, now)} if headers is None else headers
        told = {
            "method": "POST",
            "url": "https://hooks.example.com/webhooks/stripe",
            "headers": tuple((name.lower(), value) for name, value in given.items()),
            "body": body,
            "now": now,
            "peer": "203.0.113.7",
        }
        return Incoming(**{**told, **other})

    async def send(
        self, body: bytes, headers: Mapping[str, str] | None = None, *, to: str = "stripe", **other: Any
    ) -> Reply:
        """Send it to an endpoint; the answer."""
        source, _, name = to.partition("/")
        found = self.endpoint(source, name or "default")
        return await self.receiver.receive(found, self.request(body, headers, **other))

    async def rows(self, columns: str = "id", table: str = "events") -> list[Any]:
        """What is stored, in its order."""
        order = {"events": "seq", "receipts": "at", "dead_letters": "received_at"}.get(table, "1")
        return await self.database.read(f"SELECT {columns} FROM {table} ORDER BY {order} LIMIT 10000")  # noqa: S608

    @property
    def app(self) -> Webhooks:
        """It behind HTTP, in front of an app that says `else` to everything."""
        other = Starlette(
            routes=[Route("/{path:path}", lambda _: PlainTextResponse("else"), methods=["GET", "POST"])]
        )
        return Webhooks(other, self.receiver, self.peers, self.clock, nullcontext)

    def http(self, peer: str = "127.0.0.1") -> httpx2.AsyncClient:
        """A client of `app` whose requests come from this address."""
        transport = httpx2.ASGITransport(app=self.app, client=(peer, 50000))
        return httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8484")


def said(reply: Reply) -> dict[str, Any]:
    """What an answer says in JSON."""
    found: dict[str, Any] = json.loads(reply.body)
    return found


def settings_of(directory: Path, webhooks: Mapping[str, Mapping[str, Any]], **server: Any) -> Settings:
    """Settings with these endpoints: connection → name → options; the connection says its provider."""
    connections = {}
    for connection, endpoints in webhooks.items():
        provider = connection.partition("-")[0]
        secret = directory / f"secret-{connection}"
        secret.touch(mode=0o600)
        secret.write_text(SECRET)
        connections[connection] = {
            "provider": provider,
            "environment": "test",
            "key": f"file:{secret}",
            "webhooks": {
                name: {"secrets": [f"file:{secret}"], **options} for name, options in endpoints.items()
            },
        }
    return settings_for(directory, connections=connections, server=server)


def load(provider: str, sender: str | None) -> Webhook:
    """The declaration of a sender, as the app finds it."""
    if sender is not None:
        from wirepost.senders import load_sender

        return load_sender(sender)
    found = load_provider(provider).sender
    assert found is not None
    return found.load()


def is_signed(provider: str, sender: str | None) -> bool:
    """Whether something in its requests proves them."""
    found = load_provider(provider).sender
    return sender is not None or found is None or found.is_signed


def receiving(
    database: Database,
    clock: Clock,
    settings: Settings,
    *,
    load: Any = load,
    published: Published = lambda _: (),
    address: str | None = "https://hooks.example.com",
    **room: int,
) -> Receiving:
    """Everything between a socket and the store."""
    vault = Vault(KeyRing([b"k" * 32]))
    stored = StoredSecrets(database, vault, clock)
    log, raw = EventLog(database, Signals(), clock), RawRequests(database, vault)
    endpoints = endpoints_of(
        settings,
        find_sender=lambda *named: Sender(partial(load, *named), is_signed(*named)),
        address=address,
        resolver=Secrets(settings.secrets, clock),
        stored=stored,
        clock=clock,
    )
    backlog = Backlog(log, raw, clock, **room)
    receiver = Receiver(
        endpoints,
        log,
        raw,
        OwnWrites(database, clock),
        admission=Admission(clock, published),
        backlog=backlog,
        clock=clock,
        hash_key=b"h" * 32,
    )
    return Receiving(receiver, backlog, log, raw, clock, stored, Peers(settings.server.trusted_proxies))
