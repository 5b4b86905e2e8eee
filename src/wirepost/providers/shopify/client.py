"""`ShopifyClient`: GraphQL at a dated version, the leaking bucket of points, errors in our words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from wirepost.core.errors import CallError, InvalidCall, NotConnected, OutcomeUnknown, Rejected, Unavailable
from wirepost.core.text import clean_line
from wirepost.upstream import faults
from wirepost.upstream.client import Answer, Ask, Client, LimitSeen
from wirepost.upstream.faults import safe_words

API_VERSION = "2026-10"
"""A segment of the path; each version lives for a year (https://shopify.dev/docs/api/usage/versioning)."""
PATH = f"/admin/api/{API_VERSION}/graphql.json"
UNPAID, FORBIDDEN, LOCKED = 402, 403, 423
WAIT_S = 1.0
"""After a refusal for the rate that does not tell how many points are missing."""

_SCOPE = re.compile(r"\b(?:read|write)_[a-z_]{2,60}\b")

Json = dict[str, Any]


class ShopifyClient(Client):
    """One connection to a shop for the time of one call."""

    async def query(self, document: str, variables: Json | None = None) -> Json:
        """Read what a GraphQL document asks for; raises `CallError` also where only a part is refused."""
        self.scope.api_version = API_VERSION
        content = orjson.dumps({"query": document, "variables": variables or {}})
        answer = await self.send(Ask("POST", PATH, content=content, content_type="application/json"))
        found: Json = answer.json()["data"]
        return found

    async def mutate(self, document: str, variables: Json) -> Json:
        """Change something by a mutation of one field; raises `Rejected` for what its `userErrors` say.

        Shopify has no keys, so a request whose answer was lost is not repeated.
        """
        self.scope.api_version = API_VERSION
        content = orjson.dumps({"query": document, "variables": variables})
        ask = Ask("POST", PATH, content=content, content_type="application/json", is_write=True)
        (found,) = (await self.send(ask)).json()["data"].values()
        errors = _objects(found.get("userErrors")) if isinstance(found, Mapping) else []
        if errors:
            words = "; ".join(safe_words(str(error.get("message"))) for error in errors)
            raise Rejected("upstream_rejected", f"{self.upstream.name}: {words}")
        return dict(found) if isinstance(found, Mapping) else {}

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """Shopify's id of a request."""
        return headers.get("x-request-id")

    def limits_seen(self, answer: Answer) -> LimitSeen | None:
        """Points that are left, and how long until the bucket is full again.

        https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits
        """
        status = _throttle(answer)
        if status is None:
            return None
        most, left, rate = status
        return LimitSeen(left, (most - left) / rate, most)

    def refusal(self, ask: Ask, answer: Answer) -> CallError | None:
        """GraphQL refuses with status 200 and `errors`."""
        found = super().refusal(ask, answer)
        if found is not None:
            return found
        body = _object(answer)
        errors = body.get("errors")
        if errors:
            return _refused(self.upstream.name, ask, answer, errors)
        return None if isinstance(body.get("data"), dict) else faults.unreadable(self.upstream.name, ask)

    def error(self, ask: Ask, answer: Answer) -> CallError:
        """What a refusal by status means (https://shopify.dev/docs/api/usage/response-codes)."""
        if answer.status == UNPAID:
            return Rejected("upstream_rejected", "The shop is frozen, because it has not paid Shopify")
        if answer.status == LOCKED:
            return Rejected("upstream_rejected", "Shopify has locked the shop")
        if answer.status == FORBIDDEN:
            words = faults.vendor_words(answer) or _words(_object(answer).get("errors"))
            return _missing(words)
        return faults.refused(self.upstream.name, ask, answer)


def _refused(name: str, ask: Ask, answer: Answer, errors: Any) -> CallError:
    """The first of the errors speaks for all."""
    first = errors[0] if isinstance(errors, list) and isinstance(errors[0], Mapping) else {}
    extensions = first.get("extensions")
    code = str(extensions.get("code") or "") if isinstance(extensions, Mapping) else ""
    words = _words(errors)
    error = _by_code(name, ask, answer, code, words)
    error.provider_code = clean_line(code, 60) or None
    return error


def _by_code(name: str, ask: Ask, answer: Answer, code: str, words: str) -> CallError:
    if code == "THROTTLED" or words == "Throttled":
        return Unavailable(
            "rate_limited",
            "Shopify limits the rate of requests",
            hint="Wait, then try again",
            retry_after_s=_missing_points_s(answer),
        )
    if code == "ACCESS_DENIED":
        return _missing(words)
    if code == "MAX_COST_EXCEEDED":
        return InvalidCall("result_too_large", "Shopify does not answer so much at once; ask for less")
    if code == "INTERNAL_SERVER_ERROR":
        return _failing(ask)
    return Rejected("upstream_rejected", f"{name}: {words or 'it was refused without a reason'}")


def _failing(ask: Ask) -> CallError:
    message = "Shopify failed while it worked on this"
    if ask.is_write:
        return OutcomeUnknown("outcome_unknown", f"{message}; it may have happened")
    return Unavailable("upstream_unavailable", message)


def _missing(words: str) -> NotConnected:
    needed = sorted(set(_SCOPE.findall(words)))
    return NotConnected(
        "missing_scope",
        f"The token of this connection may not do that{f': {words}' if words else ''}",
        hint="Add the access scope to the app in Shopify's Dev Dashboard, then connect the shop again",
        detail={"needed": needed} if needed else {},
    )


def _missing_points_s(answer: Answer) -> float:
    """How long it takes until the bucket holds what the refused request would have cost."""
    status, wanted = _throttle(answer), _cost(answer).get("requestedQueryCost")
    if status is None or not isinstance(wanted, int | float):
        return WAIT_S
    _, left, rate = status
    return max(WAIT_S, (wanted - left) / rate)


def _throttle(answer: Answer) -> tuple[float, float, float] | None:
    """Size of the bucket, points in it, points a second."""
    status = _cost(answer).get("throttleStatus")
    if not isinstance(status, Mapping):
        return None
    numbers = [status.get(name) for name in ("maximumAvailable", "currentlyAvailable", "restoreRate")]
    most, left, rate = (float(each) if isinstance(each, int | float) else None for each in numbers)
    return None if most is None or left is None or not rate else (most, left, rate)


def _cost(answer: Answer) -> Mapping[str, Any]:
    extensions = _object(answer).get("extensions")
    cost = extensions.get("cost") if isinstance(extensions, Mapping) else None
    return cost if isinstance(cost, Mapping) else {}


def _words(errors: Any) -> str:
    """`errors` is a text where a request was refused before GraphQL saw it."""
    if isinstance(errors, list) and errors and isinstance(errors[0], Mapping):
        return safe_words(str(errors[0].get("message") or ""))
    return safe_words(errors) if isinstance(errors, str) else ""


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _object(answer: Answer) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, Mapping) else {}
