"""One customer as all connected systems know them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from wirepost.contracts.facts import (
    DealFact,
    MessageFact,
    PaymentFact,
    PersonFact,
    SubscriptionFact,
    TicketFact,
)
from wirepost.core.errors import InvalidCall, Rejected
from wirepost.tools.context import Call
from wirepost.tools.results import Result, Untrusted
from wirepost.tools.tool import Risk, tool
from wirepost.toolsets.cards import Answer, Cards

MAX_ROWS = 20


class Source(Result):
    """Where facts come from: `source` of a fact is the `connection` of one of these."""

    connection: str
    provider: str
    environment: str
    status: Literal["ok", "unknown", "failed", "denied"]
    """`unknown`: it answered and does not know the person."""
    as_of: str
    problem: str | None = None
    warnings: list[str] | None = None


class Overview(Result):
    """Everything known, newest first; `is_complete` is false where a source could not be asked."""

    id: Untrusted
    is_complete: bool
    people: list[PersonFact]
    deals: list[DealFact]
    tickets: list[TicketFact]
    payments: list[PaymentFact]
    subscriptions: list[SubscriptionFact]
    messages: list[MessageFact]
    sources: list[Source]


@tool(
    Risk.READ,
    example={"email": "anna.lindqvist@example.com"},
    long_help="""
    Every connection that knows customers is asked at the same time: CRM, payments, chat. With an id, the
    system it belongs to is asked first and the others by the e-mail address found there. Each fact names its
    `source` and when it was asked (`as_of`); `sources` says which do not know the person or could not answer.
    """,
)
async def customer_get_overview(
    call: Call[Cards],
    *,
    email: str | None = None,
    customer: Annotated[str | None, Field(description="Id in one of the systems")] = None,
    connections: Annotated[list[str] | None, Field(description="Only these")] = None,
    limit_each: Annotated[int, Field(ge=1, le=MAX_ROWS, description="Rows of each kind")] = 5,
) -> Overview:
    """Get one customer from all systems: CRM, deals, tickets, payments, subscriptions, messages."""
    if (email is None) == (customer is None):
        raise InvalidCall(
            "invalid_arguments",
            "Give either email or customer",
            fields=[{"path": "email", "problem": "or customer is required, not both"}],
        )
    answers = await call.api.ask(email=email, customer_id=customer, names=connections, limit=limit_each)
    if not any(answer.facts and answer.facts.people for answer in answers) and _all_answered(answers):
        messages = [fact for answer in answers if answer.facts for fact in answer.facts.messages]
        if not messages:
            raise Rejected(
                "not_found",
                "None of the connected systems knows this customer",
                hint="Look for other spellings with the find and search tools",
            )
    return Overview(
        id=email or customer or "",
        is_complete=_all_answered(answers),
        people=_rows(answers, "people"),
        deals=_rows(answers, "deals"),
        tickets=_rows(answers, "tickets"),
        payments=_rows(answers, "payments"),
        subscriptions=_rows(answers, "subscriptions"),
        messages=_rows(answers, "messages"),
        sources=[
            Source(
                connection=answer.connection.name,
                provider=answer.connection.provider.name,
                environment=answer.connection.environment,
                status=answer.status,
                as_of=answer.as_of,
                problem=answer.problem,
                warnings=answer.facts.warnings or None if answer.facts else None,
            )
            for answer in answers
        ],
    )


def _all_answered(answers: list[Answer]) -> bool:
    return all(answer.facts is not None for answer in answers)


def _rows(answers: list[Answer], kind: str) -> list:  # type: ignore[type-arg]
    """The facts of one kind from all sources, each with where it comes from."""
    return [
        fact.model_copy(update={"source": answer.connection.name, "as_of": answer.as_of})
        for answer in answers
        if answer.facts
        for fact in getattr(answer.facts, kind)
    ]
