"""What vendors answer to a credential that is dead, short of a permission or too busy, as they publish it."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from support.clock import ManualClock
from support.recordings import PROVIDERS, Recording, recordings
from wirepost.contracts.ai import Models
from wirepost.core.errors import CallError
from wirepost.providers import load_provider, provider_names
from wirepost.settings import ConnectionSettings
from wirepost.upstream.ask import Ask
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream

REPLIES = recordings("error")


async def refused(reply: Recording, clock: ManualClock) -> CallError:
    """The error of a read that is answered so."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        headers = reply.headers(clock.now().timestamp())
        return httpx2.Response(reply.status, headers=headers, content=reply.body)

    async def token() -> str:
        return "Bearer a-token-of-the-vendor"

    provider = load_provider(reply.vendor)
    upstream = Upstream(
        provider.title,
        base_url="https://vendor.example",
        credential=token,
        limits=Limits(1000, 1000, 100),
        clock=clock,
        transport=httpx2.MockTransport(answer),
    )
    settings = ConnectionSettings(provider=reply.vendor, environment="test")
    client = provider.client(upstream, Scope(clock.monotonic() + 1000), settings)
    try:
        with pytest.raises(CallError) as error:
            await client.send(Ask("GET", "/anything"))
    finally:
        await upstream.close()
    return error.value


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: reply.id)
async def test_a_refusal_has_one_meaning(reply: Recording, clock: ManualClock) -> None:
    error, expected = await refused(reply, clock), reply.told["error"]
    assert error.code == expected["code"]
    assert error.last_status == reply.status
    for name, value in expected.get("detail", {}).items():
        assert error.detail[name] == value
    if "retry_after_s" in expected:
        assert error.retry_after_s == pytest.approx(expected["retry_after_s"], abs=1)
    assert expected.get("hint_has", "") in (error.hint or "")
    if "fields" in expected:
        assert error.fields == expected["fields"]


@pytest.mark.parametrize("path", sorted(PROVIDERS.glob("*/oauth/*.json")), ids=lambda path: path.stem)
def test_a_recording_says_where_it_is_from(path: Any) -> None:
    (reply,) = [
        each
        for kind in ("granted", "refused", "error", "device_start", "installation")
        for each in recordings(kind, path.parent.parent.name)
        if each.name == path.stem
    ]
    assert reply.told["origin"]["page"].startswith("https://")
    assert reply.told["origin"]["read"]
    assert reply.told["origin"]["how"] in {"published", "described"}


def test_every_vendor_is_known_to_refuse() -> None:
    models = {name for name in provider_names() if load_provider(name).can_serve(Models)}
    vendors = set(provider_names()) - models - {"http"}  # what models refuse is proven beside them
    assert {reply.vendor for reply in REPLIES} == vendors
    for vendor in vendors:
        codes = {reply.told["error"]["code"] for reply in REPLIES if reply.vendor == vendor}
        assert {"auth_expired", "missing_scope"} <= codes
        assert codes & {"rate_limited", "quota_exhausted"}
