"""A Stripe sandbox whose every exchange is judged by Stripe's published description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

import httpx2

from specmock import SpecMock
from support.clock import START, ManualClock
from support.specmock_fixture import described, new_mock
from support.worlds import world_at
from wirepost.providers.stripe.sandbox import StripeSandbox
from wirepost.sandbox.world import World

KEY = "sk_test_of_the_sandbox_tests"
FORM = "application/x-www-form-urlencoded"
NOT_DESCRIBED = frozenset({"metadata"})
"""Properties that the description leaves out of its object schemas although every object has them."""


def shop() -> World:
    """The facts at the start of the manual clock."""
    return world_at(START)


@dataclass
class Answer:
    """One answer of the sandbox."""

    status: int
    body: Any
    headers: Mapping[str, str]
    raw: bytes

    @property
    def error(self) -> dict[str, Any]:
        """The error object."""
        found: dict[str, Any] = self.body["error"]
        return found


@dataclass
class JudgedStripe:
    """The sandbox, asked over ASGI; request and answer must be what the description says."""

    sandbox: StripeSandbox
    clock: ManualClock
    key: str = KEY
    mock: SpecMock = field(default_factory=new_mock)
    seen: list[str] = field(default_factory=list)
    """Operations answered with 200."""

    async def get(self, path: str, **params: Any) -> Answer:
        """Read."""
        return await self.send("GET", path, params)

    async def post(self, path: str, **params: Any) -> Answer:
        """Write; `key=` is the idempotency key."""
        key = params.pop("key", None)
        return await self.send("POST", path, params, {"Idempotency-Key": key} if key else {})

    async def delete(self, path: str, **params: Any) -> Answer:
        """Delete."""
        return await self.send("DELETE", path, params)

    async def send(
        self, method: str, path: str, params: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One exchange."""
        query = urlencode(list(fields(params)))
        target, content = (path, query) if method == "POST" else (f"{path}?{query}" if query else path, "")
        all_headers = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        if content:
            all_headers["Content-Type"] = FORM
        transport = httpx2.ASGITransport(app=self.sandbox.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://stripe.sandbox") as client:
            response = await client.request(method, target, content=content.encode(), headers=all_headers)
        answer = Answer(response.status_code, response.json(), response.headers, response.content)
        if answer.status == 200:
            reply = self.mock.call(method, f"/stripe{target}", all_headers, content.encode())
            assert "X-Specmock-Violation" not in reply.headers, reply.body
            self.seen.append(self.mock.journal[-1]["operation"])
        judge(method, path, answer)
        return answer


def judge(method: str, path: str, answer: Answer) -> None:
    """The answer must have the shape that is described for its status."""
    if answer.status == 404 and "Unrecognized request URL" in answer.error["message"]:
        return
    stub = {"method": method, "path": path, "status": answer.status, "body": answer.body}
    assert described("stripe")["stripe"].check_stub(stub) == [], (method, path, answer.body)
    if answer.status == 200:
        assert list(misnamed(answer.body)) == []
    else:
        assert answer.error.get("code") in {None, *error_codes()}


@cache
def error_codes() -> frozenset[str]:
    """The codes that the description lists, and one of which it only has the message."""
    schemas = described("stripe")["stripe"].doc["components"]["schemas"]
    last_error = schemas["paymentintent.PaymentIntent.LastPaymentError"]
    return frozenset({"more_permissions_required", *last_error["properties"]["code"]["enum"]})


def judged_stripe(**options: Any) -> JudgedStripe:
    """A fresh sandbox at the start of the manual clock."""
    clock = ManualClock()
    return JudgedStripe(StripeSandbox(shop(), clock, **options), clock)


def fields(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Parameters as bracketed fields."""
    for name, value in params.items():
        path = f"{prefix}[{name}]" if prefix else name
        if isinstance(value, Mapping):
            yield from fields(value, path)
        elif isinstance(value, list):
            yield from fields({str(index): item for index, item in enumerate(value)}, path)
        elif isinstance(value, bool):
            yield path, str(value).lower()
        else:
            yield path, str(value)


@cache
def property_names() -> dict[str, frozenset[str]]:
    """Kind of object → the properties that the description gives it."""
    names: dict[str, set[str]] = {}
    for schema in described("stripe")["stripe"].doc["components"]["schemas"].values():
        properties = schema.get("properties", {})
        kinds = properties.get("object", {}).get("enum", [])
        for kind in kinds if len(kinds) == 1 else []:
            names.setdefault(kind, set()).update(properties)
    return {kind: frozenset(found) for kind, found in names.items()}


def misnamed(value: Any, path: str = "") -> Iterator[str]:
    """Properties of answered objects that the description does not know."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from misnamed(item, f"{path}[{index}]")
    if isinstance(value, dict):
        known = property_names().get(str(value.get("object")))  # in an event it is an object itself
        if known and value["object"] not in ("list", "search_result"):
            yield from (f"{path}.{name}" for name in value if name not in known | NOT_DESCRIBED)
        for name, item in value.items():
            yield from misnamed(item, f"{path}.{name}")


ANNA = "cus_NordlichtExample"
PAID = "pi_NordlichtExample"
"""Anna's order of three days ago: paid, neither refunded nor disputed."""
