"""HubSpot's error answers (https://developers.hubspot.com/docs/api-reference/error-handling)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Body = dict[str, Any]


class HubSpotError(Exception):
    """An answer other than success; the same body stands for one record inside a batch."""

    def __init__(
        self,
        message: str,
        category: str = "VALIDATION_ERROR",
        *,
        status: int = 400,
        errors: Iterable[Body] = (),
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.message, self.category, self.status = message, category, status
        self.errors, self.headers, self.more = list(errors), headers or {}, more

    def body(self, correlation_id: str) -> Body:
        """The error as a whole answer."""
        shown: Body = {
            "status": "error",
            "message": self.message,
            "correlationId": correlation_id,
            "category": self.category,
        }
        if self.errors:
            shown["errors"] = self.errors
        return shown | self.more

    def in_batch(self, **context: list[str]) -> Body:
        """The error of one input of a batch."""
        return {
            "status": "error",
            "category": self.category,
            "message": self.message,
            "context": context,
            "errors": self.errors,
            "links": {},
        }


def problem(name: str, code: str, message: str) -> Body:
    """What is wrong with one property."""
    return {"message": message, "code": code, "context": {"propertyName": [name]}}


def invalid_values(problems: list[Body]) -> HubSpotError:
    """Values that properties do not take."""
    said = ", ".join(one["message"] for one in problems)
    return HubSpotError(f"Property values were not valid: {said}", errors=problems)


def not_found(what: str) -> HubSpotError:
    """No such record."""
    return HubSpotError(f"{what} not found", "OBJECT_NOT_FOUND", status=404)


def exists(record_id: str) -> HubSpotError:
    """A contact with that e-mail address is there already."""
    return HubSpotError(f"Contact already exists. Existing ID: {record_id}", "CONFLICT", status=409)


def missing_scopes(scopes: list[str]) -> HubSpotError:
    """The token lacks permissions, one of which would do."""
    errors = [
        {
            "message": "One or more of the following scopes are required.",
            "context": {"requiredGranularScopes": scopes},
        }
    ]
    message = (
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes "
        "here: https://developers.hubspot.com/scopes."
    )
    links = {"scopes": "https://developers.hubspot.com/scopes"}
    return HubSpotError(message, "MISSING_SCOPES", status=403, errors=errors, links=links)


def unauthorized(message: str = "Authentication credentials not found.") -> HubSpotError:
    """No token, or none that is known."""
    return HubSpotError(message, "INVALID_AUTHENTICATION", status=401)


def rate_limited(policy: str, retry_after: str | None = None) -> HubSpotError:
    """Too many requests; HubSpot mostly leaves `Retry-After` out."""
    return HubSpotError(
        f"You have reached your {policy.lower()} limit.",
        "RATE_LIMITS",
        status=429,
        headers={} if retry_after is None else {"Retry-After": retry_after},
        errorType="RATE_LIMIT",
        policyName=policy,
    )


_ON_DEMAND = {
    401: ("The OAuth token used to make this call expired.", "EXPIRED_AUTHENTICATION"),
    403: ("You do not have permissions to make this call.", "USER_DOES_NOT_HAVE_PERMISSIONS"),
    404: ("resource not found", "OBJECT_NOT_FOUND"),
    409: ("A conflicting change is being processed.", "CONFLICT"),
    423: ("This record is locked; try again shortly.", "LOCKED"),
    477: ("This account is being migrated.", "MIGRATION_IN_PROGRESS"),
}


def on_demand(status: int, retry_after: str | None) -> HubSpotError:
    """The error HubSpot sends with a status, for faults that are asked for."""
    if status == 429:  # noqa: PLR2004
        return rate_limited("TEN_SECONDLY_ROLLING", retry_after)
    headers = {"Retry-After": retry_after} if retry_after is not None else {}
    fallback = ("internal error", "INTERNAL_ERROR") if status >= 500 else ("refused", "VALIDATION_ERROR")  # noqa: PLR2004
    message, category = _ON_DEMAND.get(status, fallback)
    return HubSpotError(message, category, status=status, headers=headers)
