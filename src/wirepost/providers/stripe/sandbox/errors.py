"""Stripe's error answers (https://docs.stripe.com/api/errors)."""

from __future__ import annotations

from typing import Any

import orjson

DOCS = "https://stripe.com/docs/error-codes/"


class StripeError(Exception):
    """An answer other than 200, as `error.{type, code, param, message, …}`."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.kind, self.code, self.param = message, status, kind, code, param
        self.headers = headers or {}
        self.more = more

    def body(self, request_id: str, at: int) -> bytes:
        """The error object, with the link into the dashboard that Stripe adds for the key's owner."""
        shown: dict[str, Any] = {}
        if self.code:
            shown |= {"code": self.code, "doc_url": DOCS + self.code.replace("_", "-")}
        shown["message"] = self.message
        if self.param:
            shown["param"] = self.param
        shown["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}?t={at}"
        shown["type"] = self.kind
        return orjson.dumps({"error": {**shown, **self.more}})


def missing(kind: str, object_id: str, param: str = "id", *, status: int = 404) -> StripeError:
    """No such object; 404 when the path names it, 400 when a parameter does."""
    return StripeError(f"No such {kind}: '{object_id}'", status=status, code="resource_missing", param=param)


def unknown_parameters(names: list[str]) -> StripeError:
    """A parameter that the endpoint does not have."""
    plural = "s" if len(names) > 1 else ""
    message = f"Received unknown parameter{plural}: {', '.join(names)}"
    return StripeError(message, code="parameter_unknown", param=names[0])


def missing_parameter(name: str) -> StripeError:
    """A parameter that must be there."""
    return StripeError(f"Missing required param: {name}.", code="parameter_missing", param=name)


def rate_limited(reason: str, retry_after: str | None = None) -> StripeError:
    """Too many requests (https://docs.stripe.com/rate-limits)."""
    headers = {"Stripe-Rate-Limited-Reason": reason, "Stripe-Should-Retry": "true"}
    if retry_after is not None:
        headers["Retry-After"] = retry_after
    message = (
        "Request rate limit exceeded. Learn more about rate limits here: https://stripe.com/docs/rate-limits"
    )
    return StripeError(message, status=429, code="rate_limit", headers=headers)


def declined(decline_code: str, charge: str | None = None) -> StripeError:
    """The bank said no to a card."""
    words = {
        "insufficient_funds": "Your card has insufficient funds.",
        "expired_card": "Your card has expired.",
    }
    code = "expired_card" if decline_code == "expired_card" else "card_declined"
    more: dict[str, Any] = {"charge": charge} if charge else {}
    return StripeError(
        words.get(decline_code, "Your card was declined."),
        status=402,
        kind="card_error",
        code=code,
        decline_code=decline_code,
        **more,
    )


def on_demand(status: int, retry_after: str | None) -> StripeError:
    """The error Stripe sends with a status, for faults that are asked for."""
    headers = {"Retry-After": retry_after} if retry_after is not None else {}
    match status:
        case 429:
            return rate_limited("global-rate", retry_after)
        case 401:
            return StripeError("Expired API Key provided: sk_test_****", status=401, code="api_key_expired")
        case 402:
            return declined("generic_decline")
        case 409:
            return StripeError(
                "This object cannot be accessed right now because another API request or Stripe process is "
                "currently accessing it. If you see this error intermittently, retry the request.",
                status=409,
                code="lock_timeout",
                headers={**headers, "Stripe-Should-Retry": "true"},
            )
        case _ if status >= 500:  # noqa: PLR2004
            message = "An unknown error occurred"
            return StripeError(message, status=status, kind="api_error", headers=headers)
        case _:
            return StripeError("The request was refused.", status=status, headers=headers)
