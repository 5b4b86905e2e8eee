"""Statements of the caller's own."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field

from wirepost.core.errors import InvalidCall
from wirepost.providers.salesforce.client import SalesforceClient
from wirepost.providers.salesforce.statement import CHILDREN, read
from wirepost.tools.context import Call
from wirepost.tools.results import Page, Result, UntrustedMark
from wirepost.tools.tool import Risk, tool

FARTHEST = 2000
"""Salesforce skips no more rows than this."""
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.000)?\+0000", re.ASCII)


class QueryRow(Result):
    """One row of an answer."""

    values: dict[str, Annotated[Any, UntrustedMark()]] = Field(
        description="By path (`Account.Name`) or alias (`expr0` without one); child queries as lists"
    )


@tool(
    Risk.READ,
    scopes=["api"],
    example={
        "soql": "SELECT Name, Amount, Account.Name FROM Opportunity WHERE IsClosed = FALSE "
        "ORDER BY Amount DESC NULLS LAST"
    },
    long_help="""
    One SELECT with WHERE, WITH SECURITY_ENFORCED or USER_MODE, GROUP BY, HAVING, ORDER BY, LIMIT and OFFSET.
    A page has `limit` rows, whatever LIMIT says; the cursor goes on up to row 2,000. Child queries
    (`SELECT Name, (SELECT Subject FROM Cases) FROM Contact`) give 20 rows for each record at most.
    crm_describe_object names objects and fields; strings stand in single quotes with \\ before ' and \\.
    """,
)
async def salesforce_query(
    call: Call[SalesforceClient], *, soql: Annotated[str, Field(min_length=1, max_length=20_000)]
) -> Page[QueryRow]:
    """Run a SOQL query.

    For joins, groups and child queries; crm_search_records needs no SOQL.
    """
    statement = read(soql)
    skipped = int(call.position or 0)
    if statement.is_count:
        total = (await call.api.page(statement.text()))["totalSize"]
        return Page([QueryRow(values={"count": total})], has_more=False, total=1, total_is="exact")
    if statement.offset + skipped > FARTHEST:
        problem = f"Salesforce skips {FARTHEST} rows at most"
        raise InvalidCall(
            "invalid_arguments",
            problem,
            hint="Narrow the query, or go on with a condition on the field it is sorted by",
            fields=[{"path": "cursor" if skipped else "soql", "problem": problem}],
        )
    rows = await call.api.rows(statement.text(limit=call.limit + 1, offset=skipped))
    shown = [QueryRow(values=_flat(call, row)) for row in rows[: call.limit]]
    has_more = len(rows) > len(shown)
    return Page(
        shown,
        has_more=has_more,
        after=[str(skipped + number) for number in range(1, len(shown) + 1)],
        total=skipped + len(rows),
        total_is="at_least" if has_more else "exact",
    )


def _flat(call: Call[SalesforceClient], row: dict[str, Any], before: str = "") -> dict[str, Any]:
    """The row without Salesforce's attributes, parents' values by path, children as lists."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        path = before + name
        if name == "attributes":
            continue
        if isinstance(value, dict) and "records" in value:
            flat[path] = [_flat(call, each) for each in value["records"][:CHILDREN]]
            if len(value["records"]) > CHILDREN or not value.get("done", True):
                call.warn(
                    f"{path}: only the first {CHILDREN} rows of a record are shown; query them by themselves"
                )
        elif isinstance(value, dict) and "attributes" in value:
            flat |= _flat(call, value, f"{path}.")
        else:
            flat[path] = _moment(value) if isinstance(value, str) else value
    return flat


def _moment(text: str) -> str:
    """A time in the form of all results; other texts as they are."""
    match = _MOMENT.fullmatch(text)
    return f"{match[1]}Z" if match else text
