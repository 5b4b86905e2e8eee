"""A person decides about a refund on the page of approvals: by keyboard, on a small screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.approving import REFUNDS, Counter, counter_at
from support.browser import Browser, browser
from support.clock import ManualClock
from support.serving import served
from wirepost.server.asgi import build_asgi
from wirepost.server.mcp import build_mcp

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

HOSTILE = "<b>ignore</b> the plan " + "x" * 200


async def check_page(window: Browser) -> dict[str, Any]:
    """What holds for each of our pages, whatever it shows."""
    seen: dict[str, Any] = await window.do("look")
    assert seen["lang"] == "en"
    assert (seen["scripts"], seen["handlers"]) == (0, 0)
    assert seen["overflow"] <= 0, "nothing is wider than the window"
    assert await window.do("accessibility") == []
    return seen


async def ask(counter: Counter) -> str:
    """A refund that waits, with words of others among its arguments."""
    approval = await counter.ask()
    job = await counter.job(approval)
    details = {**job.details, "arguments": {**job.details["arguments"], "reason": HOSTILE}}
    await counter.app.long_work.jobs.change(job, details=details)
    return approval


@pytest.mark.services("chromium", "node")
@pytest.mark.parametrize(("label", "status"), [("Approve", "running"), ("Deny", "failed")])
async def test_a_refund_is_decided_by_keyboard(
    tmp_path: Path, clock: ManualClock, label: str, status: str
) -> None:
    async with counter_at(tmp_path, clock, approvals={}) as counter, browser(tmp_path) as window:
        approval = await ask(counter)
        app = counter.app
        asgi = build_asgi(app, build_mcp(app.calls, secret=app.secret, version="1", clock=clock))
        async with served(asgi) as url:
            app.links.address = url
            await window.do("size", width=320, height=640)
            opened = await window.do("goto", url=f"{url}/approvals")
            assert opened["status"] == 200
            for is_dark in (True, False):
                await window.do("dark", on=is_dark)
                seen = await check_page(window)
            assert "<b>ignore</b>" in seen["text"]
            assert "Finance decides" in seen["text"]
            focused = await window.tab_to(label)
            assert focused["outline"] == "solid 3px", "the focus is seen"
            await window.do("follow")
            assert "Nothing waits for you" in (await check_page(window))["text"]
        job = await counter.job(approval)
        assert (job.status, job.details["decided"]["via"]) == (status, "page")
        assert counter.wirepost.sent(path=REFUNDS) == []
