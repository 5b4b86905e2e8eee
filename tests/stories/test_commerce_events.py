"""Requests of Stripe, GitHub and Shopify on their whole way into the store; what was missed is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from support.receiving import SECRET, Receiving, receiving, settings_of
from support.running import Running, running
from wirepost.calls.own_writes import OwnWrites
from wirepost.events.backfill import GRACE_S, Backfill, Found, Source
from wirepost.events.filters import Filter
from wirepost.events.own import OwnEvents
from wirepost.providers.stripe.feed import StripeFeed
from wirepost.upstream.scope import Scope

PROVIDERS = Path(__file__).resolve().parent.parent / "providers"
SHOP = "stripe-sandbox"
PAID = "pi_NordlichtExample"
ENDPOINTS = {
    "github": {"default": {"own_ids": ["acme-bot"]}},
    "shopify": {"default": {"accounts": ["acme.myshopify.com"]}},
    "stripe": {"default": {"redact": {"email": "drop"}}},
}


@pytest.fixture
def receiver(database: Any, clock: Any, tmp_path: Path) -> Receiving:
    return receiving(database, clock, settings_of(tmp_path, ENDPOINTS))


def published(provider: str, name: str) -> bytes:
    return (PROVIDERS / provider / "payloads" / f"{name}.json").read_bytes()


async def send(receiver: Receiving, source: str, body: bytes, **headers: str) -> Any:
    """Send it signed, as the vendor does; underscores in the names of headers stand for hyphens."""
    webhook = receiver.endpoint(source).webhook
    assert webhook.sign is not None
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    now = receiver.clock.now().timestamp()
    return await receiver.send(body, webhook.sign(given, body, "", SECRET, now), to=source)


async def test_an_event_of_stripe_keeps_its_keys_and_drops_what_is_personal(receiver: Receiving) -> None:
    body = published("stripe", "checkout.session.completed")
    for _ in range(2):
        assert (await send(receiver, "stripe", body)).status == 200
    (event,) = await receiver.log.after(0, 10)
    assert (event.type, event.provider_event_id) == ("checkout.completed", "evt_1f375dee621dd4eb0eefe19f")
    assert (event.data["amount"], event.data["currency"]) == ("30.00", "usd")
    assert "stripe@example.com" not in event.stored()
    assert await receiver.rows("dedupe_key, body_key") == [(":evt_1f375dee621dd4eb0eefe19f", None)]
    assert await receiver.rows("outcome", "receipts") == [("duplicate",)]


async def test_a_ping_of_github_is_answered_and_not_stored(receiver: Receiving) -> None:
    reply = await send(receiver, "github", published("github", "ping"), x_github_event="ping")
    assert reply.status == 200
    assert (
        await receiver.send(published("github", "ping"), {"x-github-event": "ping"}, to="github")
    ).status == 401
    assert await receiver.rows() == []


async def test_one_event_by_several_hooks_of_github_is_stored_once(receiver: Receiving) -> None:
    body = orjson.loads(published("github", "issues.opened"))
    by_app = {**body, "installation": {"id": 1}}
    for each in (body, by_app):
        headers = {"x_github_event": "issues", "x_github_delivery": "guid-1"}
        assert (await send(receiver, "github", orjson.dumps(each), **headers)).status == 200
    (event,) = await receiver.log.after(0, 10)
    assert (event.type, event.object_id) == ("issue.opened", "Codertocat/Hello-World#1")


async def test_a_captured_request_under_another_name_is_no_news(receiver: Receiving) -> None:
    body = published("github", "issues.opened")
    for event, delivery in (("issues", "guid-1"), ("issues", "guid-2"), ("star", "guid-3")):
        headers = {"x_github_event": event, "x_github_delivery": delivery}
        assert (await send(receiver, "github", body, **headers)).status == 200
    assert len(await receiver.log.after(0, 10)) == 1
    assert await receiver.rows("outcome", "receipts") == [("same_body",)] * 2
    stated = {"x_github_event": "push", "x_github_delivery": "guid-4"}
    assert (await send(receiver, "github", published("github", "star.created"), **stated)).status == 200
    assert len(await receiver.log.after(0, 10)) == 1
    ((reason,),) = await receiver.rows("reason", "dead_letters")
    assert "said to be a push" in reason


async def test_what_our_own_user_does_at_github_is_ours(receiver: Receiving) -> None:
    body = orjson.loads(published("github", "issues.opened"))
    body["sender"]["login"] = "acme-bot"
    await send(receiver, "github", orjson.dumps(body), x_github_event="issues", x_github_delivery="guid-1")
    (event,) = await receiver.log.after(0, 10)
    assert event.is_self
    assert not Filter().matches(event)


def of_shop(
    shop: str = "acme.myshopify.com", topic: str = "orders/create", change: str = "1"
) -> dict[str, str]:
    """The headers of a request of Shopify's."""
    return {
        "x_shopify_topic": topic,
        "x_shopify_shop_domain": shop,
        "x_shopify_event_id": f"event-{change}",
        "x_shopify_webhook_id": f"webhook-{change}",
        "x_shopify_triggered_at": "2026-11-25T09:00:00.5Z",
    }


async def test_an_order_of_our_shop_is_stored_and_one_of_another_is_not(receiver: Receiving) -> None:
    body = published("shopify", "orders.create")
    assert (await send(receiver, "shopify", body, **of_shop("other.myshopify.com"))).status == 200
    assert await receiver.log.after(0, 10) == []
    for _ in range(2):
        assert (await send(receiver, "shopify", body, **of_shop())).status == 200
    (event,) = await receiver.log.after(0, 10)
    assert (event.type, event.subject, event.account) == (
        "order.created",
        "order/820982911946154508",
        "acme.myshopify.com",
    )
    assert event.data["total"] == "254.98"


async def test_a_topic_that_does_not_fit_the_body_is_kept_apart(receiver: Receiving) -> None:
    body = published("shopify", "products.update")
    assert (await send(receiver, "shopify", body, **of_shop(topic="orders/paid"))).status == 200
    assert await receiver.log.after(0, 10) == []
    assert len(await receiver.rows("reason", "dead_letters")) == 1


async def test_a_request_of_a_privacy_law_must_be_signed(receiver: Receiving) -> None:
    body = orjson.dumps({"shop_domain": "acme.myshopify.com", "customer": {"id": 191167}})
    forged = {name.replace("_", "-"): each for name, each in of_shop(topic="customers/redact").items()}
    assert (await receiver.send(body, forged, to="shopify")).status == 401
    forged["x-shopify-hmac-sha256"] = "AAAA"
    assert (await receiver.send(body, forged, to="shopify")).status == 401
    assert (await send(receiver, "shopify", body, **of_shop(topic="customers/redact"))).status == 200
    (event,) = await receiver.log.after(0, 10)
    assert (event.type, event.subject) == ("privacy.erasure_requested", "customer/191167")


async def refund_by_somebody(wirepost: Running, amount: int) -> None:
    """Pay something back at the vendor, as somebody else."""
    vendor = wirepost.app.connections.sandbox(SHOP)
    assert vendor is not None
    transport = httpx2.ASGITransport(app=vendor.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://stripe") as http:
        headers = {"Authorization": f"Bearer {vendor.key}"}
        answer = await http.post(
            "/v1/refunds", data={"payment_intent": PAID, "amount": str(amount)}, headers=headers
        )
    assert answer.status_code == 200


async def told(wirepost: Running) -> list[Any]:
    """The events of the shop, once all that happened was sent."""
    await wirepost.app.hub.rehearsal.settled()
    return [each for each in await wirepost.app.hub.events.after(0, 100) if each.source == SHOP]


async def test_a_refund_of_ours_is_told_from_one_of_somebody_else(tmp_path: Path) -> None:
    async with running(tmp_path) as wirepost, wirepost.app.hub.at_work():
        given = {"payment": PAID, "amount": "4.00", "currency": "eur", "intent": "refund-1"}
        await wirepost.confirmed("stripe_create_refund", connection=SHOP, **given)
        await refund_by_somebody(wirepost, 300)
        events = await told(wirepost)
    assert [(each.type, each.actor["kind"]) for each in events] == [
        ("payment.refunded", "self"),
        ("refund.created", "self"),
        ("payment.refunded", "unknown"),
        ("refund.created", "unknown"),
    ]
    assert [each.data["refunded_now"] for each in events[::2]] == ["4.00", "3.00"]
    assert [Filter(types=("payment.refunded",)).matches(each) for each in events[::2]] == [False, True]


async def test_what_no_webhook_has_brought_is_found_in_stripes_list(
    database: Any, clock: Any, tmp_path: Path
) -> None:
    receiver = receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": {}}}))
    async with running(tmp_path / "shop", clock) as wirepost:
        vendor = wirepost.app.connections.sandbox(SHOP)
        assert vendor is not None
        connection = wirepost.app.connections.by_name[SHOP]

        async def feed() -> StripeFeed:
            return StripeFeed(connection.shared.client(Scope(clock.monotonic() + 60)))

        source = Source("stripe", "test", feed, has_webhook=True)
        backfill = Backfill(
            receiver.log,
            OwnEvents(receiver.log, clock),
            OwnWrites(database, clock),
            clock,
            hash_key=b"key",
        )
        assert await backfill.run(source) == Found(0, 0)
        await refund_by_somebody(wirepost, 300)
        first, _ = vendor.outbox
        assert (await send(receiver, "stripe", first.body)).status == 200
        clock.advance(GRACE_S + 60)
        assert await backfill.run(source) == Found(2, 1)
        assert await backfill.run(source) == Found(0, 0)
    events = [each for each in await receiver.log.after(0, 10) if each.source == "stripe"]
    assert [(each.type, each.verified) for each in events] == [
        ("payment.refunded", "signature"),
        ("refund.created", "poll"),
    ]
