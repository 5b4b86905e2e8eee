"""The webhook of an app by HubSpot's API, as its description has it."""

from __future__ import annotations

from typing import Any

import pytest

from support.hubspot import DescribedPortal
from wirepost.core.errors import InvalidCall
from wirepost.providers.hubspot.manage import HubSpotManagement
from wirepost.providers.hubspot.webhook import WEBHOOK, manage
from wirepost.webhooks.manage import Hook

APP, URL = "54321", "https://hooks.example.com/webhooks/hubspot"
BASE = f"/app-webhooks/2026-09/{APP}"
AT = "2026-11-25T10:00:00Z"


def settings(url: str) -> dict[str, Any]:
    return {"targetUrl": url, "throttling": {"maxConcurrentRequests": 10}, "createdAt": AT}


def row(number: int, kind: str, *, active: bool = True, **more: Any) -> dict[str, Any]:
    return {"id": str(number), "eventType": kind, "active": active, "createdAt": AT, **more}


def subscribed(portal: DescribedPortal, *rows: dict[str, Any], times: int | None = None) -> None:
    more = {} if times is None else {"times": times}
    portal.stub("GET", f"{BASE}/subscriptions", {"results": list(rows)}, **more)


def sent(portal: DescribedPortal) -> list[tuple[str, str, Any]]:
    """What was written, in order: verb, end of the path, body."""
    return [
        (entry["method"], entry["path"].partition(APP)[2], entry.get("body"))
        for entry in portal.described.mock.journal
        if entry["method"] != "GET"
    ]


def managed(portal: DescribedPortal) -> HubSpotManagement:
    return manage(portal.client()).at(APP)


async def test_the_address_of_an_app_is_told_with_its_subscriptions(described: DescribedPortal) -> None:
    described.stub("GET", f"{BASE}/settings", settings(URL))
    change = row(2, "deal.propertyChange", active=False, propertyName="amount")
    subscribed(described, row(1, "contact.creation"), change)
    (hook,) = await managed(described).hooks()
    assert hook == Hook(
        APP,
        URL,
        ["contact.creation", "deal.propertyChange/amount"],
        is_active=False,
        note="paused: deal.propertyChange/amount",
    )


async def test_an_app_without_an_address_has_none(described: DescribedPortal) -> None:
    error = {"category": "OBJECT_NOT_FOUND", "message": "no settings", "correlationId": "c"}
    described.stub("GET", f"{BASE}/settings", error, status=404)
    assert await managed(described).hooks() == []


async def test_an_address_is_set_and_subscribed(described: DescribedPortal) -> None:
    error = {"category": "OBJECT_NOT_FOUND", "message": "no settings", "correlationId": "c"}
    described.stub("GET", f"{BASE}/settings", error, status=404)
    described.stub("PUT", f"{BASE}/settings", settings(URL))
    described.stub("POST", f"{BASE}/subscriptions", row(9, "contact.creation"), status=201)
    subscribed(described, row(7, "contact.deletion"))
    types = ["contact.creation", "contact.deletion", "ticket.propertyChange"]
    hook = await managed(described).create(URL, types, None)
    assert (hook.id, hook.url, hook.secret) == (APP, URL, None)
    (verb, path, body), *rest = sent(described)
    assert (verb, path, body) == (
        "PUT",
        "/settings",
        {"targetUrl": URL, "throttling": {"maxConcurrentRequests": 10}},
    )
    made = [body for _, _, body in rest]
    assert made[0] == {"eventType": "contact.creation", "active": True}
    assert {each["eventType"] for each in made[1:]} == {"ticket.propertyChange"}
    assert {"subject", "hs_pipeline_stage"} <= {each["propertyName"] for each in made[1:]}


async def test_the_address_of_somebody_else_is_left_alone(described: DescribedPortal) -> None:
    described.stub("GET", f"{BASE}/settings", settings("https://other.example.com/"))
    subscribed(described)
    with pytest.raises(InvalidCall, match=r"tells https://other\.example\.com/") as refusal:
        await managed(described).create(URL, ["contact.creation"], None)
    assert refusal.value.code == "unsupported_by_provider"
    assert sent(described) == []


def test_a_change_is_asked_for_property_by_property(described: DescribedPortal) -> None:
    types = ["deal.propertyChange", "deal.propertyChange/note", "deal.creation"]
    found = managed(described).asked_for(types)
    assert "deal.propertyChange/amount" in found
    assert list(found[-2:]) == ["deal.propertyChange/note", "deal.creation"]


async def test_what_is_paused_is_made_active(described: DescribedPortal) -> None:
    subscribed(described, row(3, "deal.creation", active=False), row(4, "deal.deletion"))
    described.stub("PATCH", f"{BASE}/subscriptions/3", row(3, "deal.creation"))
    await managed(described).repair(Hook(APP, URL, []), ["deal.creation", "deal.deletion"], None)
    assert sent(described) == [("PATCH", "/subscriptions/3", {"active": True})]


async def test_an_address_is_removed_with_its_subscriptions(described: DescribedPortal) -> None:
    subscribed(described, row(3, "deal.creation"))
    described.stub("DELETE", f"{BASE}/subscriptions/3", status=204)
    described.stub("DELETE", f"{BASE}/settings", status=204)
    await managed(described).remove(Hook(APP, URL, []))
    assert [(verb, path) for verb, path, _ in sent(described)] == [
        ("DELETE", "/subscriptions/3"),
        ("DELETE", "/settings"),
    ]


async def test_without_an_app_it_is_said_where_it_belongs(described: DescribedPortal) -> None:
    with pytest.raises(InvalidCall) as refusal:
        await manage(described.client()).hooks()
    assert refusal.value.hint is not None
    assert "places" in refusal.value.hint


def test_the_webhook_offers_it_and_says_what_is_clicked() -> None:
    assert WEBHOOK.manage is manage
    assert URL in WEBHOOK.steps.format(url=URL)
