"""Reports as jobs: every state, their lines, and what becomes of them in the sandbox shop."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from support.looking import look_by, rows_of
from wirepost.contracts.jobs import Look, Problem
from wirepost.core.errors import Rejected, Unavailable
from wirepost.providers.stripe import PROVIDER
from wirepost.providers.stripe.client import StripeClient
from wirepost.providers.stripe.items import item_of
from wirepost.providers.stripe.reports import KINDS
from wirepost.providers.stripe.tools.reports import stripe_start_report
from wirepost.sandbox.faults import Fault
from wirepost.tools.jobs import Started

(KIND,) = KINDS
PATH = "/v1/reporting/report_runs/frr_1"
LAST_MONTH = {"start": "-33d", "end": "-3d"}


def looked(place: Any, started: Started) -> Look[StripeClient]:
    """The same on the described Stripe or in the shop, without the right to write."""
    return look_by(place.call(may_write=False).api, place.clock.now(), started)


ONE = Started(kind="stripe.report", provider_id="frr_1")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    # https://docs.stripe.com/api/reporting/report_run/object#reporting_report_run_object-status
    [("pending", "running"), ("succeeded", "succeeded"), ("failed", "failed"), ("of_tomorrow", "running")],
)
async def test_every_state_of_a_run(stripe, theirs, ours):
    error = "An internal error has occurred" if theirs == "failed" else None
    run = stripe.sample("reporting.report_run", id="frr_1", livemode=False, status=theirs, error=error)
    stripe.stub("GET", PATH, run)
    seen = await KIND.look(looked(stripe, ONE))
    assert (seen.status, seen.provider_status) == (ours, theirs)
    assert seen.error == (Problem("upstream_rejected", error) if error else None)


async def test_a_run_that_stripe_does_not_know(stripe):
    missing = {
        "type": "invalid_request_error",
        "code": "resource_missing",
        "message": "No such reporting.report_run: 'frr_1'",
    }
    stripe.stub("GET", PATH, {"error": missing}, status=404)
    with pytest.raises(Rejected) as refused:
        await KIND.look(looked(stripe, ONE))
    assert refused.value.code == "not_found"


async def test_a_result_is_read_only_from_where_stripe_keeps_files(stripe):
    run = stripe.sample("reporting.report_run", id="frr_1", livemode=False, status="succeeded")
    run["result"] |= {"url": "https://files.example.com/v1/files/file_1/contents"}
    stripe.stub("GET", PATH, run)
    with pytest.raises(Rejected) as refused:
        await rows_of(KIND, looked(stripe, ONE))
    assert "not known to be the vendor's" in refused.value.message
    assert len(stripe.seen()) == 1


async def test_a_result_without_an_address_is_asked_for_again_later(stripe):
    stripe.stub("GET", PATH, stripe.sample("reporting.report_run", livemode=False, result=None))
    with pytest.raises(Unavailable):
        await rows_of(KIND, looked(stripe, ONE))


async def test_a_report_of_the_shop_from_its_start_to_its_lines(shop):
    started = await shop.run(
        stripe_start_report, report_type="balance_change_from_activity.itemized.3", interval=LAST_MONTH
    )
    look = looked(shop, started)
    assert (await KIND.look(look)).status == "running"
    shop.clock.advance(30)
    assert (await KIND.look(look)).status == "succeeded"
    found = await rows_of(KIND, look)
    moves = shop.sandbox.state().table("balance_transactions")
    now = shop.clock.now().timestamp() - 30
    wanted = [
        row["id"]
        for row in moves.newest()
        if now - 33 * 86400 <= row["created"] < now - 3 * 86400 and row["type"] != "payout"
    ]
    assert [row["balance_transaction_id"] for row in found] == wanted[::-1]
    assert wanted
    assert all(set(row) == set(found[0]) for row in found)


async def test_only_the_columns_that_were_asked_for(shop):
    started = await shop.run(
        stripe_start_report,
        report_type="balance.summary.1",
        interval=LAST_MONTH,
        columns=["category", "net_amount"],
    )
    shop.clock.advance(30)
    found = await rows_of(KIND, looked(shop, started))
    assert [row["category"] for row in found] == ["starting_balance", "activity", "payouts", "ending_balance"]
    assert all(set(row) == {"category", "net_amount"} for row in found)


async def test_a_report_that_fails_says_why(shop):
    interval = {"start": "2010-01-01", "end": "2026-01-01"}
    started = await shop.run(stripe_start_report, report_type="balance.summary.1", interval=interval)
    shop.clock.advance(30)
    seen = await KIND.look(looked(shop, started))
    assert seen.status == "failed"
    assert seen.error == Problem("upstream_rejected", "The interval of this report holds too much data.")


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"report_type": "nothing.1"}, "report_type"),
        ({"report_type": "balance.summary.1"}, "parameters.interval_start"),
        (
            {"report_type": "balance.summary.1", "interval": {"start": "-3d", "end": "now"}},
            "parameters.interval_end",
        ),
        (
            {"report_type": "balance.summary.1", "interval": LAST_MONTH, "columns": ["shoe_size"]},
            "parameters.columns",
        ),
    ],
)
async def test_stripe_refuses_what_no_report_has(shop, given, path):
    with pytest.raises(Rejected) as refused:
        await shop.run(stripe_start_report, **given)
    assert refused.value.fields[0]["path"] == path


async def test_a_lost_answer_starts_one_run(shop):
    shop.sandbox.inject(Fault(kind="lost_answer", match="POST /v1/reporting/report_runs", times=1))
    given = {"report_type": "payouts.itemized.3", "interval": LAST_MONTH}
    started = await shop.run(stripe_start_report, **given)
    found = await shop.reconcile(stripe_start_report, **given)
    assert found == started
    assert len(shop.sandbox.state().table("report_runs")) == 1


async def test_the_end_of_a_run_is_an_event_about_the_job(shop):
    started = await shop.run(stripe_start_report, report_type="payouts.itemized.3", interval=LAST_MONTH)
    shop.clock.advance(30)
    await KIND.look(looked(shop, started))
    (event,) = [each for each in shop.sandbox.outbox if each.type.startswith("reporting.")]
    item = item_of(orjson.loads(event.body))
    assert (item.type, item.subject) == ("report.succeeded", f"reporting.report_run/{started.provider_id}")


def test_stripe_cannot_end_a_run_early():
    assert PROVIDER.load_jobs
    assert [(kind.name, kind.cancel) for kind in PROVIDER.load_jobs()] == [("stripe.report", None)]
