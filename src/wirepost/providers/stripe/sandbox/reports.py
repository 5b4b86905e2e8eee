"""Reports: which there are, runs that take their time, and the files they end in."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

from wirepost.core.times import from_epoch
from wirepost.providers.stripe.sandbox.errors import StripeError
from wirepost.providers.stripe.sandbox.forms import EXPAND, Fields, Many, Param, Text, Whole
from wirepost.providers.stripe.sandbox.pages import DATED, created_in, list_of, listed
from wirepost.providers.stripe.sandbox.state import Call, Kind, Route, State, epoch
from wirepost.providers.stripe.sandbox.tables import Row

TAKES_S = 30
"""From the start of a run to its end."""
AVAILABLE_AFTER_S = 86_400
"""What happened less long ago is not worked up yet."""
LONGEST_S = 5 * 366 * 86_400
"""Runs over more than that fail."""
KEPT_S = 365 * 86_400
"""https://docs.stripe.com/reports/api: how long files stay."""
RUNS, TYPES, FILES = "report_runs", "report_types", "files"
_YEARS_S = 2 * 365 * 86_400


def _cents(amount: int) -> str:
    return f"{amount / 100:.2f}"


def _moves(state: State, start: int, end: int) -> list[Row]:
    rows = [row for row in state.table("balance_transactions").newest() if start <= row["created"] < end]
    return rows[::-1]


def _summary(state: State, start: int, end: int) -> list[Row]:
    """Balance summary: what changed, by category."""
    moves = _moves(state, start, end)
    before = sum(row["net"] for row in _moves(state, 0, start))
    activity = sum(row["net"] for row in moves if row["type"] != "payout")
    payouts = sum(row["net"] for row in moves if row["type"] == "payout")
    parts = [
        ("starting_balance", f"Starting balance ({from_epoch(start)})", before),
        ("activity", "Balance change from activity", activity),
        ("payouts", "Total payouts", payouts),
        ("ending_balance", f"Ending balance ({from_epoch(end)})", before + activity + payouts),
    ]
    return [
        {"category": category, "description": text, "net_amount": _cents(amount), "currency": "eur"}
        for category, text, amount in parts
    ]


def _activity(state: State, start: int, end: int) -> list[Row]:
    """Every movement that is no payout."""
    return [
        {
            "balance_transaction_id": row["id"],
            "created": from_epoch(row["created"]),
            "reporting_category": row["reporting_category"],
            "gross": _cents(row["amount"]),
            "fee": _cents(row["fee"]),
            "net": _cents(row["net"]),
            "currency": row["currency"],
            "source_id": row["source"],
            "description": row["description"] or "",
        }
        for row in _moves(state, start, end)
        if row["type"] != "payout"
    ]


def _payouts(state: State, start: int, end: int) -> list[Row]:
    """Every payout."""
    return [
        {
            "payout_id": row["id"],
            "effective_at": from_epoch(row["arrival_date"]),
            "gross": _cents(row["amount"]),
            "currency": row["currency"],
            "payout_status": row["status"],
            "description": row["description"],
        }
        for row in reversed(list(state.table("payouts").newest()))
        if start <= row["created"] < end
    ]


_MADE: dict[str, tuple[str, tuple[str, ...], Callable[[State, int, int], list[Row]]]] = {
    "balance.summary.1": (
        "Balance summary",
        ("category", "description", "net_amount", "currency"),
        _summary,
    ),
    "balance_change_from_activity.itemized.3": (
        "Itemized balance change from activity",
        (
            *("balance_transaction_id", "created", "reporting_category", "gross", "fee", "net"),
            *("currency", "source_id", "description"),
        ),
        _activity,
    ),
    "payouts.itemized.3": (
        "Itemized payouts",
        ("payout_id", "effective_at", "gross", "currency", "payout_status", "description"),
        _payouts,
    ),
}


def settle(state: State) -> None:
    """End the runs whose time has come; what has changed is told with the next answer."""
    if not state.is_open(RUNS):
        return
    for row in list(state.table(RUNS).newest(status="pending")):
        if row["created"] + TAKES_S <= state.now:
            state.table(RUNS).change(row["id"], **_end(state, row))


def _end(state: State, run: Row) -> Row:
    given = run["parameters"]
    if given["interval_end"] - given["interval_start"] > LONGEST_S:
        return {"status": "failed", "error": "The interval of this report holds too much data."}
    made = run["created"] + TAKES_S
    return {"status": "succeeded", "succeeded_at": made, "result": _file(state, run, made)}


def _file(state: State, run: Row, made: int) -> Row:
    """The result, kept as a file."""
    given = run["parameters"]
    columns = given.get("columns") or list(_MADE[run["report_type"]][1])
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_MADE[run["report_type"]][2](state, given["interval_start"], given["interval_end"]))
    content = text.getvalue()
    file_id = state.new_id("file")
    row = {
        "id": file_id,
        "object": "file",
        "created": made,
        "expires_at": made + KEPT_S,
        "filename": f"{run['id']}.csv",
        "links": list_of([], f"/v1/file_links?file={file_id}"),
        "purpose": "finance_report_run",
        "size": len(content.encode()),
        "title": f"FinanceReportRun {run['id']}",
        "type": "csv",
        "url": f"https://files.stripe.com/v1/files/{file_id}/contents",
    }
    state.table(FILES).add({**row, "content": content})
    return row


def _create(call: Call) -> Row:
    given, state = call.given, call.state
    kind = given["report_type"]
    report = state.table(TYPES).find(kind)
    if report is None:
        message = f"Invalid report_type: {kind}"
        raise StripeError(message, param="report_type")
    parameters = dict(given.get("parameters") or {})
    _check(parameters, report)
    return state.table(RUNS).add(
        {
            "id": state.new_id("frr"),
            "object": "reporting.report_run",
            "created": state.now,
            "error": None,
            "livemode": False,
            "parameters": parameters,
            "report_type": kind,
            "result": None,
            "status": "pending",
            "succeeded_at": None,
        }
    )


def _check(parameters: dict[str, Any], report: Row) -> None:
    for name in ("interval_start", "interval_end"):
        if name not in parameters:
            message = f"Missing required parameter: {name} is required for report type {report['id']}."
            raise StripeError(message, param=f"parameters[{name}]")
    if parameters["interval_start"] >= parameters["interval_end"]:
        message = "interval_start must be before interval_end."
        raise StripeError(message, param="parameters[interval_start]")
    if parameters["interval_end"] > report["data_available_end"]:
        message = (
            f"interval_end must be at most {report['data_available_end']}, until when data is available."
        )
        raise StripeError(message, param="parameters[interval_end]")
    unknown = sorted(set(parameters.get("columns") or ()) - set(report["default_columns"]))
    if unknown:
        message = f"Invalid columns for report type {report['id']}: {', '.join(unknown)}"
        raise StripeError(message, param="parameters[columns]")


def _contents(call: Call) -> bytes:
    content: str = call.state.get(FILES, call.id)["content"]
    return content.encode()


def _types(state: State) -> list[Row]:
    start = epoch(state.world.now) - _YEARS_S
    return [
        {
            "id": kind,
            "object": "reporting.report_type",
            "data_available_end": state.now - AVAILABLE_AFTER_S,
            "data_available_start": start,
            "default_columns": list(columns),
            "livemode": False,
            "name": name,
            "updated": state.now - AVAILABLE_AFTER_S,
            "version": int(kind.rpartition(".")[2]),
        }
        for kind, (name, columns, _) in _MADE.items()
    ]


KINDS = {
    RUNS: Kind("report run", lambda _state: [], {"status": lambda row: row["status"]}),
    TYPES: Kind("report type", _types),
    FILES: Kind("file", lambda _state: []),
}
_CREATE: dict[str, Param] = {
    "expand": EXPAND,
    "parameters": Fields({"columns": Many(Text()), "interval_end": Whole(), "interval_start": Whole()}),
    "report_type": Text(is_required=True),
}
_ONE: dict[str, Param] = {"expand": EXPAND}
_READ = "rak_report_runs_and_report_types_read"
_WRITE = "rak_report_runs_and_report_types_write"
ROUTES = [
    Route(
        "GET",
        "/v1/reporting/report_types",
        lambda call: list_of(list(call.state.table(TYPES).newest()), call.url),
        _READ,
        _ONE,
    ),
    Route(
        "GET",
        "/v1/reporting/report_types/{report_type}",
        lambda call: call.state.get(TYPES, call.id),
        _READ,
        _ONE,
    ),
    Route(
        "GET",
        "/v1/reporting/report_runs",
        lambda call: listed(call, RUNS, created_in(call.given), kind="report_run"),
        _READ,
        DATED,
    ),
    Route("POST", "/v1/reporting/report_runs", _create, _WRITE, _CREATE),
    Route(
        "GET",
        "/v1/reporting/report_runs/{report_run}",
        lambda call: call.state.get(RUNS, call.id),
        _READ,
        _ONE,
    ),
    Route("GET", "/v1/files/{file}/contents", _contents, "rak_file_read"),
]
