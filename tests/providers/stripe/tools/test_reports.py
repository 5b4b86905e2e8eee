"""Starting reports: what Stripe is sent, and how a run is found again."""

from __future__ import annotations

import pytest

from wirepost.core.errors import InvalidCall
from wirepost.providers.stripe.tools.reports import stripe_start_report
from wirepost.tools.jobs import Started

PATH = "/v1/reporting/report_runs"
GIVEN = {
    "report_type": "balance.summary.1",
    "interval": {"start": "2026-10-01", "end": "2026-11-01"},
    "columns": ["category", "net_amount"],
}
OCTOBER = {"interval_start": 1790812800, "interval_end": 1793491200, "columns": ["category", "net_amount"]}


def run_of(stripe, **changes):
    return stripe.sample("reporting.report_run", livemode=False, **changes)


async def test_a_report_is_started_as_stripe_describes_it(stripe):
    stripe.stub("POST", PATH, run_of(stripe, id="frr_1", status="pending", result=None))
    started = await stripe.run(stripe_start_report, **GIVEN)
    assert started == Started(kind="stripe.report", provider_id="frr_1", status="running")
    assert stripe.last["body"] == {
        "report_type": "balance.summary.1",
        "parameters": OCTOBER,
    }
    assert stripe.last["headers"]["idempotency-key"] == stripe.key


async def test_a_report_of_a_connected_account_remembers_whose_it_is(stripe_with):
    stripe = stripe_with(accounts=["acct_1"])
    stripe.stub("POST", PATH, run_of(stripe, status="pending"))
    started = await stripe.run(stripe_start_report, report_type="payouts.summary.1", account="acct_1")
    assert started.details == {"account": "acct_1"}
    assert stripe.last["headers"]["stripe-account"] == "acct_1"
    assert stripe.last["body"] == {"report_type": "payouts.summary.1"}


async def test_an_interval_must_have_a_length(stripe):
    with pytest.raises(InvalidCall) as refused:
        await stripe.run(
            stripe_start_report,
            report_type="balance.summary.1",
            interval={"start": "2026-10-01", "end": "2026-10-01"},
        )
    assert refused.value.fields[0]["path"] == "interval.end"
    assert stripe.seen() == []


@pytest.mark.parametrize(
    ("changes", "is_it"),
    [
        ({}, True),
        ({"parameters": OCTOBER | {"interval_end": OCTOBER["interval_end"] + 7}}, True),
        ({"parameters": OCTOBER | {"interval_end": OCTOBER["interval_end"] + 3600}}, False),
        ({"parameters": OCTOBER | {"columns": ["category"]}}, False),
        ({"parameters": {}}, False),
        ({"report_type": "payouts.summary.1"}, False),
    ],
)
async def test_a_run_is_found_again_by_what_was_asked_for(stripe, changes, is_it):
    row = run_of(
        stripe, **{"id": "frr_2", "report_type": "balance.summary.1", "parameters": OCTOBER, **changes}
    )
    stripe.listing(PATH, row)
    found = await stripe.reconcile(stripe_start_report, **GIVEN)
    assert (found.provider_id if found else None) == ("frr_2" if is_it else None)
    assert "created%5Bgte%5D=1795600740" in stripe.last["query"]
