"""Jobs of a service that the configuration describes, on a small server of this machine."""

from __future__ import annotations

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from wirepost.providers.http.jobs import at


async def test_a_job_is_started_followed_and_read(office):
    handle = await office.start()
    assert (handle["kind"], handle["status"]) == ("http.job", "queued")
    assert list(office.warehouse.started.values()) == [b'{"since": 1}']
    office.warehouse.state = {"state": "copying", "progress": [3, 9]}
    shown = await office.look(handle["job"])
    assert (shown["status"], shown["provider_status"], shown["progress"]) == (
        "running",
        "copying",
        {"done": 3, "total": 9},
    )
    office.warehouse.state = {"state": "done", "progress": [9, 9]}
    assert (await office.look(handle["job"]))["status"] == "succeeded"
    result = await office.wirepost.ok("job_get_result", job=handle["job"])
    assert [each["row"] for each in result["data"]["records"]] == [{"sku": "a"}, {"sku": "b"}]
    assert result["meta"]["untrusted"] == ["data.records[*].row.*"]


@pytest.mark.parametrize(
    ("state", "status"), [("some", "partial"), ("gone", "expired"), ("error", "failed"), ("other", "running")]
)
async def test_states_mean_what_the_configuration_says(office, state, status):
    job = (await office.start())["job"]
    office.warehouse.state = {"state": state, "problem": {"text": "disk full"}}
    shown = await office.look(job)
    assert shown["status"] == status
    assert shown.get("error") == (
        {"code": "upstream_rejected", "message": "disk full"} if status == "failed" else None
    )


@pytest.mark.parametrize(
    ("answer", "rows"),
    [
        (JSONResponse({"items": [1, {"a": 2}]}), [{"value": 1}, {"a": 2}]),
        (PlainTextResponse('{"a": 1}\n{"a": 2}\n', media_type="application/x-ndjson"), [{"a": 1}, {"a": 2}]),
        (PlainTextResponse("a,b\n1,x\n", media_type="text/csv"), [{"a": "1", "b": "x"}]),
        (PlainTextResponse("all is well"), [{"text": "all is well"}]),
    ],
)
async def test_results_of_any_form_become_rows(office, answer, rows):
    office.warehouse.result = answer
    office.warehouse.state = {"state": "done"}
    job = (await office.start())["job"]
    await office.look(job)
    result = await office.wirepost.ok("job_get_result", job=job)
    assert [each["row"] for each in result["data"]["records"]] == rows


async def test_a_job_is_cancelled(office):
    job = (await office.start())["job"]
    shown = (await office.wirepost.ok("job_cancel", job=job))["data"]
    assert (shown["status"], shown["cancel_supported"], office.warehouse.ended) == (
        "cancelling",
        True,
        ["42"],
    )


async def test_where_the_configuration_names_no_way_to_cancel_that_is_said(office):
    job = (await office.start("plain"))["job"]
    shown = (await office.wirepost.ok("job_cancel", job=job))["data"]
    assert (shown["status"], shown["cancel_supported"]) == ("queued", False)


async def test_a_job_that_the_service_forgets_is_unknown(office):
    job = (await office.start())["job"]
    office.warehouse.status = 404
    assert (await office.look(job))["status"] == "unknown"


async def test_a_job_started_elsewhere_is_followed(office):
    office.warehouse.state = {"state": "done"}
    shown = await office.wirepost.ok(
        "job_track", connection="warehouse", kind="http.job", provider_job_id="export/42"
    )
    assert (await office.look(shown["data"]["job"]))["status"] == "succeeded"


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("a.b", 1),
        ("a.c.1.d", 2),
        ("a.c.9", None),
        ("a.c.x", None),
        ("a.b.c", None),
        ("x", None),
        ("7", "seven"),
    ],
)
def test_places_in_json(place, found):
    assert at({"a": {"b": 1, "c": [0, {"d": 2}]}, "7": "seven"}, place) == found
