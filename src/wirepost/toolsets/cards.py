"""Asking every system that knows customers, each within its rights and all within one deadline."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from wirepost.calls.policy import Subject
from wirepost.contracts.customer import CustomerCard
from wirepost.core.errors import CallError, InvalidCall, NotConnected, Unavailable
from wirepost.core.times import to_rfc3339
from wirepost.upstream import faults

if TYPE_CHECKING:
    from wirepost.calls.attempt import Attempt
    from wirepost.calls.decide import Judge
    from wirepost.connections.connections import Connection, Connections
    from wirepost.contracts.facts import Facts
    from wirepost.core.clock import Clock

log = logging.getLogger(__name__)

SPARE_S = 3.0
"""Left of the call's time when a slow system is given up, so that what the others said still gets out."""


@dataclass(frozen=True)
class Answer:
    """What one system said; without `facts` it could not be asked or did not answer."""

    connection: Connection
    as_of: str
    facts: Facts | None = None
    problem: str | None = None
    is_denied: bool = False
    error: CallError | None = None

    @property
    def status(self) -> Literal["ok", "unknown", "failed", "denied"]:
        """How the system answered."""
        if self.facts is None:
            return "denied" if self.is_denied else "failed"
        return "ok" if self.facts.people or self.facts.messages else "unknown"


class Cards:
    """The systems that know customers, as one call may see them."""

    def __init__(self, connections: Connections, judge: Judge, attempt: Attempt, clock: Clock) -> None:
        self._connections, self._judge, self._attempt, self._clock = connections, judge, attempt, clock

    async def ask(
        self, *, email: str | None, customer_id: str | None, names: Sequence[str] | None, limit: int
    ) -> list[Answer]:
        """What each system knows; raises `CallError` only where none of them could answer."""
        asked = self._wanted(names)
        answers = await self._ask_all(asked, email, customer_id, limit)
        if customer_id is not None:
            answers = await self._ask_by_address(answers, limit)
        errors = [answer.error for answer in answers if answer.error]
        if len(errors) == len(answers):
            raise errors[0]
        return answers

    async def _ask_by_address(self, answers: list[Answer], limit: int) -> list[Answer]:
        """An id means something in one system only: ask the others by the address that one knows."""
        emails = [
            person.email
            for answer in answers
            if answer.facts
            for person in answer.facts.people
            if person.email
        ]
        others = [answer.connection for answer in answers if answer.status == "unknown"]
        if not emails or not others:
            return answers
        found = {
            answer.connection.name: answer for answer in await self._ask_all(others, emails[0], None, limit)
        }
        return [found.get(answer.connection.name, answer) for answer in answers]

    async def _ask_all(
        self, connections: Sequence[Connection], email: str | None, customer_id: str | None, limit: int
    ) -> list[Answer]:
        return list(
            await asyncio.gather(*(self._ask(each, email, customer_id, limit) for each in connections))
        )

    async def _ask(
        self, connection: Connection, email: str | None, customer_id: str | None, limit: int
    ) -> Answer:
        as_of = to_rfc3339(self._clock.now())
        refused = self._refusal(connection)
        if refused:
            return Answer(connection, as_of, problem=refused, is_denied=True)
        left_s = self._attempt.answer_by - self._clock.monotonic() - SPARE_S
        card: CustomerCard = await connection.api(CustomerCard, self._attempt.scope, self._attempt.caller.id)
        try:
            async with asyncio.timeout(max(0.1, left_s)):
                facts = await card.facts(email=email, customer_id=customer_id, limit=limit)
        except CallError as error:
            error.detail.setdefault("connection", connection.name)  # of many that were asked
            return Answer(connection, as_of, problem=f"{error.code}: {error.message}", error=error)
        except ValidationError:
            log.exception("what %s knows of a customer could not be read", connection.name)
            odd = faults.not_understood(connection.provider.title)
            return Answer(connection, as_of, problem=str(odd), error=odd)
        except TimeoutError:
            late = Unavailable("timeout", f"{connection.name} did not answer in time", retry_after_s=5)
            return Answer(connection, as_of, problem=str(late), error=late)
        return Answer(connection, as_of, facts)

    def _refusal(self, connection: Connection) -> str | None:
        """Why this call may not read from a connection, by the same policy as any other call."""
        tool = self._attempt.tool
        if tool is None:
            return "the tool is not known"
        decision = self._judge.explain(
            Subject(tool, connection.name, connection.environment, self._attempt.caller.id)
        )
        return None if decision.effect == "allow" else f"forbidden_by_policy: {decision.reason}"

    def _wanted(self, names: Sequence[str] | None) -> list[Connection]:
        knowing = {
            each.name: each
            for each in self._connections.by_name.values()
            if each.provider.can_serve(CustomerCard)
        }
        if not knowing:
            raise NotConnected(
                "not_connected",
                "No connection knows customers",
                hint="Add a CRM, payments or chat under `connections` in wirepost.yaml",
            )
        unknown = [name for name in names or () if name not in knowing]
        if unknown:
            raise InvalidCall(
                "invalid_arguments",
                f"The connection {unknown[0][:60]!r} does not exist or knows no customers",
                fields=[{"path": "connections", "problem": "is unknown", "allowed": list(knowing)}],
            )
        return [knowing[name] for name in names] if names else list(knowing.values())
