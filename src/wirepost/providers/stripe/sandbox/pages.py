"""Lists and searches in pages (https://docs.stripe.com/api/pagination)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from wirepost.providers.stripe.sandbox.errors import StripeError, missing
from wirepost.providers.stripe.sandbox.forms import EXPAND, Param, Span, Text, Whole, within
from wirepost.providers.stripe.sandbox.search import SearchField, matcher
from wirepost.providers.stripe.sandbox.state import Call
from wirepost.providers.stripe.sandbox.tables import Row, Table

MOST = 100
DEFAULT = 10
Wanted = Callable[[Row], bool]

PAGED: dict[str, Param] = {
    "limit": Whole(),
    "starting_after": Text(),
    "ending_before": Text(),
    "expand": EXPAND,
}
DATED: dict[str, Param] = {**PAGED, "created": Span()}
SEARCHED: dict[str, Param] = {
    "query": Text(is_required=True), "limit": Whole(), "page": Text(), "expand": EXPAND,
}  # fmt: skip


def listed(call: Call, name: str, *wanted: Wanted, kind: str = "object", **equal: Any) -> Row:
    """A page of a kind, newest first.

    `equal` uses indexes, and a `None` there is no filter; `wanted` looks at each object.
    """
    filters = {field: value for field, value in equal.items() if value is not None}
    table = call.state.table(name)
    rows, has_more = _page(table, call.given, wanted, filters, kind)
    return list_of(rows, call.url, has_more=has_more)


def list_of(rows: list[Row], url: str, *, has_more: bool = False) -> Row:
    """Stripe's list object."""
    return {"object": "list", "data": rows, "has_more": has_more, "url": url}


def slice_of(call: Call, rows: list[Row]) -> Row:
    """A page of objects that live inside another one, in their own order."""
    size = _limit(call.given)
    start = 0
    if after := call.given.get("starting_after"):
        ids = [row["id"] for row in rows]
        if after not in ids:
            raise missing("object", after, "starting_after", status=400)
        start = ids.index(after) + 1
    return list_of(rows[start : start + size], call.url, has_more=len(rows) > start + size)


def searched(call: Call, name: str, fields: Mapping[str, SearchField], lag_s: float) -> Row:
    """A page of a search: what was written within `lag_s` is not found yet."""
    is_match = matcher(call.given["query"], fields, name)
    size = _limit(call.given)
    offset = _offset(call.given.get("page"))
    found = (row for known, row in call.state.table(name).searchable(lag_s) if is_match(known))
    rows = list(islice(found, offset, offset + size + 1))
    has_more = len(rows) > size
    return {
        "object": "search_result",
        "data": rows[:size],
        "has_more": has_more,
        "next_page": _token(offset + size) if has_more else None,
        "url": call.url,
    }


def created_in(given: Mapping[str, Any], field: str = "created") -> Wanted:
    """The filter by a range of times."""
    bounds = given.get(field)
    if not bounds:
        return _any
    return lambda row: within(bounds, row[field])


def _any(_row: Row) -> bool:
    return True


def _page(
    table: Table, given: Mapping[str, Any], wanted: Iterable[Wanted], equal: Mapping[str, Any], kind: str
) -> tuple[list[Row], bool]:
    after, before = given.get("starting_after"), given.get("ending_before")
    if after and before:
        message = "You cannot parameterize both starting_after and ending_before."
        raise StripeError(message)
    for param in ("starting_after", "ending_before"):
        if (cursor := given.get(param)) and table.find(cursor) is None:
            raise missing(kind, cursor, param, status=400)
    rows = table.newer(before, **equal) if before else table.older(after, **equal)
    size = _limit(given)
    page = list(islice(_kept(rows, tuple(w for w in wanted if w is not _any)), size + 1))
    has_more = len(page) > size
    page = page[:size]
    return (page[::-1] if before else page), has_more


def _kept(rows: Iterator[Row], wanted: tuple[Wanted, ...]) -> Iterator[Row]:
    return (row for row in rows if all(is_wanted(row) for is_wanted in wanted)) if wanted else rows


def _limit(given: Mapping[str, Any]) -> int:
    limit = int(given.get("limit", DEFAULT))
    if not 1 <= limit <= MOST:
        message = f"This value must be between 1 and {MOST}: {limit}"
        raise StripeError(message, code="parameter_invalid_integer", param="limit")
    return limit


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"after:{offset}".encode()).decode()


def _offset(page: str | None) -> int:
    if page is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(page).decode().removeprefix("after:"))
    except (ValueError, binascii.Error):
        message = "Invalid page"
        raise StripeError(message, param="page") from None
