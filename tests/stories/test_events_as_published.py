"""Requests and handshakes that vendors published, through a server on a real socket, however they arrive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from support.by_hand import WAYS, Heard, send
from support.clock import ManualClock
from support.handshakes import check_answer, handshakes
from support.receiving import Receiving, load, receiving
from support.running import settings_for
from support.serving import served
from support.signatures import request_of, terms_of, vectors
from wirepost.store.database import Database
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.sns import Sns
from wirepost.webhooks.webhook import Terms, Webhook

pytestmark = pytest.mark.slow

NAME = "0f8c1d5ab36e47929ba4d1c07e3f5a68"
"""Of every endpoint, as some have nothing else that protects them."""
OWN_NAMES = {"generic_hmac": "hmac", "svix": "standard_webhooks"}
PROVIDERS = ("github", "hubspot", "shopify", "slack", "stripe", "salesforce")
MALFORMED = {"malformed_header", "malformed_body", "bad_timestamp"}
"""Checks after which a sender is told that its request cannot be read (400)."""
OTHERWISE = {
    "hubspot-004": 405,  # genuine, but a GET, and events are posted
    "github-022": 503,  # nothing can be checked until the operator gives a secret
}
GREETINGS = {"slack-014", "aws_sns-019", "zoom-005", "discord-001"}
"""Genuine requests that tell of nothing."""
BY_SENDER: Mapping[str, list[str]] = defaultdict(list)
for _id, _found in vectors().items():
    BY_SENDER[_found["provider"]].append(_id)
TABLES = ("events", "raw_bodies", "dead_letters", "receipts")


@asynccontextmanager
async def listening(
    directory: Path, sender: str, request: Incoming, terms: Terms, *, database: Database, source: str = "here"
) -> AsyncIterator[tuple[Receiving, str]]:
    """A server at the moment of a request, and the address of its one endpoint, which has these terms."""
    options: dict[str, Any] = terms.settings.model_dump(mode="json", exclude_unset=True)
    options["url"] = request.url.partition("?")[0]
    options["tolerance_s"] = terms.tolerance_s
    options["secrets"] = [
        kept(directory, f"secret-{place}", each.value) for place, each in enumerate(terms.secrets)
    ]
    if terms.token is not None:
        options["token"] = kept(directory, "token", terms.token)
    if sender not in PROVIDERS:
        options["sender"] = sender
    connection = {
        "provider": sender if sender in PROVIDERS else "stripe",
        "environment": "test",
        "key": kept(directory, "key", "a-key"),
        "webhooks": {NAME: options},
    }
    settings = settings_for(directory, connections={source: connection})
    clock = ManualClock(datetime.fromtimestamp(request.now, UTC))
    there = receiving(database, clock, settings, load=partial(with_certificates_of_its_own, load))
    there.endpoint(source, NAME).fetch = terms.fetch
    async with served(there.app) as base:
        yield there, f"{base}/webhooks/{source}/{NAME}"


def with_certificates_of_its_own(load: Any, provider: str, sender: str | None) -> Webhook:
    """What a sender declares; no certificate of another request is known, nor is every topic named."""
    webhook: Webhook = load(provider, sender)
    return replace(webhook, scheme=Sns(), needs_accounts=False) if sender == "aws_sns" else webhook


def kept(directory: Path, name: str, secret: str) -> str:
    """A reference to a secret."""
    (directory / name).touch(mode=0o600)
    (directory / name).write_text(secret)
    return f"file:{directory / name}"


async def hear(address: str, request: Incoming, way: Any) -> Heard:
    """What a request is answered that comes in this way."""
    query = urlsplit(request.url).query
    target = f"{address}?{query}" if query else address
    return await send(target, request.method, request.headers, way(request.body))


async def stored(there: Receiving) -> dict[str, int]:
    """Rows of each table that a request may leave something in."""
    return {table: len(await there.rows("1", table)) for table in TABLES}


def check(vector: str, heard: Heard) -> bool:
    """Whether the request was taken; it must be judged as published."""
    found = vectors()[vector]
    if vector in OTHERWISE:
        assert heard.status == OTHERWISE[vector], vector
        return False
    if found["expected"] == "valid":
        assert 200 <= heard.status < 300, (vector, heard)
        return True
    reason = orjson.loads(heard.body)["check"]
    assert f"invalid:{reason}" in [found["expected"], *found.get("also_ok", ())], (vector, heard)
    assert heard.status == (400 if reason in MALFORMED else 401), (vector, heard)
    return False


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A file: what is judged here does not depend on the store."""
    database = await Database.open(tmp_path / "any.db", ManualClock())
    yield database
    await database.close()


@pytest.mark.parametrize("sender", BY_SENDER)
async def test_a_published_request_is_judged_as_published_however_it_comes(
    tmp_path: Path, database: Database, sender: str
) -> None:
    """12.4.03a: published requests, genuine and not."""
    for vector in BY_SENDER[sender]:
        request, terms = request_of(vectors()[vector]), terms_of(vectors()[vector])
        name = OWN_NAMES.get(sender, sender)
        async with listening(
            tmp_path, name, request, terms, database=database, source=vector.replace("_", "-")
        ) as (
            there,
            address,
        ):
            counted, taken = [await stored(there)], []
            for way in WAYS:
                taken.append(check(vector, await hear(address, request, way)))
                counted.append(await stored(there))
        before, once, *_, in_the_end = counted
        has_left = all(taken) and vector not in GREETINGS
        assert (in_the_end != before) is has_left, f"{vector} has left something exactly if it is genuine"
        assert in_the_end["events"] == once["events"], f"{vector} is one event on whatever way it comes"


@pytest.mark.parametrize("name", handshakes())
async def test_a_published_handshake_is_answered_and_leaves_no_event(
    tmp_path: Path, database: Database, name: str
) -> None:
    each = handshakes()[name]
    async with listening(tmp_path, each.sender, each.request, each.terms(), database=database) as (
        there,
        address,
    ):
        for way in WAYS:
            heard = await hear(address, each.request, way)
            check_answer(each.expected, heard.status, heard.headers, heard.body)
        left = await stored(there)
    expected = each.expected.get("stored", 0)
    assert left["events"] == expected
    assert expected or left == dict.fromkeys(TABLES, 0)
