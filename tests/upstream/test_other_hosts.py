"""Requests to another address of the vendor than the connection's: where they may go, and what they carry."""

from __future__ import annotations

import pytest

from support.clock import ManualClock
from support.scripted import CREDENTIAL, PlainClient, Said, Vendor, may_write, upstream_to
from wirepost.core.errors import OutcomeUnknown, Rejected, Unavailable
from wirepost.upstream.client import Ask
from wirepost.upstream.scope import Scope


class StoringClient(PlainClient):
    """A client whose vendor keeps files at an address of their own."""

    other_hosts = frozenset({"files.vendor.test"})


def storing(vendor: Vendor) -> StoringClient:
    clock = ManualClock()
    scope = Scope(clock.monotonic() + 45, before_write=may_write)
    return StoringClient(upstream_to(vendor, clock), scope, None)


@pytest.mark.parametrize("origin", ["https://files.vendor.test", "http://vendor.test"])
async def test_a_request_to_another_address_leaves_the_base_path_and_the_credential_behind(origin):
    vendor = Vendor(Said(200, b"OK - 3"))
    ask = Ask("POST", "/upload/1", query=(("t", "a b"),), content=b"\x00\x01\xff", origin=origin)
    answer = await storing(vendor).send(ask)
    (seen,) = vendor.seen
    assert (seen.path, seen.query, seen.body) == ("/upload/1", "t=a%20b", b"\x00\x01\xff")
    assert seen.headers["host"] == origin.partition("//")[2]
    assert "authorization" not in seen.headers
    assert answer.body == b"OK - 3"


async def test_the_credential_goes_along_only_where_that_is_said():
    vendor = Vendor()
    ask = Ask("GET", "/f/1", origin="https://files.vendor.test", has_credential=True)
    await storing(vendor).send(ask)
    assert vendor.seen[0].headers["authorization"] == CREDENTIAL


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.test", "http://files.vendor.test", "https://files.vendor.test:8443"),
        *(
            "https://files.vendor.test.evil.test",
            "https://files.vendor.test@evil.test",
            "https://vendor.test",
        ),
        *("https://FILES.vendor.test", "//files.vendor.test", "", "https://files.vendor.test/x"),
    ],
)
@pytest.mark.parametrize("has_credential", [True, False])
async def test_nothing_is_sent_to_an_address_that_the_client_does_not_name(origin, has_credential):
    vendor = Vendor()
    with pytest.raises(Rejected) as refused:
        await storing(vendor).send(Ask("GET", "/f/1", origin=origin, has_credential=has_credential))
    assert refused.value.code == "upstream_rejected"
    assert vendor.seen == []


async def test_a_client_that_names_no_other_host_has_none():
    clock = ManualClock()
    vendor = Vendor()
    client = PlainClient(upstream_to(vendor, clock), Scope(clock.monotonic() + 45), None)
    with pytest.raises(Rejected):
        await client.send(Ask("GET", "/f/1", origin="https://files.vendor.test"))
    assert vendor.seen == []


async def test_refusals_and_failures_there_mean_what_they_mean_at_the_connections_address():
    ask = Ask("GET", "/f/1", origin="https://files.vendor.test")
    with pytest.raises(Rejected, match="not_found"):
        await storing(Vendor(Said(404))).send(ask)
    with pytest.raises(Unavailable):
        await storing(Vendor(Said(503), Said(503), Said(503))).send(ask)
    write = Ask("POST", "/f/1", origin="https://files.vendor.test", is_write=True)
    with pytest.raises(OutcomeUnknown):
        await storing(Vendor(Said(500))).send(write)
