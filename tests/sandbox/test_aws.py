"""What all imitations of AWS have in common, asked as a program would ask."""

from __future__ import annotations

import httpx2
import pytest

from support.clock import ManualClock
from support.worlds import world_at
from wirepost.sandbox.aws import PAGE, AwsSandbox
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.vendor import Request, Response

SIGNATURE = "0" * 64
HOSTS = "host;x-amz-content-sha256;x-amz-date"


class Idle(AwsSandbox):
    """An account whose services do nothing."""

    vendor = "idle"

    def act(self, request: Request) -> Response | None:
        return None

    def pass_time(self) -> None:
        """Nothing happens."""

    def summary(self) -> dict[str, int]:
        return {"objects": len(self.objects)}


def headers(signed_for="s3", names=HOSTS):
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential=AKID/20261125/us-east-1/{signed_for}/aws4_request, "
        f"SignedHeaders={names}, Signature={SIGNATURE}",
        "X-Amz-Date": "20261125T100000Z",
        "X-Amz-Content-Sha256": SIGNATURE,
    }


@pytest.fixture
def idle(clock: ManualClock) -> Idle:
    return Idle(world_at(clock.now()), clock)


async def asked(sandbox, method, path, given=None, content=b""):
    transport = httpx2.ASGITransport(app=sandbox.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://aws.sandbox") as client:
        return await client.request(
            method, path, headers=headers() if given is None else given, content=content
        )


async def test_objects_are_kept_and_read_whole_or_in_part(idle):
    assert (await asked(idle, "PUT", "/jobs/a%20b", content=b"0123456789")).status_code == 200
    assert (await asked(idle, "GET", "/jobs/a%20b")).content == b"0123456789"
    part = await asked(idle, "GET", "/jobs/a%20b", {**headers(), "Range": "bytes=8-20"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"89", "bytes 8-9/10")
    assert (await asked(idle, "GET", "/jobs/a%20b", {**headers(), "Range": "bytes=10-20"})).status_code == 416
    idle.reset()
    assert (await asked(idle, "GET", "/jobs/a%20b")).status_code == 404


async def test_long_lists_come_page_by_page(idle):
    names = [f"in/{number:05}" for number in range(PAGE + 2)]
    idle.objects.update({("jobs", name): b"x" for name in names})
    first = await asked(idle, "GET", "/jobs?list-type=2&prefix=in/")
    assert first.text.count("<Contents>") == PAGE
    assert "<IsTruncated>true</IsTruncated>" in first.text
    token = first.text.partition("<NextContinuationToken>")[2].partition("<")[0]
    second = await asked(idle, "GET", f"/jobs?list-type=2&prefix=in/&continuation-token={token}")
    assert second.text.count("<Contents>") == 2
    assert "NextContinuationToken" not in second.text


@pytest.mark.parametrize(
    ("given", "status", "kind"),
    [
        ({}, 403, "MissingAuthenticationTokenException"),
        (
            {"Authorization": "Bearer x", "X-Amz-Date": "20261125T100000Z"},
            403,
            "MissingAuthenticationTokenException",
        ),
        (headers("idle", "x-amz-date"), 403, "InvalidSignatureException"),
        (headers("idle"), 404, "UnknownOperationException"),
    ],
)
async def test_requests_that_are_not_signed_or_not_known_are_refused(idle, given, status, kind):
    answer = await asked(idle, "GET", "/", given)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (status, kind)


async def test_the_store_wants_the_hash_of_the_content(idle):
    given = headers()
    del given["X-Amz-Content-Sha256"]
    answer = await asked(idle, "PUT", "/jobs/a", given)
    assert (answer.status_code, "InvalidRequest" in answer.text) == (400, True)


async def test_what_is_absent_may_be_hidden(idle):
    idle.hides_absent = True
    assert (await asked(idle, "GET", "/jobs/absent")).status_code == 403


@pytest.mark.parametrize("is_applied", [False, True])
async def test_a_refusal_on_demand_may_come_after_the_deed(idle, is_applied):
    idle.inject(Fault("status", status=500, retry_after="3", is_applied=is_applied))
    answer = await asked(idle, "PUT", "/jobs/a", content=b"x")
    assert (answer.status_code, answer.headers["retry-after"]) == (500, "3")
    assert (("jobs", "a") in idle.objects) is is_applied


async def test_a_slow_answer_takes_its_time(idle, clock):
    idle.inject(Fault("slow", delay_s=7))
    assert (await asked(idle, "PUT", "/jobs/a")).headers["x-amzn-requestid"] == "sandbox-00000001"
    assert clock.slept == [7]
