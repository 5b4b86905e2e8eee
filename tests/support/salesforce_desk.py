"""The sandbox of Salesforce without a client of ours: plain requests, judged by the description."""

from __future__ import annotations

from typing import Any

import httpx2

from support.salesforce import shop
from support.specmock_fixture import described
from wirepost.core.clock import Clock
from wirepost.providers.salesforce.sandbox import SalesforceSandbox
from wirepost.upstream.memory import InMemoryTransport

ROOT = "/services/data/v68.0"
ADDRESS = "https://nordlicht.my.salesforce.com"
ANNA, SHORT_ANNA = "003Wp0000000001IAA", "003Wp0000000001"
# The hand-written part of the description names the objects that are no custom ones one by one, leaves
# ui-api, children and files out, and knows of an upsert that makes a record only that it answers 200.
NOT_DESCRIBED = (
    "ui-api/",
    "/Contacts",
    "/Content",
    "/userinfo",
    "/CaseStatus",
    "/ContentNote",
    "/ContentDocument/",
)
CREATED = 201


class Desk:
    """Sends requests and holds each answer against the description."""

    def __init__(self, clock: Clock, **options: Any) -> None:
        self.sandbox = SalesforceSandbox(shop(), clock, instance_url=ADDRESS, **options)
        self.http = httpx2.AsyncClient(transport=InMemoryTransport(self.sandbox.app, clock), base_url=ADDRESS)
        self.token = self.sandbox.key

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """One request below the version, or anywhere."""
        target = path if path.startswith("/services") else ROOT + path
        all_headers = {"Authorization": f"Bearer {self.token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        answer = await self.http.request(method, target, json=body, headers=all_headers)
        self._judge(method, target, answer)
        return answer

    async def query(self, soql: str) -> Any:
        """The records of a statement, first page."""
        answer = await self.http.get(
            f"{ROOT}/query", params={"q": soql}, headers={"Authorization": f"Bearer {self.token}"}
        )
        self._judge("GET", f"{ROOT}/query", answer)
        return answer.json()

    def _judge(self, method: str, target: str, answer: httpx2.Response) -> None:
        path = target.partition("?")[0]
        is_new_by_key = method == "PATCH" and answer.status_code == CREATED
        if is_new_by_key or any(part in path for part in NOT_DESCRIBED):
            return
        stub: dict[str, Any] = {"method": method, "path": path, "status": answer.status_code}
        if answer.content:
            stub["body"] = _without_nulls(answer.json())
        assert described("salesforce")["salesforce"].check_stub(stub) == [], (method, path, answer.text)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def code(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()[0]["errorCode"]


async def make(desk: Desk, object_name: str, **values: Any) -> str:
    """The id of a new record."""
    answer = await desk.ask("POST", f"/sobjects/{object_name}", values)
    assert answer.status_code == CREATED, answer.text
    return str(answer.json()["id"])
