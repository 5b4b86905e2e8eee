"""Asking a person in band: a plan as a form, and what was answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from mcp_types import ClientCapabilities, ElicitRequest, ElicitRequestFormParams, ElicitResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

Answer = Literal["yes", "no", "none"]
KEY = "confirm"
"""Name of the form among the input requests, and of its one field."""

_LONGEST, _LONG = 2000, 300
_CUT = "\n… The plan has {} letters, more than fit here. Say no unless you have read all of it in a preview."
_FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        KEY: {
            "type": "boolean",
            "title": "Carry this out",
            "description": "Tick to carry out exactly this plan",
        }
    },
    "required": [KEY],
}
_ASKING_CODES = frozenset({"confirmation_required", "confirmation_mismatch"})


def plan_to_confirm(envelope: Mapping[str, Any]) -> dict[str, Any] | None:
    """The plan that waits for a person's yes, if that is how the call ended."""
    error = envelope.get("error")
    if not isinstance(error, dict) or error.get("code") not in _ASKING_CODES:
        return None
    plan = error.get("plan")
    return plan if isinstance(plan, dict) and plan.get("confirmation") else None


def can_be_asked(ctx: ServerRequestContext[Any, Any]) -> bool:
    """Whether this client shows forms to a person and can send the answer back.

    A client that declares elicitation without naming a kind means forms. Handshake-era connections also need
    a way for the server to ask, which stateless HTTP has not.
    """
    capabilities: ClientCapabilities | None = ctx.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        return False
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS or ctx.session.can_send_request


def form(plan: Mapping[str, Any]) -> ElicitRequest:
    """The question: what would be done, in words, and one box to tick."""
    return ElicitRequest(params=ElicitRequestFormParams(message=_words(plan), requested_schema=_FORM))


def _words(plan: Mapping[str, Any]) -> str:
    """What cannot be undone and what is to be known stand before what may be long, and a cut is told."""
    lines = [str(plan.get("plan", "")).strip()]
    if not plan.get("reversible", True):
        lines.append("This cannot be undone.")
    lines += [f"• {note}" for note in plan.get("notes", [])]
    effects = [_line(effect) for effect in plan.get("effects", [])]
    lines += sorted(effects, key=lambda line: len(line) > _LONG)
    words = "\n".join(lines)
    if len(words) <= _LONGEST:
        return words
    told = _CUT.format(len(words))
    return words[: _LONGEST - len(told)] + told


def _line(effect: Mapping[str, Any]) -> str:
    change = " → ".join(str(effect[side]) for side in ("before", "after") if effect.get(side) is not None)
    return f"• {effect.get('what', '')}: {change}" if change else f"• {effect.get('what', '')}"


def answer_in(responses: Mapping[str, Any] | None) -> Answer:
    """What the person said in the responses of a repeated call."""
    response = (responses or {}).get(KEY)
    return "none" if response is None else answer_of(response)


def answer_of(response: object) -> Answer:
    """What the person said; anything but a ticked box is a no."""
    if not isinstance(response, ElicitResult):
        return "no"
    return "yes" if response.action == "accept" and (response.content or {}).get(KEY) is True else "no"
