"""Step four: what policy, money rules and the state that was read say about a call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wirepost.calls import allowance, approvals, confirm
from wirepost.calls.policy import Decision, Policy, Subject, refusal
from wirepost.core.errors import InvalidCall, NotAllowed
from wirepost.tools.results import Plan

if TYPE_CHECKING:
    from datetime import datetime

    from wirepost.calls.attempt import Attempt
    from wirepost.calls.confirm import Confirmations
    from wirepost.calls.taint import Taints


class Judge:
    """Decides one attempt; a refusal is raised, a permission is left in the attempt."""

    def __init__(self, policy: Policy, confirmations: Confirmations, taints: Taints) -> None:
        self._policy, self._confirmations, self._taints = policy, confirmations, taints

    async def decide(self, attempt: Attempt) -> None:
        """Allow the execution or raise `NotAllowed` (with the plan), `InvalidCall` (wrong confirmation)."""
        decision = self._decide_early(attempt)
        if decision is not None and not _has_preview(attempt):
            attempt.decision = decision
            return
        await self._plan_and_decide(attempt)
        token = attempt.reading.confirmation if attempt.reading else None
        if token is not None:
            attempt.nonce = self._accept(attempt, token)
        elif attempt.approved is None and attempt.decision and attempt.decision.effect == "confirm":
            raise NotAllowed(
                "confirmation_required",
                f"{attempt.name} needs a confirmation; nothing was done",
                hint="Show error.plan to the person; if they agree, repeat with error.plan.confirmation",
                detail={"plan": self.new_plan(attempt), "rule": attempt.decision.rule},
            )

    async def resume(self, attempt: Attempt) -> None:
        """Allow an action that may have been carried out to be sent again, or raise `NotAllowed`.

        It was confirmed when it began, with these arguments; nobody is asked again, but what has been
        forbidden or left to people since is. `attempt.money` is what it has reserved; a plan is made again
        only where a rule needs to know more.
        """
        decision, money = self._decide_early(attempt), attempt.money
        if _has_preview(attempt):
            if attempt.connection:
                allowance.check(attempt.connection.settings.money, money)
            # An amount that nobody could tell has reserved nothing.
            known = replace(_subject(attempt, None), money=money, is_money_known=money is not None)
            decision = self._policy.decide(known)
            if decision is None or (decision.effect == "approve" and attempt.approved is None):
                await self._plan_and_decide(attempt)
                return
        attempt.decision = decision
        if decision is not None and decision.effect == "deny":
            raise refusal(decision, attempt.name)

    async def preview(self, attempt: Attempt) -> dict[str, Any]:
        """The plan, with a confirmation that accepts it."""
        self._decide_early(attempt)
        await self._plan_and_decide(attempt)
        return attempt.preview(self._issue(attempt))

    async def taint(self, caller: str) -> str | None:
        """Why a caller may act on what outsiders want, where it may."""
        return await self._taints.reason(caller)

    async def trace(self, attempt: Attempt) -> None:
        """Note on a write what the caller has read before."""
        attempt.hops = await self._taints.hops(attempt.caller.id)
        attempt.taint = await self._taints.reason(attempt.caller.id)

    async def returned(self, attempt: Attempt, toolset: str, value: Any, untrusted: object) -> None:
        """Note what the caller is about to read."""
        await self._taints.returned(attempt.caller.id, toolset, attempt.name, value, untrusted)

    def explain(self, subject: Subject) -> Decision:
        """The decision without a plan: rules on amounts are left open and said so."""
        decision = self._policy.decide(subject)
        return decision or Decision("confirm", "amount", "depends on amount or target; a preview tells")

    def _decide_early(self, attempt: Attempt) -> Decision | None:
        """Refuse what no plan can save, before anything is read from the provider."""
        decision = self._policy.decide(_subject(attempt, None))
        if decision is not None and decision.effect == "deny":
            attempt.decision = decision
            raise refusal(decision, attempt.name)
        if decision is not None and decision.effect == "approve" and not _has_preview(attempt):
            attempt.decision = decision
            if attempt.approved is None:
                raise refusal(decision, attempt.name)
            approvals.check(attempt.approved, attempt)
        return decision

    async def _plan_and_decide(self, attempt: Attempt) -> None:
        tool, reading = attempt.tool, attempt.reading
        if tool is None or reading is None or tool.planner is None:
            msg = f"{attempt.name} cannot be planned"
            raise TypeError(msg)
        attempt.plan = plan = await tool.planner(attempt.context(), **reading.own)
        attempt.money = plan.money
        if attempt.connection:
            allowance.check(attempt.connection.settings.money, plan.money)
        attempt.decision = decision = self.explain(_subject(attempt, plan))
        if decision.effect == "deny":
            raise refusal(decision, attempt.name)
        if attempt.approved is not None:
            approvals.check(attempt.approved, attempt)
        elif decision.effect == "approve":
            error = refusal(decision, attempt.name)
            error.detail["plan"] = confirm.shown(plan, None)
            raise error

    def _accept(self, attempt: Attempt, token: str) -> str:
        plan = _plan(attempt)
        try:
            return self._confirmations.check(token, _confirmed(attempt), plan, attempt.at)
        except InvalidCall as error:
            error.detail["plan"] = self.new_plan(attempt)
            raise

    def _issue(self, attempt: Attempt) -> tuple[str, datetime]:
        return self._confirmations.issue(_confirmed(attempt), _plan(attempt), attempt.at)

    def new_plan(self, attempt: Attempt) -> dict[str, Any]:
        """The plan for the error of a call that needs a (new) confirmation."""
        return confirm.shown(_plan(attempt), self._issue(attempt))


def _has_preview(attempt: Attempt) -> bool:
    return attempt.tool is not None and attempt.tool.risk.has_preview


def _plan(attempt: Attempt) -> Plan:
    if attempt.plan is None:
        msg = "the call was not planned"
        raise RuntimeError(msg)
    return attempt.plan


def _subject(attempt: Attempt, plan: Plan | None) -> Subject:
    if attempt.tool is None:
        msg = "the tool is not known yet"
        raise RuntimeError(msg)
    is_known = plan is not None or not _has_preview(attempt)
    return Subject(
        attempt.tool,
        attempt.connection_name,
        attempt.environment,
        attempt.caller.id,
        plan.money if plan else None,
        is_money_known=is_known,
        targets=plan.targets if plan else () if is_known else None,
        taint=attempt.taint,
    )


def _confirmed(attempt: Attempt) -> confirm.Subject:
    arguments_hash = attempt.reading.hash if attempt.reading else ""
    return confirm.Subject(attempt.name, attempt.connection_name, attempt.caller.id, arguments_hash)
