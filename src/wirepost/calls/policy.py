"""Policy: which rule allows, asks, sends for approval or denies a call, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from wirepost.core.errors import ConfigError, NotAllowed
from wirepost.core.money import Money, OpenAmount
from wirepost.tools.tool import Risk

if TYPE_CHECKING:
    from wirepost.settings import Rule
    from wirepost.tools.tool import AnyTool

Effect = Literal["allow", "confirm", "approve", "deny"]

DEFAULTS: dict[Risk, Effect] = {
    Risk.READ: "allow",
    Risk.WRITE: "allow",
    Risk.VISIBLE: "confirm",
    Risk.MONEY: "confirm",
    Risk.DESTRUCTIVE: "confirm",
}

TAINT = "taint"
"""What is named as the rule where a caller's taint decides."""


@dataclass(frozen=True)
class Subject:
    """What a rule is matched against."""

    tool: AnyTool
    connection: str
    environment: str
    caller: str
    money: Money | OpenAmount | None = None
    is_money_known: bool = True
    """False before the plan was made: a rule on amounts can then neither match nor be passed over."""
    targets: tuple[str, ...] | None = ()
    """Names of who will see it; `None` before the plan was made."""
    taint: str | None = None
    """Why the caller may act on what outsiders want, where it may (`calls.taint`)."""


@dataclass(frozen=True)
class Decision:
    """The verdict and the rule that gave it (`default:W3` when none matched)."""

    effect: Effect
    rule: str
    reason: str


class Policy:
    """Rules in order, the first match decides; without a match the tool's risk does."""

    def __init__(self, rules: Sequence[Rule], *, is_read_only: bool = False) -> None:
        self._rules = tuple(rules)
        self._is_read_only = is_read_only

    def check_against(self, tools: Iterable[AnyTool]) -> None:
        """Refuse rules that cannot do what they say; raises `ConfigError` by rule."""
        everything = list(tools)
        for rule in self._rules:
            concerned = [tool for tool in everything if _fits_tool(rule, tool)]
            if not concerned:
                msg = "matches no tool"
                raise ConfigError(msg, key=f"policy.rules[{rule.id}]", hint="check its tools and risks")
            has_no_preview = [tool.name for tool in concerned if not tool.risk.has_preview]
            if rule.effect == "confirm" and has_no_preview:
                msg = f"asks to confirm {has_no_preview[0]}, which has no preview"
                raise ConfigError(
                    msg, key=f"policy.rules[{rule.id}]", hint="use approve, or limit risks to W2–W4"
                )

    def decide(self, subject: Subject) -> Decision | None:
        """The decision; `None` when it depends on an amount or a target that is not known yet."""
        if self._is_read_only and not subject.tool.risk.is_read:
            return Decision("deny", "read_only", "this server is read-only")
        for rule in self._rules:
            if not _fits(rule, subject):
                continue
            if rule.targets:
                if subject.targets is None:
                    return None
                if not any(_matches(name, rule.targets) for name in subject.targets):
                    continue
            if rule.amount is not None:
                if not subject.is_money_known:
                    return None
                if not _fits_amount(rule, subject.money):
                    continue
            decision = Decision(rule.effect, rule.id, rule.reason or f"rule {rule.id}")
            return decision if rule.tainted else _guarded(decision, subject)
        risk = subject.tool.risk
        return _guarded(Decision(DEFAULTS[risk], f"default:{risk}", f"the default for {risk} tools"), subject)


def _guarded(decision: Decision, subject: Subject) -> Decision:
    """Whoever may act for outsiders does nothing alone that others see, that costs, or that stays."""
    is_stopped = decision.effect in {"approve", "deny"}
    if subject.taint is None or is_stopped or not subject.tool.risk.has_preview:
        return decision
    return Decision("approve", TAINT, subject.taint)


def _fits_tool(rule: Rule, tool: AnyTool) -> bool:
    return _matches(tool.name, rule.tools) and (not rule.risks or str(tool.risk) in rule.risks)


def _fits(rule: Rule, subject: Subject) -> bool:
    return (
        _fits_tool(rule, subject.tool)
        and _matches(subject.connection, rule.connections)
        and (not rule.environments or subject.environment in rule.environments)
        and _matches(subject.caller, rule.callers)
    )


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


def _fits_amount(rule: Rule, money: Money | OpenAmount | None) -> bool:
    """An amount in another currency never fits: a limit in euros says nothing about yen.

    One that nobody can tell is over every limit.
    """
    limit = rule.amount
    if limit is None or money is None or money.currency != limit.currency:
        return False
    if isinstance(money, OpenAmount):
        return limit.over is not None
    if limit.over is not None:
        return money.minor > Money.parse(limit.over, limit.currency).minor
    return limit.up_to is not None and money.minor <= Money.parse(limit.up_to, limit.currency).minor


def refusal(decision: Decision, tool: str) -> NotAllowed:
    """The error for a decision that stops the call."""
    detail = {"rule": decision.rule}
    if decision.effect == "approve":
        return NotAllowed(
            "approval_required",
            f"{tool} needs the approval of a person: {decision.reason}",
            hint="Ask an operator to carry it out, or to change the policy; approvals cannot be given here",
            detail=detail,
        )
    return NotAllowed(
        "forbidden_by_policy",
        f"{tool} is not allowed: {decision.reason}",
        hint="policy_explain shows which rule decides and why",
        detail=detail,
    )
