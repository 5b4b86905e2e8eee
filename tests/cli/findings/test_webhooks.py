"""Findings about webhooks: each thing that keeps events away is named, with what mends it."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import replace

import pytest

from support.operating import KEY, receive
from support.receiving import SECRET, refund
from support.specmock_fixture import described
from wirepost.cli.findings.webhooks import webhooks
from wirepost.cli.post import post
from wirepost.events.arrival import Arrival, NewEvent
from wirepost.settings import load

URL = "https://hooks.example.com/webhooks/shop"


@pytest.fixture
def look(tmp_path, monkeypatch):
    """Findings about the endpoint of Stripe with these options, once `first` was done."""
    monkeypatch.chdir(tmp_path)
    for name, content in (("ring", "a" * 43 + "="), ("key", KEY), ("secret", SECRET)):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(content)

    def findings(
        options='{secrets: ["file:SECRET"]}',
        *,
        url="https://hooks.example.com",
        first=None,
        is_offline=True,
        base="http://127.0.0.1:9",
        environment="test",
        endpoint="default",
        provider="stripe",
    ):
        account = f"key: file:{tmp_path}/key, base_url: '{base}', webhooks: {{{endpoint}: {options}}}"
        account = account.replace("SECRET", str(tmp_path / "secret"))
        about = (
            "environment: sandbox" if environment == "sandbox" else f"environment: {environment}, {account}"
        )
        (tmp_path / "wirepost.yaml").write_text(
            (f"server: {{url: '{url}'}}\nsecrets: {{keys: ['file:{tmp_path}/ring']}}\n" if url else "")
            + f"data_dir: {tmp_path}/data\n"
            + f"connections:\n  shop: {{provider: {provider}, {about}}}\n"
        )

        async def run():
            async with post(load(None).settings) as opened:
                if first is not None:
                    await first(opened)
                every = opened.hub.endpoints.all()
                return [each async for each in webhooks(opened, every, is_offline=is_offline)]

        return asyncio.run(run())

    return findings


def test_what_works_is_said(look):
    assert [(each.status, each.what) for each in look()] == [
        ("ok", f"shop: {URL}"),
        ("ok", "shop: secrets 1"),
        ("ok", "shop: signatures are believed and forged ones are not (stripe-v1)"),
        ("skipped", "shop: no event has come yet"),
    ]


def test_a_missing_address_is_an_error(look):
    first = look(url=None)[0]
    assert (first.status, first.what) == ("error", "shop: no public address is set")
    assert "server.url" in first.fix


def test_without_a_secret_nothing_can_be_believed(look):
    found = {each.what: each for each in look("{}")}
    assert found["shop: no secret"].status == "error"
    assert found["shop: no secret"].fix == "wirepost webhooks setup shop"
    assert found["shop: signatures are not tried"].status == "skipped"
    assert "no secret" in found["shop: signatures are not tried"].why


def test_a_secret_that_cannot_be_read_is_an_error(look):
    found = look('{secrets: ["env:WIREPOST_TEST_NOT_THERE"]}')
    assert [each.status for each in found] == ["ok", "error"]
    assert "WIREPOST_TEST_NOT_THERE" in found[1].what + (found[1].fix or "")


def test_a_sandbox_waits_for_its_server_and_then_works(look):
    found = {each.what: each.status for each in look(environment="sandbox")}
    assert found["shop: no secret yet"] == "skipped"

    async def begin(opened):
        await opened.hub.begin()

    begun = {each.what: each.status for each in look(environment="sandbox", first=begin)}
    assert begun["shop: signatures are believed and forged ones are not (stripe-v1)"] == "ok"


def test_verification_that_is_off_is_a_warning(look):
    name = "0f0e0d0c0b0a09080706050403020100"
    found = look('{secrets: ["file:SECRET"], verify: false}', endpoint=name)
    assert found[1].status == "warning"
    assert found[1].what == f"shop/{name}: verification is off"


def test_what_nobody_signs_is_protected_by_its_address(look):
    found = look(provider="salesforce", environment="sandbox")
    said = [(each.status, each.what.partition(": ")[2]) for each in found]
    assert ("ok", "nothing is signed; the address is the secret") in said
    assert all(status in {"ok", "skipped"} for status, _ in said)


async def _three(opened):
    await receive(opened, refund(1))
    await receive(opened, b"no json")
    (event,) = await opened.hub.events.after(0, 10)
    fetched = replace(event, id="evt_fetched", seq=0)
    await opened.hub.events.record(
        Arrival("shop", "", event.received_at, [NewEvent(fetched, ":evt_2", None, {})])
    )


def test_what_has_come_what_could_not_be_read_and_what_was_missed_is_counted(look):
    found = {each.what: each for each in look(first=_three)}
    assert found["shop: the last event came 0.0 h ago"].status == "ok"
    assert found["shop: 1 dead letters"].fix == "wirepost events dead list"
    assert found["shop: 1 webhooks were missed in a day"].fix == "wirepost webhooks verify shop"


async def _unread(opened):
    for number, minutes in enumerate((0, 2)):
        at = opened.clock.now().timestamp() - 60 * minutes
        row = (f"raw_{number}", "shop", "default", at, "{}", b"sealed")
        await opened.database.write(
            lambda tx, row=row: tx.execute("INSERT INTO unread VALUES (?, ?, ?, ?, ?, ?)", *row)
        )


def test_what_was_confirmed_and_nobody_reads_is_counted(look):
    found = {each.what: each for each in look(first=_unread)}
    assert found["shop: 1 requests are not read yet"].fix == "wirepost serve"


def row(**changes):
    """A webhook endpoint as Stripe publishes it, which leads here."""
    return {
        **copy.deepcopy(described("stripe")["stripe"].examples["webhook_endpoint"]),
        "url": URL,
        **changes,
    }


@pytest.mark.parametrize(
    ("rows", "status", "what"),
    [
        ([], "error", "shop: Stripe has no webhook that leads here"),
        ([{"id": "we_1", "status": "enabled"}], "ok", "shop: Stripe: we_1 is active"),
        ([{"id": "we_1", "status": "disabled"}], "error", "shop: Stripe: we_1 is not active"),
        ([{"id": "we_1", "url": "https://else.example.com"}], "error", "has no webhook that leads here"),
    ],
)
def test_the_providers_side_is_looked_at(look, specmock_server, rows, status, what):
    body = {"object": "list", "url": "/v1/webhook_endpoints", "has_more": False}
    body["data"] = [row(**{"enabled_events": ["*"], **each}) for each in rows]
    specmock_server.stub(method="GET", path="/v1/webhook_endpoints", body=body)
    last = look(is_offline=False, base=specmock_server.stripe)[-1]
    assert last.status == status
    assert what in last.what


def test_a_provider_that_refuses_to_tell_is_a_warning(look, specmock_server):
    refusal = {"error": {"type": "invalid_request_error", "message": "No such permission"}}
    specmock_server.stub(method="GET", path="/v1/webhook_endpoints", body=refusal, status=403)
    last = look(is_offline=False, base=specmock_server.stripe)[-1]
    assert last.status == "warning"
    assert "what Stripe has set up cannot be seen" in last.why
