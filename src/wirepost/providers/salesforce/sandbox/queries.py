"""Statements with their pages, and searches by words."""

from __future__ import annotations

import re
from typing import Any

from wirepost.providers.salesforce.sandbox.calls import Call, Reply, Route
from wirepost.providers.salesforce.sandbox.conditions import Judge
from wirepost.providers.salesforce.sandbox.definitions import Kind
from wirepost.providers.salesforce.sandbox.errors import Body, SalesforceError, malformed, no_object
from wirepost.providers.salesforce.sandbox.keys import new_key
from wirepost.providers.salesforce.sandbox.records import record_of
from wirepost.providers.salesforce.sandbox.rows import Row
from wirepost.providers.salesforce.sandbox.selecting import select
from wirepost.providers.salesforce.sandbox.state import Cursor
from wirepost.providers.salesforce.sandbox.syntax import parse, parse_condition

LEAST_PAGE, MOST_PAGE = 200, 2000
SHORTEST_SEARCH = 2
_SCOPES = {"EMAIL": {"email"}, "PHONE": {"phone"}, "NAME": {"string"}}


def _query(call: Call) -> Reply:
    answer = select(call.state, parse(call.needed("q")), call.base)
    return _page(call, answer.records, answer.total, 0)


def _more(call: Call) -> Reply:
    """The next records; a cursor that is too old is gone."""
    key, _, start = call.path["locator"].partition("-")
    cursor = call.state.cursors.get(key)
    if cursor is None or not start.isdigit() or int(start) >= len(cursor.records):
        raise SalesforceError("INVALID_QUERY_LOCATOR", "invalid query locator")
    return _page(call, cursor.records, len(cursor.records), int(start), key)


def _page(call: Call, records: list[Body], total: int, start: int, key: str | None = None) -> Reply:
    size = call.settings.page_size if key is None else call.state.cursors[key].size
    options = re.fullmatch(r"batchSize=(\d+)", call.headers.get("sforce-query-options", ""))
    if options:
        size = min(size, max(LEAST_PAGE, min(MOST_PAGE, int(options[1]))))
    end = start + size
    body: Body = {"totalSize": total, "done": end >= len(records), "records": records[start:end]}
    if end < len(records):
        if key is None:
            key = new_key("01g", len(call.state.cursors) + 1)
            call.state.cursors[key] = Cursor(records, size)
        body["nextRecordsUrl"] = f"{call.base}/query/{key}-{end}"
    return Reply(200, body)


def _search(call: Call) -> Reply:
    """Records that have all the words, each at the beginning of a word."""
    text = str(call.body.get("q") or "")
    words = re.findall(r"[\w@.+-]+", text.lower())
    if sum(len(word) for word in words) < SHORTEST_SEARCH:
        raise SalesforceError("MALFORMED_SEARCH", "Search term must be longer than one character: " + text)
    found: list[Body] = []
    for asked in call.body.get("sobjects") or [{"name": name} for name in ("Account", "Contact")]:
        found += _searched(call, asked, words)
    offset = int(call.body.get("offset") or 0)
    return Reply(200, {"searchRecords": found[offset : offset + int(call.body.get("overallLimit") or 2000)]})


def _searched(call: Call, asked: dict[str, Any], words: list[str]) -> list[Body]:
    kind = call.state.kind(str(asked["name"]))
    if kind is None:
        raise no_object(str(asked["name"]))
    limit = int(asked.get("limit") or call.body.get("defaultLimit") or 2000)
    rows = list(call.state.table(kind.name).values())
    if asked.get("where"):
        test = Judge(call.state, kind, None, _no_query).test(parse_condition(str(asked["where"])))
        rows = [row for row in rows if test(row)]
    where = str(call.body.get("in") or "ALL").upper()
    names = asked.get("fields") or call.body.get("fields") or ["Id"]
    hits = [row for row in rows if _mentions(kind, row, words, where)][:limit]
    return [record_of(call, row, [str(name) for name in names], kind) for row in hits]


def _no_query(_: object) -> list[Any]:
    raise malformed("a search has no query inside its condition")


def _mentions(kind: Kind, row: Row, words: list[str], where: str) -> bool:
    types = _SCOPES.get(where)
    said = [
        value.lower()
        for name, value in row.values.items()
        if isinstance(value, str)
        and (field := kind.fields.get(name)) is not None
        and field.type not in {"id", "reference", "base64"}
        and (types is None or field.type in types)
    ]
    return all(
        any(re.search(rf"(?<!\w){re.escape(word.rstrip('*'))}", text) for text in said) for word in words
    )


ROUTES = [
    Route("GET", r"/query", _query),
    Route("GET", r"/query/(?P<locator>[\w-]+)", _more),
    Route("POST", r"/parameterizedSearch", _search),
]
