"""Kinds are found at the provider of a connection, and opened with what the owner of a job may use."""

from __future__ import annotations

import pytest

from support.far_jobs import KIND, FarJobs
from support.sample_vendor import SampleClient
from wirepost.core.errors import InvalidCall, NotConnected
from wirepost.jobs.job import Job
from wirepost.jobs.looks import Looks
from wirepost.providers import load_provider, provider_names
from wirepost.upstream.client import WriteRefused
from wirepost.upstream.scope import Scope


def job(kind=KIND, connection="sample"):
    return Job("job_1", "anna", kind, connection, "sandbox", "t", 0, 0, provider_id="rep_1")


@pytest.fixture
async def looks(clock):
    connections = FarJobs().connections(clock)
    yield Looks(connections, clock)
    await connections.close()


async def test_kinds_are_those_of_the_provider(looks):
    assert list(looks.kinds("sample")) == [KIND]
    assert looks.kind(job()).title == "Report"
    assert looks.kinds("other") == {}


async def test_a_kind_that_the_provider_does_not_have_is_named(looks):
    with pytest.raises(InvalidCall, match=r"sample has no jobs of the kind openai\.batch"):
        looks.kind(job("openai.batch"))


async def test_a_connection_that_is_gone_is_named(looks):
    with pytest.raises(NotConnected, match="'gone' does not exist"):
        looks.kind(job(connection="gone"))


async def test_a_look_only_reads(looks, clock):
    look = await looks.open(job(), Scope(clock.monotonic() + 9, interactive=False))
    assert isinstance(look.api, SampleClient)
    assert (look.job.provider_id, look.job.owner, look.now) == ("rep_1", "anna", clock.now())
    assert await look.reports("ask/1") == ()
    with pytest.raises(WriteRefused):
        await FarJobs()._cancel(look)  # noqa: SLF001 - a write of the vendor


def test_kinds_of_providers_are_called_after_somebody_and_each_is_one() -> None:
    names = [
        kind.name
        for load in (load_provider(name).load_jobs for name in provider_names())
        if load is not None
        for kind in load()
    ]
    assert "http.job" in names
    assert [name for name in names if "." not in name or names.count(name) > 1] == []
