"""Confirmations: tokens that accept one plan, bound to arguments, caller and the state that was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wirepost.core.errors import InvalidCall
from wirepost.core.ids import new_id
from wirepost.core.signing import BadToken, Signer, digest
from wirepost.core.times import to_rfc3339
from wirepost.tools.results import Plan


@dataclass(frozen=True)
class Subject:
    """What a confirmation is about."""

    tool: str
    connection: str
    caller: str
    arguments_hash: str


class Confirmations:
    """Issues confirmation tokens and checks them; single use is enforced where the intent is claimed."""

    def __init__(self, signer: Signer, lifetime_s: float) -> None:
        self._signer, self._lifetime = signer, timedelta(seconds=lifetime_s)

    def issue(self, subject: Subject, plan: Plan, now: datetime) -> tuple[str, datetime]:
        """A token that accepts `plan`, and when it expires."""
        expires_at = (now + self._lifetime).replace(microsecond=0)
        claims = {
            "b": _binding(subject),
            "s": digest(plan.state),
            "e": int(expires_at.timestamp()),
            "n": new_id("cnf"),
        }
        return self._signer.sign("confirmation", claims), expires_at

    def check(self, token: str, subject: Subject, plan: Plan, now: datetime) -> str:
        """The token's nonce; raises `confirmation_mismatch` unless it accepts exactly this plan."""
        claims = self._open(token)
        if claims["b"] != _binding(subject):
            raise mismatch("is for another tool, connection, caller or other arguments")
        if claims["e"] < now.timestamp():
            raise mismatch("has expired")
        if claims["s"] != digest(plan.state):
            raise mismatch("accepted another state; things have changed since the preview")
        return str(claims["n"])

    def _open(self, token: str) -> dict[str, Any]:
        try:
            return self._signer.open("confirmation", token)
        except BadToken:
            raise mismatch("was not issued by this server or was changed") from None


def _binding(subject: Subject) -> str:
    return digest([subject.tool, subject.connection, subject.caller, subject.arguments_hash])[:32]


def mismatch(problem: str) -> InvalidCall:
    """The refusal of a confirmation."""
    return InvalidCall(
        "confirmation_mismatch",
        f"The confirmation {problem}; nothing was done",
        hint="Show the new plan to the person and repeat the call with its confirmation",
    )


def shown(plan: Plan, confirmation: tuple[str, datetime] | None) -> dict[str, Any]:
    """A plan as the caller sees it."""
    result: dict[str, Any] = {
        "plan": plan.summary,
        "effects": [effect.model_dump(exclude_none=True) for effect in plan.effects],
        "reversible": plan.reversible,
    }
    if plan.notes:
        result["notes"] = list(plan.notes)
    if confirmation:
        result["confirmation"], result["expires_at"] = confirmation[0], to_rfc3339(confirmation[1])
    return result
