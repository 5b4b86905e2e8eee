"""The store of the project in the working directory, used as commands about events use it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from support.receiving import SECRET, stripe_signature
from wirepost.cli.post import Post, post
from wirepost.settings import load
from wirepost.webhooks.incoming import Incoming, Reply

T = TypeVar("T")
KEY = "sk_test_" + "51Abcdefghijklmnop"


def shop(folder: Path, more: str = "") -> str:
    """A configuration with an account at a Stripe that nobody reaches; webhooks have the tests' secret."""
    secret, key = folder / "secret", folder / "key"
    for file, content in ((secret, SECRET), (key, KEY)):
        file.touch(mode=0o600)
        file.write_text(content)
    return f"""\
server: {{port: 0}}
connections:
  shop:
    provider: stripe
    environment: test
    key: file:{key}
    base_url: http://127.0.0.1:9
    webhooks: {{default: {{secrets: ["file:{secret}"]}}}}
subscriptions:
  refunds: {{types: ["payment.*"], environments: [test], deliver: [pull]}}
{more}"""


def operate(work: Callable[[Post], Awaitable[T]]) -> T:
    """What `work` returns, with the store opened once a server has begun with it."""

    async def run() -> T:
        async with post(load(None).settings) as opened:
            await opened.hub.begin()
            return await work(opened)

    return asyncio.run(run())


async def receive(opened: Post, body: bytes, source: str = "shop") -> Reply:
    """What a request that Stripe has signed is answered."""
    endpoint = opened.endpoint(source)
    now = opened.clock.now().timestamp()
    headers = (("stripe-signature", stripe_signature(body, now)), ("content-type", "application/json"))
    url = f"http://127.0.0.1/webhooks/{source}"
    return await opened.hub.receiver.receive(endpoint, Incoming("POST", url, headers, body, now))
