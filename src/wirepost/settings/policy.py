"""Options of the policy: who may do what, and when a person is asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from wirepost.settings.section import Amount, CurrencyCode, Name, Pattern, Section, check_amount

Environment = Literal["production", "test", "sandbox"]


class AmountRange(Section):
    """The money a rule is about; an action in another currency is not concerned."""

    over: Amount | None = Field(
        default=None, description='The rule concerns amounts above this, such as "100.00"'
    )
    up_to: Amount | None = Field(
        default=None, description="The rule concerns amounts up to and including this"
    )
    currency: CurrencyCode = Field(description="Three-letter code")

    @model_validator(mode="after")
    def _check(self) -> AmountRange:
        if (self.over is None) == (self.up_to is None):
            raise ValueError("must have exactly one of over and up_to")
        check_amount(self.over or self.up_to or "", self.currency)
        return self


class Rule(Section):
    """One line of the policy; a condition that is left out holds always."""

    id: Name = Field(
        description="Name of the rule in answers and in the audit log", examples=["large-refunds"]
    )
    effect: Literal["allow", "confirm", "approve", "deny"] = Field(
        examples=["approve"],
        description="confirm: after a preview, with its token; approve: by a person outside the call",
    )
    tools: list[Pattern] = Field(
        default=[],
        description="Tool names, with * for any text",
        examples=[["stripe_create_refund"]],
    )
    risks: list[Literal["R", "W1", "W2", "W3", "W4"]] = Field(
        default=[],
        description="R reads, W1 writes inside, W2 is visible outside, W3 moves money, W4 is hard to undo",
    )
    connections: list[Pattern] = Field(default=[], description="Connection names, with * for any text")
    environments: list[Environment] = Field(default=[], description="Environments of the connection")
    targets: list[Pattern] = Field(
        default=[],
        description="Who will see it: names or ids of channels and people, with * for any text",
        examples=[["#support", "C0123*"]],
    )
    callers: list[Pattern] = Field(default=[], description="Caller ids, with * for any text")
    amount: AmountRange | None = Field(
        default=None,
        description="Only actions that move such an amount",
        examples=[{"over": "100.00", "currency": "eur"}],
    )
    tainted: bool = Field(
        default=False,
        description="Holds also for callers who have lately read what outsiders wrote (events.taint); "
        "otherwise what they do needs approval where it is visible, moves money or is hard to undo",
    )
    reason: str | None = Field(
        default=None,
        max_length=300,
        description="Told to the caller when the rule decides",
        examples=["Finance decides about refunds above 100 euros"],
    )


class PolicySettings(Section):
    """Who may do what. Without a matching rule, R and W1 are allowed and the rest is confirmed."""

    rules: list[Rule] = Field(default=[], description="Tried in order; the first that matches decides")

    @field_validator("rules")
    @classmethod
    def _check_ids(cls, rules: list[Rule]) -> list[Rule]:
        ids = [rule.id for rule in rules]
        twice = next((name for name in ids if ids.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"has two rules with the id {twice}")
        return rules
