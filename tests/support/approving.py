"""A whole Wirepost whose refunds need approval, given in a channel of the sandbox's Slack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from support.clock import ManualClock
from support.running import Running, running
from wirepost.calls.approvals import CARRY_OUT
from wirepost.calls.approvers import ASK
from wirepost.jobs.job import Job
from wirepost.jobs.jobs import LOOK
from wirepost.store.worker import ComeAgain, RetryLater
from wirepost.store.worker import Job as WorkItem

FRIDA, STRANGER = "U0TEAM001", "U0TEAM003"
"""Who may approve, and who may not."""
RULE = {"id": "eyes", "effect": "approve", "tools": ["stripe_create_refund"], "reason": "Finance decides"}
REFUNDS = "/v1/refunds"


class Counter:
    """What people do in Slack, and the steps of the worker one by one."""

    def __init__(self, wirepost: Running) -> None:
        self.wirepost, self.app = wirepost, wirepost.app
        self.slack: Any = self.app.connections.sandbox("slack-sandbox")

    async def ask(self, **arguments: Any) -> str:
        """A refund that waits: its approval."""
        payment = await self._payment()
        asked = {"payment": payment, "amount": "10.00", "currency": "eur", "intent": "refund-4711"}
        error = await self.wirepost.error("stripe_create_refund", **{**asked, **arguments})
        assert error["code"] == "approval_required", error
        return str(error["approval"])

    async def _payment(self) -> str:
        """One of which nothing was given back."""
        page = await self.wirepost.ok("stripe_list_payments", status="succeeded", limit=100)
        for payment in page["data"]["records"]:
            if payment["currency"] == "eur" and payment["amount_minor"] > 3000:
                found = (await self.wirepost.ok("stripe_get_payment", payment=payment["id"]))["data"]
                if not found.get("amount_refunded_minor") and not found.get("disputed"):
                    return str(found["id"])
        pytest.fail("the world has no such payment")

    async def work(self, kind: str, key: str) -> None:
        """What a worker does for one piece."""
        with suppress(ComeAgain, RetryLater):
            await self.app.long_work.work[kind](WorkItem(kind, key, {}, 1, None))

    async def attend(self, approval: str) -> None:
        """Ask, or show the outcome."""
        await self.work(ASK, approval)

    async def carry_out(self, approval: str) -> Job:
        """The approval after its call was made."""
        await self.work(CARRY_OUT, approval)
        return await self.job(approval)

    async def press(self, option: str, user: str = FRIDA) -> None:
        """A button is pressed; its signed request arrives, and the question is looked at."""
        self.slack.acts()["press"]({"option": option, "user": user})
        sending = asyncio.create_task(self.app.hub.rehearsal.run())
        await self.app.hub.rehearsal.settled()
        sending.cancel()
        for question in await self.app.long_work.jobs.page("wirepost"):
            await self.work(LOOK, question.id)

    async def job(self, job: str) -> Job:
        """As it stands."""
        found = await self.app.long_work.jobs.get(job)
        assert found is not None
        return found

    def shown(self) -> list[dict[str, Any]]:
        """What the server has posted: text, and the labels of the buttons below it."""
        rows = [row for rows in self.slack.workspace.messages.values() for row in rows if "blocks" in row]
        return [{"text": row["text"], "buttons": _buttons(row)} for row in rows]


def _buttons(row: dict[str, Any]) -> list[str]:
    return [each["text"]["text"] for block in row["blocks"] for each in block.get("elements", ())]


@asynccontextmanager
async def counter_at(directory: Path, clock: ManualClock, **options: Any) -> AsyncIterator[Counter]:
    """Time passes as the test says, and nothing goes on by itself."""
    slack = {"connection": "slack-sandbox", "channel": "#support", "approvers": [FRIDA]}
    given = {"approvals": {"slack": slack}, "policy": {"rules": [RULE]}, **options}
    async with running(directory, clock, **given) as wirepost:
        yield Counter(wirepost)
