"""Jobs are handled under the rules of the connection that they run at."""

from __future__ import annotations

import pytest

from wirepost.calls.approvals import Approved
from wirepost.core.errors import NotAllowed
from wirepost.toolsets.jobs.changing import job_cancel, job_track


@pytest.mark.parametrize("effect", ["deny", "approve"])
async def test_a_rule_about_the_connection_holds_for_its_jobs_too(desks, far, effect):
    job = await desks.start()
    desks.rules = [{"id": "not-there", "effect": effect, "connections": ["sample"], "reason": "not there"}]
    for tool, arguments in (
        (job_cancel, {"job": job}),
        (job_track, {"connection": "sample", "kind": "sample.report", "provider_job_id": "rep_9"}),
    ):
        with pytest.raises(NotAllowed):
            await desks.run(tool, **arguments)
    assert (far.cancelled, far.looks) == ([], [])


async def test_what_a_person_has_approved_is_done(desks, far):
    job = await desks.start()
    desks.rules = [{"id": "ask", "effect": "approve", "connections": ["sample"]}]
    desks.approved = Approved("job_1", "olga", "")
    assert (await desks.run(job_cancel, job=job)).status == "cancelling"
    assert far.cancelled == ["rep_1"]
