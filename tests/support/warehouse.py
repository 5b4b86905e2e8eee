"""A warehouse with exports that only the configuration describes, and a whole Wirepost in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from support.clock import ManualClock
from support.running import Running, running
from support.serving import served
from wirepost.core.clock import Clock
from wirepost.store.worker import ComeAgain
from wirepost.store.worker import Job as Attempt

DESCRIBED = {
    "submit": {"path": "/v1/exports", "key_header": "Idempotency-Key"},
    "id": "data.export.id",
    "status": "/v1/exports/{id}",
    "state": "state",
    "states": {
        "waiting": "queued",
        "done": "succeeded",
        "some": "partial",
        "error": "failed",
        "gone": "expired",
    },
    "done": "progress.0",
    "total": "progress.1",
    "error": "problem.text",
    "result": "/v1/exports/{id}/rows",
    "rows": "items",
    "cancel": {"method": "DELETE", "path": "/v1/exports/{id}"},
}
NO_CANCEL = {name: value for name, value in DESCRIBED.items() if name not in {"cancel", "submit"}}


class Warehouse:
    """A service with exports; a test says how they stand and what is in them."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {"state": "waiting"}
        self.status = 200
        self.result: Response = JSONResponse({"items": [{"sku": "a"}, {"sku": "b"}]})
        self.started: dict[str, bytes] = {}
        self.lose = 0
        self.ended: list[str] = []
        self.answer: Any = None

    @property
    def app(self) -> Starlette:
        """The service."""
        return Starlette(
            routes=[
                Route("/v1/exports", self._start, methods=["POST"]),
                Route("/v1/exports/{id}", self._look),
                Route("/v1/exports/{id}", self._end, methods=["DELETE"]),
                Route("/v1/exports/{id}/rows", self._rows),
            ]
        )

    async def _start(self, request: Request) -> Response:
        self.started[request.headers.get("idempotency-key", "none")] = await request.body()
        if self.lose:
            self.lose -= 1
            return PlainTextResponse("lost", 502)
        return JSONResponse(self.answer or {"data": {"export": {"id": 42}}}, 202)

    async def _look(self, request: Request) -> Response:
        assert request.path_params["id"] == "42"
        return JSONResponse(self.state, self.status)

    async def _rows(self, request: Request) -> Response:
        return self.result

    async def _end(self, request: Request) -> Response:
        self.ended.append(request.path_params["id"])
        return Response(status_code=204)


class Office:
    """A whole Wirepost in front of it, whose jobs are looked at by hand."""

    def __init__(self, wirepost: Running, warehouse: Warehouse) -> None:
        self.wirepost, self.warehouse = wirepost, warehouse

    async def start(self, job: str = "export", **arguments: Any) -> Any:
        """The handle of a job."""
        envelope = await self.wirepost.ok("http_start_job", job=job, payload='{"since": 1}', **arguments)
        return envelope["data"]

    async def look(self, job: str) -> Any:
        """How the job stands after one look."""
        with suppress(ComeAgain):
            await self.wirepost.app.long_work.poller.look(Attempt("job.look", job, {}, 1, None))
        return (await self.wirepost.ok("job_get", job=job))["data"]


@asynccontextmanager
async def warehouse_at(directory: Path) -> AsyncIterator[tuple[Warehouse, dict[str, Any]]]:
    """The warehouse on a free port, and the settings of a connection to it; its key lies in `directory`."""
    warehouse = Warehouse()
    key = directory / "key"
    key.touch(mode=0o600)
    key.write_text("a-key-of-the-warehouse")
    async with served(warehouse.app) as address:
        yield (
            warehouse,
            {
                "provider": "http",
                "environment": "test",
                "base_url": address,
                "key": f"file:{key}",
                "jobs": {"export": DESCRIBED, "plain": {**NO_CANCEL, "submit": {"path": "/v1/exports"}}},
            },
        )


@asynccontextmanager
async def office_at(directory: Path, clock: Clock | None = None) -> AsyncIterator[Office]:
    """The warehouse, and a Wirepost that knows it; without a clock time stands still."""
    async with (
        warehouse_at(directory) as (warehouse, connection),
        running(directory, clock or ManualClock(), connections={"warehouse": connection}) as wirepost,
    ):
        yield Office(wirepost, warehouse)
