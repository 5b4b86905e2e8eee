"""A job from its start to its end in a whole Wirepost: followed by itself, told of, and read."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from support.warehouse import office_at
from wirepost.calls.caller import Caller
from wirepost.core.clock import Clock

ROWS = [{"sku": str(number), "stock": number} for number in range(120)]


@pytest.mark.slow
async def test_a_job_is_followed_to_its_end_and_told_of(tmp_path: Path) -> None:
    async with office_at(tmp_path, Clock()) as office, office.wirepost.app.hub.at_work():
        wirepost, warehouse = office.wirepost, office.warehouse
        warehouse.result = JSONResponse({"items": ROWS})
        job = (await office.start())["job"]
        warehouse.state = {"state": "done"}
        await wirepost.app.long_work.jobs.hasten("warehouse", "export/42")
        shown = await wirepost.ok("job_get", job=job, wait_s=20)
        if shown["data"]["status"] != "succeeded":  # it was seen on its way
            shown = await wirepost.ok("job_get", job=job, wait_s=20)
        assert shown["data"]["status"] == "succeeded"

        events = (await wirepost.ok("event_list", type="job.finished"))["data"]["records"]
        assert [each["subject"] for each in events] == [f"job/{job}"]

        first = await wirepost.ok("job_get_result", job=job, limit=100)
        rest = await wirepost.ok("job_get_result", job=job, limit=100, cursor=first["page"]["next_cursor"])
        read = [each["row"] for page in (first, rest) for each in page["data"]["records"]]
        assert read == ROWS
        assert first["page"]["total"] == len(ROWS)
        assert first["meta"]["file"]["rows"] == len(ROWS)

        stranger = Caller("stranger")
        for tool in ("job_get", "job_get_result", "job_cancel"):
            assert (await wirepost.error(tool, stranger, job=job))["code"] == "not_found"
        assert (await wirepost.ok("job_list", stranger))["data"]["records"] == []


async def test_a_large_result_stays_within_the_budget_of_an_answer(tmp_path: Path) -> None:
    async with office_at(tmp_path) as office:
        office.warehouse.result = JSONResponse({"items": [{"text": "x" * 60_000}, {"text": "y"}]})
        job = (await office.start())["job"]
        office.warehouse.state = {"state": "done"}
        await office.look(job)
        answer = await office.wirepost.ok("job_get_result", job=job)
        assert len(str(answer)) < 6000 * 4 + 2000
        assert answer["meta"]["truncated"][0]["of"] == 60_000
