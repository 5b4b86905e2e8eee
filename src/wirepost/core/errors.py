"""Every way a call can fail, as families that code branches on and codes that callers read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypedDict

Outcome = Literal["not_applied", "applied", "unknown"]


class FieldProblem(TypedDict, total=False):
    """One argument (or vendor field) that is wrong: where, why, and what would be right."""

    path: str
    problem: str
    allowed: list[str]


@dataclass(eq=False)
class CallError(Exception):
    """Root of everything a tool call may end with; `message` and `hint` are safe to show to a model.

    `detail` holds further public keys of the error object (`needed`, `granted`, `plan`, `connect_url`, …).
    """

    code: str
    message: str
    hint: str | None = None
    outcome: Outcome = "not_applied"
    retry_after_s: float | None = None
    provider_code: str | None = None
    provider_request_id: str | None = None
    fields: list[FieldProblem] = field(default_factory=list)
    detail: dict[str, Any] = field(default_factory=dict)
    last_status: int | None = None
    """The provider's last HTTP status, if any; for the ledger, not shown."""
    applied_nothing: bool = False
    """Each part of a write was refused, although the provider took the request; for the ledger, not shown."""

    codes: ClassVar[Mapping[str, str]] = {}
    """Code → what it means, for the reference."""
    retryable: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse a code that does not belong to the family, so that a code always means one reaction."""
        if self.code not in self.codes:
            msg = f"{self.code!r} is not a code of {type(self).__name__}"
            raise ValueError(msg)
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def payload(self) -> dict[str, Any]:
        """The error object of the result envelope."""
        shown: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "retryable": self.retryable,
            "outcome": self.outcome,
        }
        optional = {
            "retry_after_s": self.retry_after_s,
            "provider_code": self.provider_code,
            "provider_request_id": self.provider_request_id,
            "fields": self.fields or None,
            "hint": self.hint,
            **self.detail,
        }
        shown.update({key: value for key, value in optional.items() if value is not None})
        return shown


class InvalidCall(CallError):
    """The caller must change the call."""

    codes: ClassVar[Mapping[str, str]] = {
        "invalid_arguments": "An argument is wrong, unknown or missing; `fields` names each one.",
        "connection_required": "Several connections fit; `fields` lists their names.",
        "confirmation_mismatch": "It is for other arguments, caller, connection or state, "
        "or expired, or used; `plan` is the new plan.",
        "result_too_large": "Even cut down the result exceeds `max_tokens`; name `fields`.",
        "unsupported_by_provider": "The provider has no such operation.",
    }


class NotAllowed(CallError):
    """A rule or a missing human decision stands in the way."""

    codes: ClassVar[Mapping[str, str]] = {
        "forbidden_by_policy": "A rule, a money cap or the configuration refuses it; `rule` names which.",
        "confirmation_required": "The plan must be accepted first; `plan` holds it with a confirmation.",
        "approval_required": "A person must decide.",
        "duplicate_suspected": "An identical write was carried out within a day; a new `intent` repeats it.",
    }


class NotConnected(CallError):
    """A connection is missing, expired, or lacks a permission."""

    codes: ClassVar[Mapping[str, str]] = {
        "not_connected": "No connection fits, or its key or account is missing; `connect_url` leads to it.",
        "auth_expired": "The provider refused the key, or the consent has ended; `connect_url` renews it.",
        "missing_scope": "A permission is missing; `needed` names it, `connect_url` asks a person for it.",
        "key_unavailable": "The stored tokens cannot be opened; an operator must mend that.",
    }


class Rejected(CallError):
    """The provider understood and said no."""

    codes: ClassVar[Mapping[str, str]] = {
        "not_found": "The provider has no such object.",
        "conflict": "It contradicts the present state, or the intent names another action.",
        "upstream_rejected": "The provider refused it; the message is its own.",
    }


class Unavailable(CallError):
    """Nothing is wrong with the call; it may work later."""

    codes: ClassVar[Mapping[str, str]] = {
        "rate_limited": "Too many requests; repeat after `retry_after_s`.",
        "quota_exhausted": "The provider's quota is used up.",
        "upstream_unavailable": "The provider does not answer usefully.",
        "server_unavailable": "Wirepost cannot store anything now; nothing was sent.",
        "timeout": "There was no answer in time; nothing was changed.",
    }
    retryable = True


class OutcomeUnknown(CallError):
    """A write was sent, and no answer tells whether it happened: reconcile it, never repeat it blindly."""

    codes: ClassVar[Mapping[str, str]] = {
        "outcome_unknown": "A write was sent and not answered; repeated, it is looked up first.",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        self.outcome = "unknown"


class Internal(CallError):
    """An unexpected fault; the caller sees a reference to the log entry and nothing else."""

    codes: ClassVar[Mapping[str, str]] = {
        "internal": "An unexpected fault; `reference` finds it in the log.",
    }


class ConfigError(Exception):
    """Configuration that cannot be used: says where, what is wrong and what is allowed (exit code 2)."""

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        key: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.message, self.file, self.line, self.key, self.hint = message, file, line, key, hint
        place = ":".join(str(part) for part in (file, line) if part is not None)
        parts = [
            f"{place}: " if place else "",
            f"{key}: " if key else "",
            message,
            f" ({hint})" if hint else "",
        ]
        super().__init__("".join(parts))


FAMILIES: tuple[type[CallError], ...] = (
    InvalidCall,
    NotAllowed,
    NotConnected,
    Rejected,
    Unavailable,
    OutcomeUnknown,
    Internal,
)
