"""Salesforce's error answers: lists of codes, words and fields.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Body = dict[str, Any]
SERVER_ERROR = 500


class SalesforceError(Exception):
    """An answer other than success; the same error stands for one record inside a collection."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        fields: Iterable[str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status
        self.fields = None if fields is None else list(fields)
        self.more = more

    def body(self) -> list[Body]:
        """The error as a whole answer."""
        shown: Body = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            shown["fields"] = self.fields
        return [shown | self.more]

    def in_collection(self) -> Body:
        """The error of one record of several."""
        shown = {"statusCode": self.code, "message": self.message, "fields": self.fields or []}
        return shown | self.more


def not_found(message: str = "The requested resource does not exist") -> SalesforceError:
    """No such record or resource."""
    return SalesforceError("NOT_FOUND", message, status=404)


def expired() -> SalesforceError:
    """The access token is unknown, or its session has ended."""
    return SalesforceError("INVALID_SESSION_ID", "Session expired or invalid", status=401)


def used_up() -> SalesforceError:
    """The requests of the last 24 hours are used up."""
    return SalesforceError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)


def busy() -> SalesforceError:
    """Too many requests at once."""
    return SalesforceError("SERVER_UNAVAILABLE", "Server too busy", status=503)


def malformed(message: str) -> SalesforceError:
    """A statement that is no SOQL."""
    return SalesforceError("MALFORMED_QUERY", message)


def no_column(name: str, object_name: str) -> SalesforceError:
    """A statement names a field that does not exist."""
    return SalesforceError(
        "INVALID_FIELD",
        f"No such column '{name}' on entity '{object_name}'. If you are attempting to use a custom field, be "
        "sure to append the '__c' after the custom field name. Please reference your WSDL or the describe "
        "call for the appropriate names.",
    )


def no_object(name: str) -> SalesforceError:
    """A statement names an object that does not exist."""
    return SalesforceError("INVALID_TYPE", f"sObject type '{name}' is not supported.")


def unreadable(message: str) -> SalesforceError:
    """A body that is no JSON, or not of the shape or type that is wanted."""
    return SalesforceError("JSON_PARSER_ERROR", message)


def halted(message: str) -> SalesforceError:
    """A part of a composite request that was not carried out because of another one."""
    return SalesforceError("PROCESSING_HALTED", message)


_ON_DEMAND = {
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    404: ("NOT_FOUND", "The requested resource does not exist"),
    412: ("PRECONDITION_FAILED", "The record has been modified since the given time"),
    503: ("SERVER_UNAVAILABLE", "Server too busy"),
}


def on_demand(status: int) -> SalesforceError:
    """The error Salesforce sends with a status, for faults that are asked for."""
    is_server = status >= SERVER_ERROR
    fallback = ("UNKNOWN_EXCEPTION", "An unexpected error occurred.") if is_server else ("REFUSED", "Refused")
    code, message = _ON_DEMAND.get(status, fallback)
    return SalesforceError(code, message, status=status)
